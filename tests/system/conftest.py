"""The whole system in Docker, for the tests of the services that want it. Refuses to start it twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.harness.docker import DockerSystem


@pytest.fixture(scope="session")
def in_docker() -> Iterator[DockerSystem]:
    """The whole system in Docker, every profile of it; shared by all tests that are marked `docker`."""
    yield from DockerSystem.started()
