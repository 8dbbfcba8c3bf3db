"""Finds in a part's own log that the learner's files made it die, and says which file and line. Refuses to blame what
the log does not name, and what was not the end of it: a service that lives through an error has not died of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tutor.labs.engine.base import LogLine, Mount

_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_LAST_WORDS = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Exit|Warning|Interrupt|Group|BadRoutes)\b.*")
_SAYING = ("message", "msg", "event", "error", "err", "exception")
"""The fields of a JSON line that hold what is said; the others say when, where and by whom."""

SHOWN_LINES = 30
LAST_LINES = 15
"""How near to the end of the log an error must be: after it come at most a few words of the next start."""

MAX_SENTENCE = 400


@dataclass(frozen=True, slots=True)
class Blame:
    """The place in the workspace that a part died of, and its own words about it."""

    file: str
    line: int
    sentence: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


def blame(lines: Sequence[LogLine], mounts: Iterable[Mount]) -> Blame | None:
    """The last error in these lines that names a file the learner may edit, or None."""
    text = [piece for line in lines for piece in _pieces(line)]
    found = None
    for mount in mounts:
        candidate = _in_code(text, mount) if mount.target == "code" else _in_config(text, mount)
        if candidate is not None and (found is None or candidate[0] > found[0]):
            found = candidate
    return found[1] if found else None


def _pieces(line: LogLine) -> list[str]:
    """The plain lines of one entry: a traceback inside a JSON field has line breaks of its own."""
    texts = [str(line.fields[key]) for key in _SAYING if line.fields.get(key)]
    return [piece for text in texts or [line.text] for piece in text.splitlines()]


def _in_code(text: Sequence[str], mount: Mount) -> tuple[int, Blame] | None:
    """The last frame of a traceback that lies in the mounted package, with the error that ended it."""
    end = next((at for at in _from_the_end(text) if _LAST_WORDS.match(text[at])), None)
    if end is None:
        return None
    folders = (f"/app/{mount.name}/", f"{mount.source.as_posix()}/")
    for at in range(end - 1, -1, -1):
        frame = _FRAME.search(text[at])
        folder = next((one for one in folders if frame and frame["file"].startswith(one)), None)
        if _LAST_WORDS.match(text[at]):
            return None  # the end of another traceback
        if frame is not None and folder is not None:
            file = f"services/{mount.name}/{frame['file'].removeprefix(folder)}"
            return end, Blame(file, int(frame["line"]), text[end][:MAX_SENTENCE], _around(text, at))
    return None


def _in_config(text: Sequence[str], mount: Mount) -> tuple[int, Blame] | None:
    """The last line that names a file of the mounted folder together with one of its lines."""
    names = [path.relative_to(mount.source).as_posix() for path in mount.source.rglob("*") if path.is_file()]
    for at in _from_the_end(text):
        for name in names:
            place = re.search(rf"(?<![\w.-]){re.escape(PurePath(name).name)}\b[^\n]{{0,80}}?(?:line |:)(\d+)", text[at])
            if place:
                said = text[at][place.end() :].strip(" :;\"'") or text[at].strip()
                file = f"config/{mount.name}/{name}"
                return at, Blame(file, int(place[1]), said[:MAX_SENTENCE], _around(text, at))
    return None


def _from_the_end(text: Sequence[str]) -> range:
    return range(len(text) - 1, max(-1, len(text) - 1 - LAST_LINES), -1)


def _around(text: Sequence[str], at: int) -> str:
    return "\n".join(text[max(0, at - SHOWN_LINES // 2) : at + SHOWN_LINES // 2])
