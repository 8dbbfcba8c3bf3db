"""Carries a log from one machine to another as JSON lines. Refuses a file that it does not understand whole.

The first line says what the file is; each further line is one event. Importing is a set union by event id: nothing
is lost and nothing doubled, in whichever order and however often two machines exchange their exports.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutor.errors import UsageError
from tutor.store.log import Event

FORMAT = "tutor-log"
VERSION = 1
_FIELDS = {"id": str, "at": str, "kind": str, "pack": str, "body": dict}


def dump(events: Iterable[Event]) -> Iterator[str]:
    """The lines of an export."""
    yield json.dumps({"format": FORMAT, "version": VERSION})
    for event in events:
        at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
        yield json.dumps(
            {"id": event.id, "at": at, "kind": event.kind, "pack": event.pack, "body": event.body},
            ensure_ascii=False,
            sort_keys=True,
        )


def load(path: Path) -> list[Event]:
    """The events of an exported file.

    Raises: UsageError naming the first line that is not what an export holds; then nothing of the file is used.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    header = _json(path, 1, lines[0] if lines else "")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise UsageError(f"{path}:1: this is not an export of tutor.", "Make one with: tutor export json")
    if header.get("version") != VERSION:
        raise UsageError(f"{path}:1: this export is of version {header.get('version')}; update tutor to read it.")
    return [_event(path, number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]


def _json(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError(f"{path}:{number}: this is not JSON; nothing was imported.") from None


def _event(path: Path, number: int, line: str) -> Event:
    raw = _json(path, number, line)
    if not isinstance(raw, dict) or {key: type(value) for key, value in raw.items()} != _FIELDS:
        raise UsageError(f"{path}:{number}: this is not an event of tutor; nothing was imported.")
    try:
        at = datetime.fromisoformat(raw["at"])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UsageError(f"{path}:{number}: `at` is not a time with a zone; nothing was imported.")
    return Event(raw["id"], at, raw["kind"], raw["pack"], raw["body"])
