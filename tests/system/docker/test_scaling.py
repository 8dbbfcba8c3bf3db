"""Two instances of a service: the gateway finds both, shares the load between them, and misses none that dies."""

from __future__ import annotations

import uuid

import pytest
from docker.models.containers import Container

from tests.system.harness.base import Account
from tests.system.harness.docker import DockerSystem
from tests.system.harness.load import load
from tests.system.harness.waiting import eventually

pytestmark = pytest.mark.docker


def _answered(container: Container, line: str = "GET /orders 200") -> int:
    return int(container.logs().decode("utf-8", "replace").count(line))


def _two(system: DockerSystem, customer: Account) -> list[Container]:
    """Two instances of orders, both of which the gateway uses already."""
    system.scale("orders", 2)
    both = system.containers("orders")
    assert len(both) == 2

    def both_answer() -> bool:
        assert system.call("GET", "/api/orders", token=customer.token).status == 200
        return all(_answered(one) for one in both)

    eventually(both_answer)
    return both


def test_the_load_is_shared(system: DockerSystem, customer: Account) -> None:
    """Of forty requests in a row neither instance gets less than a quarter."""
    both = _two(system, customer)
    before = [_answered(one) for one in both]
    for _ in range(40):
        assert system.call("GET", "/api/orders", token=customer.token).status == 200
    shares = [_answered(one) - then for one, then in zip(both, before, strict=True)]
    assert sum(shares) == 40
    assert min(shares) >= 10


def test_an_instance_that_is_killed_costs_no_request(system: DockerSystem, customer: Account) -> None:
    """kill -9 under load: reads, and writes with an Idempotency-Key, are tried again on the other instance."""
    both = _two(system, customer)
    with (
        load(lambda: system.call("GET", "/api/orders", token=customer.token)) as reads,
        load(lambda: system.order(customer, key=uuid.uuid4().hex), threads=1, pause=0.1) as writes,
    ):
        eventually(lambda: len(reads.answers) > 20 and len(writes.answers) > 3)
        both[0].kill()
        seen = len(reads.answers)
        eventually(lambda: len(reads.answers) > seen + 100)
    assert (reads.statuses(), reads.broken) == ({200}, [])
    assert (writes.statuses(), writes.broken) == ({201}, [])
    placed = [answer.json()["id"] for answer in writes.answers]
    known = {row["id"] for row in system.sql("orders", f"SELECT id FROM orders WHERE user_id = '{customer.id}'")}
    assert sorted(known) == sorted(placed)  # each once, none besides


def test_an_instance_that_is_stopped_finishes_what_it_has_begun(system: DockerSystem, customer: Account) -> None:
    """SIGTERM under load: it drains, the other one takes over, and nobody notices."""
    both = _two(system, customer)
    with load(lambda: system.call("GET", "/api/orders", token=customer.token)) as reads:
        eventually(lambda: len(reads.answers) > 20)
        both[0].stop()
        seen = len(reads.answers)
        eventually(lambda: len(reads.answers) > seen + 50)
    assert (reads.statuses(), reads.broken) == ({200}, [])
    both[0].reload()
    assert both[0].attrs["State"]["ExitCode"] == 0
