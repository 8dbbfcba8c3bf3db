"""Carries a log from one machine to another as JSON lines. Refuses a file that it does not understand whole.

The first line says what the file is; each further line is one event. Importing is a set union by event id: nothing
is lost and nothing doubled, in whichever order and however often two machines exchange their exports.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutor.errors import UsageError
from tutor.event import Event
from tutor.store.rows import YEARS, clean, is_id, to_row

FORMAT = "tutor-log"
VERSION = 1
MAX_BYTES = 256 * 1024 * 1024
"""More than a million answers; what is larger is no export."""

_FIELDS = {"id": str, "at": str, "kind": str, "pack": str, "body": dict}


def dump(events: Iterable[Event]) -> Iterator[str]:
    """The lines of an export."""
    yield json.dumps({"format": FORMAT, "version": VERSION})
    for event in events:
        id_, at, kind, pack, _ = to_row(event)
        raw = {"id": id_, "at": at, "kind": kind, "pack": pack, "body": event.body}
        yield clean(json.dumps(raw, ensure_ascii=False, sort_keys=True))


def load(path: Path) -> list[Event]:
    """The events of an exported file.

    Raises: UsageError naming the first line that is not what an export holds; then nothing of the file is used.
    """
    try:
        _check(path)
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"{path} cannot be read: {reason}.") from None
    header = _json(path, 1, lines[0])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise UsageError(f"{path}:1: this is not an export of tutor.", "Make one with: tutor export json")
    if header.get("version") != VERSION:
        raise UsageError(f"{path}:1: this export is of version {header.get('version')}; update tutor to read it.")
    return [_event(path, number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]


def _check(path: Path) -> None:
    """Refuse what might never end, before it is opened."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} cannot be read: it is not a plain file.", "Give a file: tutor import FILE")
    if found.st_size > MAX_BYTES:
        raise UsageError(f"{path} is not an export of tutor: it is larger than {MAX_BYTES // 1024**2} MiB.")


def _json(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError(f"{path}:{number}: this is not JSON; nothing was imported.") from None


def _event(path: Path, number: int, line: str) -> Event:
    raw = _json(path, number, line)
    if not isinstance(raw, dict) or {key: type(value) for key, value in raw.items()} != _FIELDS:
        raise UsageError(f"{path}:{number}: this is not an event of tutor; nothing was imported.")
    if not is_id(raw["id"]):
        raise UsageError(f"{path}:{number}: `id` is not a ULID; nothing was imported.")
    at = _time(raw["at"])
    if at is None:
        raise UsageError(f"{path}:{number}: `at` is not a time with a zone; nothing was imported.")
    if clean(raw["kind"] + raw["pack"]) != raw["kind"] + raw["pack"]:
        raise UsageError(f"{path}:{number}: `kind` or `pack` holds half a character; nothing was imported.")
    event = Event(raw["id"], at, raw["kind"], raw["pack"], raw["body"])
    try:
        to_row(event)
    except (ValueError, RecursionError):
        raise UsageError(f"{path}:{number}: `body` holds what JSON cannot say; nothing was imported.") from None
    return event


def _time(text: str) -> datetime | None:
    """The time in UTC, or None; years that no learner lives in would break calendars further on."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo and at.year in YEARS else None
