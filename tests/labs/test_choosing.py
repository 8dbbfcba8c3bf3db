"""Which engine a lab gets, and what is said when it gets none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.labs.engine.inmemory import MemoryEngine
from tests.labs.sitting import Learner, learner
from tutor.errors import MachineError, UsageError
from tutor.labs.choosing import choose
from tutor.labs.engine.base import Engine, Obstacle
from tutor.labs.news import News, Said
from tutor.labs.parts import plan
from tutor.labs.site import Site

NO_DOCKER = Obstacle("There is no `docker` command here.", "Install Docker.")


class Local(MemoryEngine):
    """Another engine, in a world without obstacles."""

    name = "local"


@pytest.fixture
def someone(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has started nothing."""
    yield from learner(tmp_path)


def _site(someone: Learner, engines: list[str], note: str = "") -> Site:
    """A site whose lab runs on these engines."""
    site = someone.site()
    engine = site.engine("docker")
    assert isinstance(engine, MemoryEngine)
    system = site.found.lab.system.model_copy(update={"engines": tuple(engines), "engine_note": note or None})
    lab = site.found.lab.model_copy(update={"system": system})
    local: Engine = Local(replace(engine.world, obstacles=[], projects={}))
    return replace(site, found=replace(site.found, lab=lab, trusted=True), engines={**site.engines, "local": local})


def _chosen(site: Site, wanted: str = "") -> tuple[str, list[News]]:
    stream, told = choose(site, plan(site.found.lab, site.workspace().place), wanted), []
    try:
        while True:
            told.append(next(stream))
    except StopIteration as end:
        return str(end.value.name), told


def test_docker_is_preferred(someone: Learner) -> None:
    """Where it can be used, and the lab supports it."""
    assert _chosen(_site(someone, ["docker", "local"]))[0] == "docker"
    assert _chosen(_site(someone, ["docker", "local"]), "local")[0] == "local"
    assert _chosen(_site(someone, ["local"]))[0] == "local"


def test_processes_are_taken_where_no_docker_engine_answers_and_that_is_said(someone: Learner) -> None:
    """With the reason why it is not the preferred one."""
    someone.world.obstacles.append(NO_DOCKER)
    name, told = _chosen(_site(someone, ["docker", "local"]))
    assert name == "local"
    assert told == [Said("Engine: local. (docker: There is no `docker` command here.)")]


def test_a_lab_that_cannot_run_without_docker_says_what_it_needs(someone: Learner) -> None:
    """What stands in the way of one engine, and what the other one lacks."""
    someone.world.obstacles.append(NO_DOCKER)
    site = _site(someone, ["docker"], "It needs a real Consul, which only Docker brings")
    with pytest.raises(MachineError) as refusal:
        _chosen(site)
    assert refusal.value.message.splitlines()[1:] == [
        "docker: There is no `docker` command here.",
        "local: It needs a real Consul, which only Docker brings.",
    ]
    with pytest.raises(UsageError, match="needs a real Consul"):
        _chosen(site, "local")
