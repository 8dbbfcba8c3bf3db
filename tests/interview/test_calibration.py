"""Bets are summed up, and nothing is said from a handful."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.interview.calibration import ENOUGH, calibrate

BETS = st.lists(st.tuples(st.sampled_from([30, 50, 70, 90, 99]), st.floats(0, 1)), min_size=1, max_size=40)


def test_no_bets_are_no_statement() -> None:
    """Without bets there are no bins, and the sentence says how many it takes."""
    it = calibrate([])
    assert (it.bins, it.count) == ((), 0)
    assert it.verdict.startswith(f"0 of {ENOUGH}")


def test_bins_brier_and_gap() -> None:
    """Two bets of 90, one right; one of 50, right: the numbers as on paper."""
    it = calibrate([(90, 1.0), (90, 0.0), (50, 1.0)])
    assert [(bin_.said, bin_.right, bin_.count) for bin_ in it.bins] == [(50, 100.0, 1), (90, 50.0, 2)]
    assert it.brier == pytest.approx((0.01 + 0.81 + 0.25) / 3)
    assert it.gap == pytest.approx((90 + 90 + 50) / 3 - 200 / 3)


@pytest.mark.parametrize(
    ("said", "right", "verdict"),
    [(90, 7, "Overconfident by 20"), (30, 9, "Underconfident by 60"), (70, 7, "Well calibrated"), (70, 6, "Well")],
)
def test_verdicts(said: int, right: int, verdict: str) -> None:
    """Ten bets are enough; up to ten points off is well calibrated."""
    bets = [(said, float(number < right)) for number in range(10)]
    assert calibrate(bets).verdict.startswith(verdict)
    assert calibrate(bets[:9]).verdict.startswith("9 of 10")


@given(BETS)
def test_numbers_stay_in_their_bounds(bets: list[tuple[int, float]]) -> None:
    """Brier within 0 and 1, gap within 100, every bet in one bin."""
    it = calibrate(bets)
    assert 0 <= it.brier <= 1
    assert abs(it.gap) <= 100
    assert sum(bin_.count for bin_ in it.bins) == it.count == len(bets)
