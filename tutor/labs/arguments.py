"""What each matcher takes as its argument. Pure: refuses to compare anything, `matching` does.

An argument that could never hold is a mistake of the lab, and is said when the lab is read, not when somebody learns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str, "number": (int, float), "boolean": bool, "list": list, "object": dict, "nothing": type(None),
}  # fmt: skip

VARIABLE = re.compile(r"\$\{([a-z][a-z0-9_.-]*)\}")
"""Stands for a value that is known when the lab runs: any matcher may have one in place of its argument."""

_ONE = ("contains", "len", "not", "each", "delta")
"""These take one expectation."""

_MANY = ("contains_all", "consist_of", "all", "any")
"""These take a list of expectations."""


def problem(name: str, argument: Any) -> str:
    """What a matcher would need instead of this argument; an empty text when it is fine."""
    if _later(argument):
        return ""
    for names, holds, wanted in _RULES:
        if name in names and not holds(argument):
            return wanted
    return _pattern_problem(argument) if name == "matches" else ""


def expectations(name: str, argument: Any) -> list[Any]:
    """The expectations inside an argument: what holds for an expectation has to hold for each of them."""
    if _later(argument):
        return []
    if name in _ONE:
        return [argument]
    if name == "has":
        return list(argument.values())
    return list(argument) if name in _MANY else []


def _pattern_problem(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"a regular expression, and this is none: {error}"
    return ""


def _later(argument: Any) -> bool:
    return isinstance(argument, str) and VARIABLE.fullmatch(argument) is not None


def _pair(argument: Any) -> bool:
    return isinstance(argument, list) and len(argument) == 2 and all(_number(one) or _later(one) for one in argument)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _object(argument: Any) -> bool:
    return isinstance(argument, dict) and bool(argument) and all(isinstance(key, str) for key in argument)


_RULES: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (("in", *_MANY), lambda value: isinstance(value, list) and bool(value), "a list with at least one entry"),
    (("exists", "absent", "empty"), lambda value: isinstance(value, bool), "true or false"),
    (("matches", "starts_with", "ends_with"), lambda value: isinstance(value, str) and bool(value), "some text"),
    (("gt", "ge", "lt", "le"), lambda value: _number(value) or isinstance(value, str), "a number or some text"),
    (("between",), _pair, "two numbers, such as [1, 5]"),
    (("type",), lambda value: isinstance(value, str) and value in TYPES, f"one of {', '.join(TYPES)}"),
    (("has",), _object, "an object, such as {id: 5}"),
)
