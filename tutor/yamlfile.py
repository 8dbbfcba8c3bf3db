"""Reads one YAML file into plain data that remembers its lines. Refuses everything that a content file never needs:
aliases, tags, duplicate keys, several documents, deep nesting, binary and huge files.

The tree is built from parser events and not by recursion, so that hostile nesting cannot exhaust the stack.
Scalars follow the YAML 1.2 core schema: `no` and `on` are text, dates are text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tutor.errors import ContentError, Problem
from tutor.limits import MAX_FILE_BYTES

MAX_DEPTH = 24
_MAX_PROBLEMS = 100
_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep; flatten it"

Place = tuple[str | int, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?=[0-9.]*[.eE])(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters (escapes in quotes can write them), those that reverse the direction of text, and those that
take no space: two ids could look alike."""

_STRAY_BREAK = re.compile("[\x85\u2028\u2029]")
"""Line breaks to YAML and not to editors: with them, the lines named in a problem would not be those on the screen."""

_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and the line, from 1, on which each place starts."""

    path: Path
    data: object
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of `place`, or of the nearest place around it that exists."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read(path: Path) -> Document:
    """Read `path` whole.

    Raises: ContentError with every problem found, each with its line.
    """
    text = _text(path)
    builder = _Builder(path)
    try:
        for event in _events(text):
            builder.take(event)
            if builder.hopeless:
                break
    except yaml.YAMLError as error:
        builder.problems.append(Problem(path, _line_of(error), _sentence(error)))
    if builder.problems:
        raise ContentError(builder.problems)
    return Document(path, builder.root, builder.lines)


def syntax_problem(text: str) -> str:
    """What stops `text` from being YAML, as `line N: ...`, or an empty text. Any tag or alias is fine here."""
    try:
        for _ in _events(text):
            pass
    except yaml.YAMLError as error:
        return f"line {_line_of(error)}: {_sentence(error)}"
    return ""


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ContentError([Problem(path, 0, "is not a plain file; put a text file there")])
        with path.open("rb") as stream:  # a file may grow, so the limit is kept while reading
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ContentError([Problem(path, 0, f"cannot be read: {error.strerror or error}")]) from None
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1024 // 1024
        raise ContentError([Problem(path, 0, f"is larger than {limit} MiB; split it into smaller files")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ContentError([Problem(path, line, "is not UTF-8 text; save the file as UTF-8")]) from None
    if stray := _STRAY_BREAK.search(text):
        line = text[: stray.start()].count("\n") + 1
        raise ContentError([Problem(path, line, f"holds the line break U+{ord(stray[0]):04X}; write a plain one")])
    return text


def _events(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _line_of(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark else 0


def _sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return "holds a character that YAML does not allow; remove control characters"
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    if problem and "nesting depth" in problem:  # newer parsers have a limit of their own
        return _TOO_DEEP
    return f"is not valid YAML: {problem}" + (f" ({context})" if context else "") + "; check indentation and quotes"


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence under construction; `key` waits for its value, `first` remembers where keys stood."""

    value: dict[str, object] | list[object]
    place: Place
    key: str | None = None
    first: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Turns parser events into data, one event at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: object = None
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self.hopeless = False
        self._stack: list[_Frame] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take in the next parser event."""
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._give_up(line, "anchors and aliases are not allowed in content; write the value out")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._give_up(line, "holds a second document; keep one document per file and remove `---`")
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event, line)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)

    def _open(self, value: dict[str, object] | list[object], event: Any, line: int) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame and isinstance(frame.value, dict) and frame.key is None:
            self._give_up(line, "uses a list or mapping as a key; keys are plain words")
            return
        if len(self._stack) >= MAX_DEPTH:
            self._give_up(line, _TOO_DEEP)
            return
        self._refuse_tag(event.tag, event.implicit, line)
        place = self._place()
        self._put(value, line)
        self._stack.append(_Frame(value, place))

    def _scalar(self, event: Any, line: int) -> None:
        frame = self._stack[-1] if self._stack else None
        plain, _ = event.implicit
        if event.tag and not any(event.implicit):
            self._refuse_tag(event.tag, False, line)
        if unseen := _UNSEEN.search(event.value):
            self._report(line, f"holds U+{ord(unseen[0]):04X}, a character that cannot be seen; remove it")
        if frame and isinstance(frame.value, dict) and frame.key is None:
            self._key(frame, event.value, line)
        else:
            self._put(_resolve(event.value) if plain else event.value, line)

    def _key(self, frame: _Frame, key: str, line: int) -> None:
        if key in frame.first:
            self._report(line, f"`{key}` appears twice here (first on line {frame.first[key]}); remove one")
        frame.first.setdefault(key, line)
        frame.key = key
        self.lines[(*frame.place, key)] = line

    def _place(self) -> Place:
        if not self._stack:
            return ()
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            return (*frame.place, len(frame.value))
        return (*frame.place, frame.key or "")

    def _put(self, value: object, line: int) -> None:
        place = self._place()
        self.lines.setdefault(place, line)
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is not None:
            frame.value[frame.key] = value
            frame.key = None

    def _refuse_tag(self, tag: str | None, implicit: bool, line: int) -> None:
        if tag and not implicit:
            self._report(line, f"the tag {tag!r} is not allowed; write a plain value")

    def _report(self, line: int, what: str) -> None:
        self.problems.append(Problem(self.path, line, what))
        self.hopeless = self.hopeless or len(self.problems) >= _MAX_PROBLEMS

    def _give_up(self, line: int, what: str) -> None:
        self._report(line, what)
        self.hopeless = True


def _resolve(text: str) -> object:
    """A plain scalar by the YAML 1.2 core schema, except that numbers too large to hold stay text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and len(text) < 40 and math.isfinite(number := float(text)):
        return number
    return text
