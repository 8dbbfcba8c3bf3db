"""Paths: what a request's path may look like, and which route it belongs to.

The gateway and the service behind it must read a path alike, or `/api/orders/..%2fadmin` is one thing to the door
and another behind it. So nothing is normalized: a path that two readers could take differently is refused, and what
is accepted is forwarded byte for byte.

Refuses encoded slashes, backslashes and percent signs, letters and digits that are encoded for no reason (`/users/%6De`
is not `/users/me` here, and would be there), dot segments, empty segments, control characters and what is not ASCII.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = 2048
_SEGMENT = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+"
_PATH = re.compile(rf"(?:/{_SEGMENT})+|/")
_QUERY = re.compile(r"[!-\"$-~]*")  # printable ASCII without '#'
_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_ENCODED = re.compile(r"%(..)")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")


class UnsafePath(ValueError):
    """The request's path or query can be read in two ways."""


def segments(template: str) -> tuple[str, ...]:
    """The parts of a route's path; a parameter is `{name}` and stands for one whole segment."""
    if not template.startswith("/") or template == "/":
        raise ValueError("a path starts with '/' and names at least one segment")
    parts = tuple(template[1:].split("/"))
    for part in parts:
        if part in (".", "..") or not (_PARAMETER.fullmatch(part) or _LITERAL.fullmatch(part)):
            raise ValueError(f"'{part}' is neither a plain segment nor a parameter such as {{id}}")
    return parts


@lru_cache(maxsize=4096)  # the same few thousand paths make up most of the traffic
def safe(path: str) -> tuple[str, ...]:
    """The segments of a request's raw path, still encoded."""
    if len(path) > LONGEST:
        raise UnsafePath("the path is too long")
    if not _PATH.fullmatch(path):
        raise UnsafePath("the path holds an empty segment or a character that must be encoded")
    parts = tuple(path[1:].split("/"))
    for part in parts:
        _refuse_ambiguous(part)
    return parts


def safe_query(query: str) -> None:
    """Refuse a query that cannot be put on a request line as it is."""
    if len(query) > LONGEST or not _QUERY.fullmatch(query):
        raise UnsafePath("the query is too long or holds a character that must be encoded")


def _refuse_ambiguous(part: str) -> None:
    # ";x" after the dots: some readers cut parameters off at the semicolon, and then it is a dot segment.
    if part.partition(";")[0] in (".", ".."):
        raise UnsafePath("dot segments are not accepted")
    for code in _ENCODED.findall(part):
        byte = int(code, 16)
        if byte < 0x20 or byte == 0x7F or byte in b"/\\%":
            raise UnsafePath("the path hides a slash, a percent sign or a control character")
        if _LITERAL.fullmatch(chr(byte)):
            raise UnsafePath("letters, digits, dashes, dots, underscores and tildes are not to be encoded")


@dataclass
class _Node(Generic[T]):
    literal: dict[str, "_Node[T]"] = field(default_factory=dict)
    parameter: "_Node[T] | None" = None
    methods: dict[str, T] = field(default_factory=dict)


class Tree(Generic[T]):
    """Routes by path and method. A literal segment wins over a parameter, whatever the order in the file."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, template: str, methods: Iterable[str], value: T) -> None:
        """ValueError when one of the methods already has a route at this path."""
        node = self._root
        for part in segments(template):
            if part.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literal.setdefault(part, _Node())
        for method in methods:
            if method in node.methods:
                raise ValueError(f"{method} {template} has two routes")
            node.methods[method] = value

    def find(self, parts: tuple[str, ...]) -> dict[str, T]:
        """What is routed at this path, by method; empty when nothing is."""
        node = self._find(self._root, parts, 0)
        return node.methods if node is not None else {}

    def _find(self, node: _Node[T], parts: tuple[str, ...], at: int) -> _Node[T] | None:
        if at == len(parts):
            return node if node.methods else None
        literal = node.literal.get(parts[at])
        found = self._find(literal, parts, at + 1) if literal is not None else None
        if found is None and node.parameter is not None:
            found = self._find(node.parameter, parts, at + 1)
        return found
