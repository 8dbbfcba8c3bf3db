"""Fixtures for tests in Docker. Refuses to hand on a system that a test has hurt: it is mended after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from processes.ports import free_ports
from tests.system.harness.base import Account
from tests.system.harness.compose import Project, engine, sweep
from tests.system.harness.docker import PUBLISHED, DockerSystem


@pytest.fixture
def system(in_docker: DockerSystem) -> Iterator[DockerSystem]:
    """The running system, every profile of it; whatever the test does to it is mended afterwards."""
    yield in_docker
    in_docker.mend()


@pytest.fixture
def customer(system: DockerSystem) -> Account:
    """A fresh user with a session."""
    return system.register()


class NewProject(Protocol):
    """Makes projects that a test starts and stops itself."""

    def __call__(self, *, profiles: Sequence[str] = (), overrides: Mapping[str, Any] | None = None) -> Project:
        """Without profiles: the core."""


@pytest.fixture
def new_project(tmp_path: Path) -> Iterator[NewProject]:
    """A factory of projects exactly as they are shipped, on free ports; gone afterwards whatever the test did."""
    client = engine()
    sweep(client)
    client.close()
    made: list[Callable[[], None]] = []

    def create(*, profiles: Sequence[str] = (), overrides: Mapping[str, Any] | None = None) -> Project:
        ports = free_ports(len(PUBLISHED))
        variables = {name: str(port) for name, port in zip(PUBLISHED.values(), ports, strict=True)}
        project = Project(tmp_path, variables=variables, profiles=profiles, overrides=overrides)
        made.append(project.down)
        return project

    yield create
    for down in made:
        down()
