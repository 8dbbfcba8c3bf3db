"""The pack that ships, through the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Tutor
from tutor import paths


@pytest.fixture
def week7(tutor: Tutor) -> Tutor:
    """A learner on week 7."""
    tutor.env["TUTOR_CONTENT"] = str(paths.bundled_content() / "week7")
    return tutor


@pytest.mark.parametrize("day", range(43, 49))
def test_each_day_is_told_within_80_columns(week7: Tutor, day: int) -> None:
    """Every recap prints; drawings fit; nothing but a link is wider than the terminal."""
    output = week7.ok("recap", str(day))
    wide = [line for line in output.splitlines() if len(line) > 80 and "https://" not in line]
    assert wide == []


def test_ten_minutes_in(week7: Tutor) -> None:
    """The first question is there at once, and not knowing it teaches something."""
    output = week7.ok("quiz", "--plain", typed="-\n-\n-\n-\n-\n\n:quit\n")
    assert output.startswith("\nQuestion 1 of 20:")
    assert "Source: " in output


def test_the_three_scenarios(week7: Tutor) -> None:
    """Three interviews are on offer, and each opens with its clarifying questions."""
    scenarios = week7.json("mock")["scenarios"]
    assert len(scenarios) == 3
    for scenario in scenarios:
        output = week7.ok("mock", scenario["id"], "--plain", typed="what about load?\n.\n\n")
        assert "What the interviewer answers" in output and "Stage 1 of" in output
