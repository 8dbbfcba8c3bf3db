"""How an event is written down: its id, its row, its JSON. Refuses to know what any kind of event means."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tutor.errors import StoreError
from tutor.event import Event

ULID_TIME = 10
"""How many characters of a ULID are its time, in milliseconds; the rest is chance."""

Row = tuple[str, str, str, str, str]


def new_id(at: datetime, last: str) -> str:
    """A ULID for `at` that sorts after `last`, the id of the event before, when both fall into one millisecond."""
    from ulid import ULID

    fresh = str(ULID.from_int((int(at.timestamp() * 1000) << 80) | secrets.randbits(79)))
    if fresh[:ULID_TIME] != last[:ULID_TIME]:
        return fresh
    return str(ULID.from_int(int(ULID.from_str(last)) + 1))


def to_row(event: Event) -> Row:
    """The event as the store keeps it: UTC to the microsecond, JSON with sorted keys.

    Raises: ValueError when the body holds what JSON cannot say.
    """
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return event.id, at, event.kind, event.pack, to_json(event.body)


def from_row(id_: str, at: str, kind: str, pack: str, body: str) -> Event:
    """The event that a row stands for.

    Raises: StoreError naming the event when somebody else wrote into the row.
    """
    try:
        when, data = datetime.fromisoformat(at).astimezone(UTC), json.loads(body)
    except (ValueError, OverflowError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise StoreError(
            f"Event {id_} of the progress store cannot be read: it was changed by another program.",
            "Bring back a backup of the file, or set TUTOR_HOME to a new folder and import an export.",
        )
    return Event(id_, when, kind, pack, data)


def to_json(body: Mapping[str, Any]) -> str:
    """Canonical JSON. Half a character, as a terminal with the wrong encoding may send, becomes a question mark.

    Raises: ValueError for NaN and infinities.
    """
    return clean(json.dumps(body, ensure_ascii=False, sort_keys=True, allow_nan=False))


def clean(text: str) -> str:
    """The text without what UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
