"""Decides whether typed text fits a gap. Refuses to let a typo tolerance turn one term into its opposite.

Spelling distance cannot tell `asynchronous` from `synchronous` (96 of 100 alike), so a near miss passes only when it
is closer to an accepted answer than to every listed confusion, and when no prefix such as `a-` or `un-` differs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.phrases import opposed

if TYPE_CHECKING:
    from tutor.content.models.question import Blank

TYPO_SIMILARITY = 88
MIN_FUZZY_LENGTH = 6


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
    if said in wanted:
        return Fit(True)
    return _nearly(said, wanted, [_normal(miss.text) for miss in blank.reject])


def _nearly(said: str, wanted: list[str], confusions: list[str]) -> Fit:
    from rapidfuzz import fuzz

    closest = max(wanted, key=lambda accepted: fuzz.ratio(said, accepted))
    similarity = fuzz.ratio(said, closest)
    confusion = max((fuzz.ratio(said, miss) for miss in confusions), default=0.0)
    typed_numbers, wanted_numbers = re.findall(r"\d+", said), re.findall(r"\d+", closest)
    if (
        len(said) >= MIN_FUZZY_LENGTH
        and similarity >= TYPO_SIMILARITY
        and similarity > confusion
        and typed_numbers == wanted_numbers
        and not opposed(said, closest)
    ):
        return Fit(True, f"Taken as a typing slip of: {closest}")
    return Fit(False)


def _number(wanted: float, tolerance: float, said: str, unit: str) -> Fit:
    match = re.fullmatch(r"([-+]?\d[\d,_ ]*\.?\d*(?:e[-+]?\d+)?)\s*(.*)", said)
    if not match:
        return Fit(False, "A number is expected here.")
    value, given_unit = float(re.sub(r"[,_ ]", "", match[1])), match[2].strip()
    if given_unit and unit and given_unit != _normal(unit):
        return Fit(False, f"The unit is {unit}.")
    return Fit(abs(value - wanted) <= tolerance + 1e-9)


def _normal(text: str) -> str:
    return " ".join(text.casefold().replace("`", "").replace("\u2019", "'").strip(" .\t\n").split())
