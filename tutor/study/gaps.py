"""Decides whether typed text fits a gap. Refuses to let a typo tolerance turn one term into its opposite.

Spelling distance cannot tell `asynchronous` from `synchronous` (96 of 100 alike), so a near miss passes only when it
is closer to an accepted answer than to every listed confusion, word by word, and when no prefix such as `a-` differs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from tutor.phrases import opposed

if TYPE_CHECKING:
    from tutor.content.models.question import Blank

TYPO_SIMILARITY = 88
MIN_FUZZY_LENGTH = 6
_NUMBER = re.compile(r"(?P<digits>[-+]?\d(?:[\d,_. ]*\d)?)(?P<power>e[-+]?\d+)?\s*(?P<unit>.*)")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:[,_ ]\d{3})+(?:\.\d+)?")
_SPELLINGS = {
    "ms": ("msec", "millisecond", "milliseconds"),
    "s": ("sec", "secs", "second", "seconds"),
    "min": ("mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
    "%": ("percent", "pct", "per cent"),
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether text fits a gap, and what to say about it when there is something to say."""

    ok: bool
    why: str = ""


def fits(blank: Blank, text: str) -> Fit:
    """Judge `text` as the content of `blank`."""
    said = _normal(text)
    if not said:
        return Fit(False, "Nothing was entered.")
    if blank.tolerance is not None:
        return _number(float(blank.accept[0].replace(",", "")), blank.tolerance, said, blank.unit or "")
    for miss in blank.reject:
        if said == _normal(miss.text):
            return Fit(False, miss.why)
    wanted = [_normal(accepted) for accepted in blank.accept]
    if _closed(said) in map(_closed, wanted):
        return Fit(True)
    return _nearly(said, wanted, [_normal(miss.text) for miss in blank.reject])


def _nearly(said: str, wanted: list[str], confusions: list[str]) -> Fit:
    from rapidfuzz import fuzz

    closest = max(wanted, key=lambda accepted: fuzz.ratio(said, accepted))
    confusion = max((fuzz.ratio(said, miss) for miss in confusions), default=0.0)
    if confusion < fuzz.ratio(said, closest) and _slips(said, closest):
        return Fit(True, f"Taken as a typing slip of: {closest}")
    return Fit(False)


def _slips(said: str, wanted: str) -> bool:
    """True when each word is the wanted one, or a long one with a slip. Over a whole phrase, a likeness in percent
    would let `at most once delivery` pass for `at least once delivery`.
    """
    pairs = list(zip_longest(said.replace("-", " ").split(), wanted.replace("-", " ").split(), fillvalue=""))
    return all(one == two or _slip(one, two) for one, two in pairs)


def _slip(said: str, wanted: str) -> bool:
    from rapidfuzz import fuzz

    return (
        min(len(said), len(wanted)) >= MIN_FUZZY_LENGTH
        and re.findall(r"\d+", said) == re.findall(r"\d+", wanted)
        and not opposed(said, wanted)
        and fuzz.ratio(said, wanted) >= TYPO_SIMILARITY
    )


def _closed(text: str) -> str:
    """Without spaces and hyphens: `half open` and `half-open` are the same."""
    return text.replace(" ", "").replace("-", "")


def _number(wanted: float, tolerance: float, said: str, unit: str) -> Fit:
    match = _NUMBER.fullmatch(said)
    value = _value(match["digits"], match["power"] or "") if match else None
    if match is None or value is None:
        return Fit(False, "A number is expected here.")
    if not _same_unit(match["unit"], _normal(unit)):
        return Fit(False, f"The unit is {unit}." if unit else "A number alone is expected here.")
    return Fit(abs(value - wanted) <= tolerance + 1e-9)


def _value(digits: str, power: str) -> float | None:
    """What a person means: `1,500` and `1 500` are fifteen hundred, `1,5` is one and a half; None when unclear."""
    plain = re.sub(r"[,_ ]", "", digits) if _GROUPED.fullmatch(digits) else digits.replace(",", ".")
    try:
        return float(plain + power)
    except ValueError:
        return None


def _same_unit(said: str, unit: str) -> bool:
    """True for the unit in any usual spelling, for its first words, for none, and for any when the gap names none."""
    if not said or not unit:
        return not re.search(r"\d", said)
    one, two = (_UNITS.get(text, text) for text in (said, unit))
    plural = len(said) > 2 and said.removesuffix("s") == unit.removesuffix("s")
    return one == two or plural or unit.startswith(f"{said} ")


def _normal(text: str) -> str:
    return " ".join(text.casefold().replace("`", "").replace("\u2019", "'").strip(" .\t\n").split())
