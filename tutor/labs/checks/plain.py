"""Turns what libraries bring back into plain data, as JSON would have it. Refuses nothing: what it does not know is
text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """The same as text, numbers, booleans, nothing, lists and objects."""
    if value is None:
        return None
    for kinds, convert in _CONVERSIONS:
        if isinstance(value, kinds):
            return convert(value)
    return str(value)


def _number(value: Decimal) -> int | float:
    return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)


def _bytes(value: bytes | bytearray | memoryview) -> str:
    """Text where it is text, hexadecimal digits where it is none."""
    raw = bytes(value)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.hex()


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(plain(key)): plain(inner) for key, inner in value.items()}


def _list(value: Any) -> list[Any]:
    return [plain(one) for one in value]


_CONVERSIONS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((bool, int, float, str), lambda value: value),
    (Decimal, _number),
    ((datetime, date, time), lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    ((bytes, bytearray, memoryview), _bytes),
    (Mapping, _object),
    ((list, tuple, set, frozenset), _list),
)
