"""Compares what was seen with what was expected. Pure: refuses expectations that assert nothing, and unknown matchers.

An expectation is one of

    a plain value             equal to it
    {matcher: argument, ...}  each holds; all keys are names of `MATCHERS`
    {key: expectation, ...}   an object that has at least these keys, each as expected (write `has:` when a key is
                              named like a matcher)

`each` wants at least one entry: what holds for all of nothing is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tutor.labs import arguments
from tutor.labs.verdict import Mismatch

MISSING = object()
"""Stands for a value that is not there."""

SHOWN = 160
"""Characters of a value that are shown."""


def match(expected: Any, actual: Any, path: str = "", base: Any = MISSING) -> list[Mismatch]:
    """Everything that does not hold, nothing when all does. `base` is the same value when the lab started.

    Raises: ValueError when `expected` is no expectation; lint finds that before anybody learns.
    """
    if isinstance(expected, Mapping):
        if not expected:
            raise ValueError(f"`{path or 'expect'}` asserts nothing; write what must hold")
        if is_matcher(expected):
            return [m for name, argument in expected.items() for m in MATCHERS[name](argument, actual, path, base)]
        return _has(expected, actual, path, base)
    return _eq(expected, actual, path, base)


def compare(expect: Mapping[str, Any], values: Mapping[str, Any], base: Any = MISSING) -> list[Mismatch]:
    """Everything in `expect` that does not hold of the values it names; a value may be named like a matcher."""
    return _has(expect, values, "", base)


def is_matcher(expected: Mapping[str, Any]) -> bool:
    """True when the mapping is a set of matchers and not an object to compare with."""
    return all(key in MATCHERS for key in expected)


def uses(expected: Any, name: str) -> bool:
    """True when the matcher `name` occurs anywhere in an expectation."""
    if isinstance(expected, Mapping):
        return any((key == name and is_matcher(expected)) or uses(value, name) for key, value in expected.items())
    return isinstance(expected, list) and any(uses(value, name) for value in expected)


def check(expected: Any, path: str = "expect") -> None:
    """Refuse what is no expectation.

    Raises: ValueError with a sentence.
    """
    if isinstance(expected, Mapping):
        if not expected:
            raise ValueError(f"`{path}` asserts nothing; write what must hold")
        matcher = is_matcher(expected)
        for key, value in expected.items():
            if matcher and (wanted := arguments.problem(key, value)):
                raise ValueError(f"`{path}.{key}` needs {wanted}; to compare a key of that name, put it below `has:`")
            for inner in arguments.expectations(key, value) if matcher else [value]:
                check(inner, f"{path}.{key}")


def shown(value: Any) -> str:
    """A value as a person reads it, bounded."""
    try:
        text = "nothing" if value is None else "not there" if value is MISSING else repr(value)
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        return "something too large to show"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 4]} ..."


def pick(value: Any, path: str) -> Any:
    """What lies at a path such as `items[0].id` or `$.items[0].id`, or MISSING; `items[*].id` are the ids of all."""
    steps = re.findall(r"([^.\[\]]+)|\[(-?\d+|\*)\]", path.removeprefix("$").removeprefix("."))
    return _walk(value, steps)


def _walk(value: Any, steps: list[tuple[str, str]]) -> Any:
    for at, (name, index) in enumerate(steps):
        if name and isinstance(value, Mapping):
            value = value.get(name, MISSING)
        elif index == "*" and isinstance(value, list):
            return [found for one in value if (found := _walk(one, steps[at + 1 :])) is not MISSING]
        elif index not in ("", "*") and isinstance(value, list) and -len(value) <= int(index) < len(value):
            value = value[int(index)]
        else:
            return MISSING
    return value


def _mismatch(holds: bool, path: str, expected: str, actual: Any) -> list[Mismatch]:
    return [] if holds else [Mismatch(path, expected, shown(actual))]


def _same(expected: Any, actual: Any) -> bool:
    """Equal, and not only because Python takes True for 1, at any depth."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(_same(one, actual[key]) for key, one in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_same, expected, actual))
    return bool(expected == actual) and isinstance(expected, bool) is isinstance(actual, bool)


def _eq(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(_same(expected, actual), path, shown(expected), actual)


def _ne(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(not _same(expected, actual), path, f"anything but {shown(expected)}", actual)


def _has(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    if not isinstance(actual, Mapping):
        return [Mismatch(path, f"an object with {', '.join(expected)}", shown(actual))]
    found = []
    for key, inner in expected.items():
        found += match(inner, _inside(actual, key), f"{path}.{key}" if path else key, _inside(base, key))
    return found


def _inside(value: Any, key: str) -> Any:
    """What lies at a key, which may have dots in it (`http.route`) or be a path."""
    return value[key] if isinstance(value, Mapping) and key in value else pick(value, key)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(words: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, str, Any], list[Mismatch]]:
    def compare(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
        comparable = (_number(actual) and _number(expected)) or (isinstance(actual, str) and isinstance(expected, str))
        return _mismatch(comparable and holds(actual, expected), path, f"{words} {shown(expected)}", actual)

    return compare


def _between(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    low, high = expected
    return _mismatch(_number(actual) and low <= actual <= high, path, f"from {low} to {high}", actual)


def _in(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(any(_same(one, actual) for one in expected), path, f"one of {shown(expected)}", actual)


def _contains(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    if isinstance(actual, str):
        holds = isinstance(expected, str) and expected in actual
    else:
        holds = isinstance(actual, list | Mapping) and any(not match(expected, one) for one in actual)
    return _mismatch(holds, path, f"contains {shown(expected)}", actual)


def _contains_all(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return [mismatch for one in expected for mismatch in _contains(one, actual, path, base)]


def _consist_of(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    holds = isinstance(actual, list) and len(actual) == len(expected) and _paired(expected, actual)
    return _mismatch(holds, path, f"exactly these, in any order: {shown(expected)}", actual)


def _paired(expected: list[Any], actual: list[Any]) -> bool:
    """Whether each expectation can have a value of its own. A greedy choice could take what only another one fits."""
    taken: dict[int, int] = {}

    def place(one: int, tried: set[int]) -> bool:
        for at, value in enumerate(actual):
            if at not in tried and not match(expected[one], value):
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = one
                    return True
        return False

    return all(place(one, set()) for one in range(len(expected)))


def _matches(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(isinstance(actual, str) and bool(re.search(expected, actual)), path, f"matches {expected}", actual)


def _starts_with(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(isinstance(actual, str) and actual.startswith(expected), path, f"starts with {expected!r}", actual)


def _ends_with(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(isinstance(actual, str) and actual.endswith(expected), path, f"ends with {expected!r}", actual)


def _exists(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch((actual is not MISSING) is expected, path, "there" if expected else "not there", actual)


def _absent(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _exists(not expected, actual, path, base)


def _empty(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    sized = isinstance(actual, str | list | Mapping)
    return _mismatch(sized and (len(actual) == 0) is expected, path, "empty" if expected else "not empty", actual)


def _len(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    if not isinstance(actual, str | list | Mapping):
        return [Mismatch(path, "something with a length", shown(actual))]
    return match(expected, len(actual), f"{path} (length)", len(base) if isinstance(base, type(actual)) else MISSING)


def _type(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    holds = isinstance(actual, arguments.TYPES[expected]) and (expected == "boolean" or not isinstance(actual, bool))
    return _mismatch(holds, path, f"a {expected}", actual)


def _not(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return _mismatch(bool(match(expected, actual, path, base)), path, f"not {_said(expected)}", actual)


def _all(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    return [mismatch for one in expected for mismatch in match(one, actual, path, base)]


def _any(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    holds = any(not match(one, actual, path, base) for one in expected)
    return _mismatch(holds, path, " or ".join(_said(one) for one in expected), actual)


def _each(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    if not isinstance(actual, list) or not actual:
        return [Mismatch(path, "a list with at least one entry", shown(actual))]
    return [mismatch for at, one in enumerate(actual) for mismatch in match(expected, one, f"{path}[{at}]")]


def _delta(expected: Any, actual: Any, path: str, base: Any) -> list[Mismatch]:
    try:
        change = actual - base if _number(actual) and _number(base) else MISSING
    except OverflowError:
        change = MISSING
    if change is MISSING:
        return [Mismatch(path, "a number, now and when the lab started", f"{shown(actual)}, then {shown(base)}")]
    return match(expected, change, f"{path} (since the start)")


def _said(expected: Any) -> str:
    """An expectation in words, by what it would say of a value that never fits."""
    return next((mismatch.expected for mismatch in match(expected, _Never())), "anything")


class _Never:
    """Equal to nothing, of no type that a matcher knows."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = object.__hash__


Matcher = Callable[[Any, Any, str, Any], list[Mismatch]]

MATCHERS: dict[str, Matcher] = {
    "eq": _eq,
    "ne": _ne,
    "gt": _ordered("more than", lambda a, b: a > b),
    "ge": _ordered("at least", lambda a, b: a >= b),
    "lt": _ordered("less than", lambda a, b: a < b),
    "le": _ordered("at most", lambda a, b: a <= b),
    "between": _between,
    "in": _in,
    "contains": _contains,
    "contains_all": _contains_all,
    "consist_of": _consist_of,
    "matches": _matches,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "exists": _exists,
    "absent": _absent,
    "empty": _empty,
    "len": _len,
    "type": _type,
    "has": _has,
    "not": _not,
    "all": _all,
    "any": _any,
    "each": _each,
    "delta": _delta,
}
