"""Labs that bring the chassis as a solution of their own bring the system's. Refuses copies that grow old."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

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
