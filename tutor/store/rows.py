"""How an event is written down: its id, its row, its JSON. Refuses to know what any kind of event means."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tutor.errors import StoreError
from tutor.event import Event

YEARS = range(1970, 2200)
"""Years that a clock may tell; others would break calendars further on."""

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_LAST_ULID = "06K7" + "Z" * 22
"""Ids beyond this are of no year in `YEARS`, and would leave no room for those that must come after them."""

RESCUE = "Save what can be read with: tutor export json FILE. Then move the store away, and: tutor import FILE"

Row = tuple[str, str, str, str, str]


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


_scan = json.JSONDecoder(parse_constant=_no_number).raw_decode  # `json.loads` takes twice as long for a short body


def is_id(text: str) -> bool:
    """True when an event can have this id, and others can come after it."""
    return bool(_ULID.fullmatch(text)) and text <= _LAST_ULID


def new_id(at: datetime, last: str) -> str:
    """A ULID for `at`, or, where that would not sort after `last`, the id of the event before, one a little greater.

    The step up is left to chance: two machines that took in the same future event must not go on with the same id.
    """
    from ulid import ULID

    fresh = str(ULID.from_int((int(at.timestamp() * 1000) << 80) | secrets.randbits(79)))
    return fresh if fresh > last else str(ULID.from_int(int(ULID.from_str(last)) + 1 + secrets.randbits(64)))


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
        when = datetime.fromisoformat(at)
        text = body.strip()
        data, end = _scan(text)
        if end == len(text) and type(data) is dict and when.tzinfo and when.year in YEARS:
            return Event(id_, when if when.tzinfo is UTC else when.astimezone(UTC), kind, pack, data)
    except (ValueError, OverflowError, RecursionError):
        pass
    raise StoreError(
        f"Event {id_} of the progress store cannot be read: it was changed by another program.", RESCUE
    ) from None


def rescued(row: tuple[bytes, bytes, bytes, bytes, bytes]) -> Event | None:
    """The event that a row of UTF-8 stands for, or None when it is not one that an import would take."""
    try:
        event = from_row(*(part.decode() for part in row))
        to_row(event)
    except (StoreError, ValueError, RecursionError):
        return None
    return event if is_id(event.id) else None


def to_json(body: Mapping[str, Any]) -> str:
    """Canonical JSON. Half a character, as a terminal with the wrong encoding may send, becomes a question mark.

    Raises: ValueError for NaN and infinities.
    """
    return clean(json.dumps(body, ensure_ascii=False, sort_keys=True, allow_nan=False))


def clean(text: str) -> str:
    """The text without what UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
