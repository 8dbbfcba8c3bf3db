"""Labs in Docker are tested by one worker, beside the one that tests the system in it. Refuses anything else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Their projects have fixed names, and two of them at once would be slow for both."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("docker"):
            item.add_marker(pytest.mark.xdist_group("labs in Docker"))
