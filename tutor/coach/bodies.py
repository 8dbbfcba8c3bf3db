"""What each kind of event must hold, so that the folds can trust what they read. Refuses nothing it does not know.

A log may have been written by a newer tutor, imported, or edited. An event of an unknown kind passes and says nothing
to us; one of a known kind with a body that is not what we write is left out, and reported by the id it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutor.event import Event

Test = Callable[[Any], bool]


def readable(event: Event) -> bool:
    """True when the body holds at least what events of its kind hold, and names things by text whatever its kind."""
    body = event.body
    named = all(_text(body[key]) for key in _NAMES if key in body)
    return named and all(key in body and holds(body[key]) for key, holds in _SHAPES.get(event.kind, {}).items())


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _number(low: float, high: float) -> Test:
    def holds(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return holds


def _whole(low: int, high: int) -> Test:
    def holds(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    return holds


def _list(part: Test) -> Test:
    def holds(value: Any) -> bool:
        return isinstance(value, list) and all(map(part, value))

    return holds


def _given(value: Any) -> bool:
    return _text(value) or _list(_text)(value) or _list(_whole(0, 10_000))(value)


def _day(value: Any) -> bool:
    try:
        return value is None or bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _criteria(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_whole(1, 4), value.values()))


def _verdicts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_text, value.values()))


def _options(value: Any) -> bool:
    return isinstance(value, Mapping) and _flag(value.get("cram"))


def _seconds(value: Any) -> bool:
    return _number(0, 1e9)(value) and isfinite(value)


_NAMES = ("session", "question", "run", "lab", "step")
_PERCENT, _NATURALS = _whole(0, 100), _list(_whole(0, 10_000))

_SHAPES: dict[str, dict[str, Test]] = {
    "session-started": {"queue": _list(_text), "options": _options},
    "session-ended": {"session": _text},
    "answered": {"session": _text, "question": _text, "given": _given, "confidence": _PERCENT, "seconds": _seconds},
    "reviewed": {
        "session": _text,
        "question": _text,
        "answer": _text,
        "rating": _whole(1, 4),
        "score": _number(0, 1),
        "correct": _flag,
        "confidence": _PERCENT,
        "seconds": _seconds,
        "cram": _flag,
    },
    "undone": {"event": _text, "question": _text},
    "skipped": {"session": _text, "question": _text},
    "suspended": {"question": _text},
    "unsuspended": {"question": _text},
    "flagged": {"question": _text, "note": _text},
    "fed": {"run": _text, "questions": _list(_text)},
    "planned": {"interview": _day},
    "interview-started": {"scenario": _text},
    "clarified": {"run": _text, "text": _text, "asked": _NATURALS},
    "stage-answered": {"run": _text, "stage": _text, "text": _text, "confidence": _PERCENT, "seconds": _seconds},
    "followup-answered": {"run": _text, "stage": _text, "text": _text, "seconds": _seconds},
    "stage-graded": {"run": _text, "stage": _text, "met": _list(_text), "partly": _list(_text)},
    "interview-graded": {"run": _text, "criteria": _criteria, "flags": _list(_text)},
    "interview-abandoned": {"run": _text},
    "interview-reported": {"run": _text, "markdown": _text},
    "lab-started": {"lab": _text},
    "lab-checked": {"lab": _text, "step": _text, "verdicts": _verdicts},
    "lab-step-passed": {"lab": _text, "step": _text, "skipped": _flag},
    "lab-hinted": {"lab": _text, "step": _text, "level": _whole(0, 3)},
    "lab-solved": {"lab": _text, "step": _text},
    "lab-finished": {"lab": _text},
    "lab-stopped": {"lab": _text},
}
