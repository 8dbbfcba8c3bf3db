"""Puts text on stdout (data) and stderr (narration). Refuses escape codes, and characters the terminal cannot show.

Nothing here moves the cursor, so that pipes and screen readers get the same lines as a terminal.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from io import TextIOWrapper
from typing import Any, TextIO

MAX_WIDTH = 88
_ASCII = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "...",
    "\u2192": "->", "\u2190": "<-", "\u2194": "<->", "\u21d2": "=>", "\u00d7": "x", "\u2264": "<=", "\u2265": ">=",
    "\u2260": "!=", "\u2248": "~", "\u00b7": "-", "\u2022": "*", "\u00a0": " ", "\u2212": "-", "\u2713": "+",
    "\u2717": "x", "\u00b5": "u", "\u03bc": "u", "\u03bb": "lambda", "\u00a7": "section ", "\u00b0": " degrees",
}  # fmt: skip
_TO_ASCII = {ord(character): text for character, text in _ASCII.items()}
_DIRECTIONS = (0x200B, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_CONTROLS = {code: None for code in (*range(32), *range(127, 160), *_DIRECTIONS) if code not in (9, 10)}
_ESCAPES = {code: f"\\u{code:04x}" for code in _CONTROLS if code >= 127}
"""What JSON may leave as it is and a terminal obeys."""


def prepare() -> bool:
    """Make the three streams unable to fail on a character; False when there is no stdout at all. Streams that a test
    put in their place stay as they are.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    return sys.stdout is not None


def utf8() -> bool:
    """True when stdout takes any character: its encoding is UTF-8 and no locale setting says otherwise."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "").replace("_", "")
    if encoding != "utf8":
        return False
    named = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    return named not in ("C", "POSIX")


def shown(text: str) -> str:
    """`text` as this terminal can show it: without control characters, in ASCII where that is all it takes."""
    clean = text.translate(_CONTROLS)
    if utf8() or clean.isascii():
        return clean
    import unicodedata

    simple = unicodedata.normalize("NFKD", clean.translate(_TO_ASCII))
    return "".join(c for c in simple if not unicodedata.combining(c)).encode("ascii", "replace").decode()


def say(text: str = "", end: str = "\n") -> None:
    """Print data on stdout."""
    _write(sys.stdout, shown(text) + end)


def tell(text: str) -> None:
    """Print narration on stderr; data printed before stays before it."""
    for stream, words in ((sys.stdout, ""), (sys.stderr, shown(text) + "\n")):
        try:
            _write(stream, words)
        except (OSError, ValueError):  # nobody listens there; what was to be said may be just that
            continue


def say_json(value: object) -> None:
    """Print `value` as indented JSON on stdout; dates become ISO 8601, anything with fields becomes an object."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=not utf8(), default=_jsonable)
    _write(sys.stdout, text.translate(_ESCAPES) + "\n")


def fields(value: Any) -> dict[str, Any]:
    """A dataclass as a flat dict, its own values untouched."""
    from dataclasses import fields as fields_of

    return {field.name: getattr(value, field.name) for field in fields_of(value)}


def width() -> int:
    """Columns to fill: the terminal's, but never more than reads well."""
    return max(40, min(MAX_WIDTH, shutil.get_terminal_size().columns))


def heading(text: str) -> str:
    """A title underlined, on two lines."""
    return f"{text}\n{'=' * min(len(text), width())}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in aligned columns; the last column is as long as its text."""
    lines = [list(titles), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    widths[-1] = 0
    return "\n".join("  ".join(text.ljust(wide) for text, wide in zip(line, widths, strict=True)) for line in lines)


def span(wait: timedelta) -> str:
    """A time to wait in the unit that a person would use."""
    minutes = max(0, round(wait.total_seconds() / 60))
    hours, days = round(wait.total_seconds() / 3600), wait.total_seconds() / 86400
    if minutes < 60:
        return counted(minutes, "minute")
    if hours < 24:  # rounded first, or an interval of a day would be said to be 24 hours a second later
        return counted(hours, "hour")
    if days < 60:
        return counted(round(days), "day")
    return counted(round(days / 30.4), "month") if days < 730 else f"{days / 365.25:.1f} years"


def counted(number: int, noun: str) -> str:
    """`1 question`, `2 questions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def moment(at: datetime) -> str:
    """A time in the learner's own zone."""
    return f"{at.astimezone():%a %d %b %H:%M}"


def stamp(at: datetime) -> str:
    """A time long past, with its year, in the learner's own zone."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _jsonable(value: Any) -> object:
    from dataclasses import is_dataclass

    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if is_dataclass(value):
        return fields(value)
    return str(value)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # started without that stream at all
        return
    stream.write(text)
    stream.flush()
