"""How bets turn out: what a learner said against what was right. Refuses to judge from a handful of answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ENOUGH = 10
"""Bets below which no statement about calibration is made."""


@dataclass(frozen=True, slots=True)
class Bin:
    """All bets of one confidence: `said` in percent, `right` the share that came true in percent."""

    said: int
    right: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bins by confidence, the Brier score (0 is perfect, 0.25 is a coin), and the mean of said minus right."""

    bins: tuple[Bin, ...]
    brier: float
    gap: float
    count: int

    @property
    def verdict(self) -> str:
        """One plain sentence."""
        if self.count < ENOUGH:
            return f"{self.count} of {ENOUGH} answers that it takes to say something about your confidence."
        if self.gap > 10:
            return f"Overconfident by {self.gap:.0f} points: slow down where you feel certain."
        if self.gap < -10:
            return f"Underconfident by {-self.gap:.0f} points: you know more than you claim."
        return f"Well calibrated: what you claim is within {abs(self.gap):.0f} points of what you get right."


def calibrate(bets: Iterable[tuple[int, float]]) -> Calibration:
    """Sum up bets, each a confidence in percent and an outcome from 0 to 1."""
    by_said: dict[int, list[float]] = {}
    for said, outcome in bets:
        by_said.setdefault(said, []).append(outcome)
    bins = tuple(
        Bin(said, 100 * sum(outcomes) / len(outcomes), len(outcomes)) for said, outcomes in sorted(by_said.items())
    )
    count = sum(bin_.count for bin_ in bins)
    if not count:
        return Calibration((), 0.0, 0.0, 0)
    brier = sum((said / 100 - outcome) ** 2 for said, outcomes in by_said.items() for outcome in outcomes) / count
    gap = sum((bin_.said - bin_.right) * bin_.count for bin_ in bins) / count
    return Calibration(bins, brier, gap, count)
