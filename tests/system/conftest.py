"""The whole system, for the tests that want it. Refuses to start it twice: tests of the whole share one worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.system.harness.docker import DockerSystem

HERE = Path(__file__).parent
WHOLE = HERE / "e2e"


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Keep the end-to-end tests in one worker (`--dist loadgroup`), and all those in Docker: two systems at once would
    be slow for both.
    """
    for item in items:
        if WHOLE in item.path.parents or (HERE in item.path.parents and item.get_closest_marker("docker")):
            item.add_marker(pytest.mark.xdist_group("the whole system"))


@pytest.fixture(scope="session")
def in_docker() -> Iterator[DockerSystem]:
    """The whole system in Docker, every profile of it; shared by all tests that are marked `docker`."""
    yield from DockerSystem.started()
