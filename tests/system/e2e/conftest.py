"""The running system that the end-to-end tests share, one per engine, mended after each test.

The same tests run on plain processes (always), on processes with RabbitMQ (`-m rabbitmq`) and in Docker (`-m docker`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processes.leash import Leash
from tests.system.harness.base import Account, System
from tests.system.harness.processes import ProcessSystem

ENGINES = [
    "processes",
    pytest.param("rabbitmq", marks=pytest.mark.rabbitmq),
    pytest.param("docker", marks=pytest.mark.docker),
]
# Nearly every test registers somebody; what a real hash costs is seen in Docker.
CHEAP_HASHES = {"HASH_MEMORY_KIB": "8192", "HASH_PASSES": "1"}
# Long enough for clients to see it and for backoff to grow; in Docker as long as the promise says.
OUTAGE_SECONDS = {"docker": 30.0}


@pytest.fixture(scope="session", params=ENGINES)
def running(request: pytest.FixtureRequest) -> Iterator[System]:
    """A started system on one engine."""
    if request.param == "docker":
        yield request.getfixturevalue("in_docker")
        return
    leash = Leash()
    system = ProcessSystem(leash, rabbitmq=request.param == "rabbitmq", settings=CHEAP_HASHES)
    try:
        system.stack.start()
        yield system
    finally:
        system.close()
        system.stack.stop()
        leash.release()


# The style that orders has by itself comes last: so the tests that ask for none have that one too.
@pytest.fixture(scope="session", params=["orchestration", "choreography"])
def saga(request: pytest.FixtureRequest, running: System) -> Iterator[str]:
    """Each style of saga. Kept for all tests that want it: orders is restarted for a style, not for a test."""
    style = str(request.param)
    if style == "choreography":
        yield style
        return
    running.configure("orders", SAGA=style)
    running.wait_ready("orders")
    yield style
    running.configure("orders")
    running.wait_ready("orders")


@pytest.fixture
def system(running: System) -> Iterator[System]:
    """The running system; whatever the test does to it is mended afterwards."""
    yield running
    running.mend()


@pytest.fixture
def customer(system: System) -> Account:
    """A fresh user with a session."""
    return system.register()


@pytest.fixture
def outage_seconds(system: System) -> float:
    """How long an outage lasts here."""
    return OUTAGE_SECONDS.get(system.name, 4.0)
