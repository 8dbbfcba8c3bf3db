"""Labs that bring files of the system as a solution of their own bring the system's. Refuses copies that grow old."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest
import yaml

LABS = Path(__file__).parents[2] / "labs"
FILES = sorted(LABS.glob("*/solution/services/chassis/**/*.py"))
MOST_LINES = 16
"""Lines that may differ: shorter times, so that nobody waits, and what a running broker does not let one change."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LABS)))
def test_a_solution_is_the_systems_own_file_but_for_a_few_lines(path: Path) -> None:
    """Otherwise a change of the system would leave a lab behind that teaches what the system does no more."""
    shipped = LABS / "system" / path.relative_to(LABS).relative_to(*path.relative_to(LABS).parts[:2])
    differing = [
        line
        for line in unified_diff(shipped.read_text().splitlines(), path.read_text().splitlines(), n=0, lineterm="")
        if line[0] in "+-" and not line.startswith(("+++", "---"))
    ]
    assert 0 < len(differing) <= MOST_LINES, differing


ALERTS = sorted(LABS.glob("*/*/**/config/prometheus/alerts.yml"))


@pytest.mark.parametrize("path", ALERTS, ids=lambda path: str(path.relative_to(LABS)))
def test_alerts_that_a_lab_is_not_about_are_the_systems(path: Path) -> None:
    """A lab that brings the alerts changes the one that it is about, and no other."""

    def alerts(file: Path) -> dict[str, object]:
        groups = yaml.safe_load(file.read_text())["groups"]
        return {rule["alert"]: rule for group in groups for rule in group["rules"]}

    theirs, ours = alerts(path), alerts(LABS / "system" / "config" / "prometheus" / "alerts.yml")
    assert set(theirs) == set(ours)
    assert {name for name in ours if theirs[name] != ours[name]} == {"ErrorRatioHigh"}
