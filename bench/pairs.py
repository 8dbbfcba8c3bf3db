"""Runs two things in turn, many times, and compares their medians. Refuses to compare runs from different moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Pair:
    """Seconds of our runs and of the runs they are compared with, taken alternately."""

    name: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    aim: float

    @property
    def ratio(self) -> float:
        """Our median over the other's."""
        return median(self.ours) / median(self.theirs)

    def row(self) -> str:
        """One line of the table."""
        return (
            f"| {self.name} | {median(self.ours) * 1000:.0f} ms | {median(self.theirs) * 1000:.0f} ms"
            f" | {self.ratio:.2f}x | {self.aim:.2f}x | {len(self.ours)} |"
        )


def alternate(
    name: str, ours: Callable[[], float], theirs: Callable[[], float], times: int, aim: float, warm: int = 2
) -> Pair:
    """Run both in turn `times` times after `warm` rounds that do not count; each call returns its own seconds."""
    rounds = [(ours(), theirs()) for _ in range(times + warm)][warm:]
    return Pair(name, tuple(first for first, _ in rounds), tuple(second for _, second in rounds), aim)
