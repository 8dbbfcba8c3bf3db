"""Faults on purpose: each does what it says, where it says, and comes to an end. And metrics that stay bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from chassis import metrics
from chassis.faults import MEBIBYTE, Fault, Faults
from chassis.problems import Problem
from tests.system.messaging.waiting import until


@pytest.fixture
async def faults() -> AsyncIterator[Faults]:
    """Nothing is wrong yet."""
    made = Faults()
    yield made
    made.clear()


async def _status(faults: Faults, path: str = "/orders") -> int:
    try:
        await faults.strike(path)
    except Problem as problem:
        return problem.status
    return 200


async def test_nothing_is_wrong_at_first(faults: Faults) -> None:
    """And striking does nothing."""
    assert faults.now() == {"active": False}
    assert await _status(faults) == 200


async def test_latency_is_added_to_each_request(faults: Faults) -> None:
    """At least as much as was asked for."""
    clock = asyncio.get_running_loop().time
    faults.set(Fault(latency_ms=50, jitter_ms=10))
    begun = clock()
    assert await _status(faults) == 200
    assert clock() - begun >= 0.05


async def test_a_share_of_the_requests_fails(faults: Faults) -> None:
    """Neither none nor all of them, with the status that was asked for."""
    faults.set(Fault(error_rate=0.5, status=418))
    found = [await _status(faults) for _ in range(200)]
    assert set(found) == {200, 418}


async def test_only_the_prefix_is_hit(faults: Faults) -> None:
    """Health is spared unless it is meant: otherwise every fault would look like a dead instance."""
    faults.set(Fault(error_rate=1, path_prefix="/orders"))
    assert [await _status(faults, path) for path in ("/orders/1", "/products", "/health/ready")] == [503, 200, 200]
    faults.set(Fault(error_rate=1))
    assert [await _status(faults, path) for path in ("/products", "/health/ready")] == [503, 200]
    faults.set(Fault(error_rate=1, path_prefix="/health/ready"))
    assert [await _status(faults, path) for path in ("/products", "/health/ready", "/health/live")] == [200, 503, 200]


async def test_what_hangs_goes_on_when_the_fault_is_over(faults: Faults) -> None:
    """Removed, replaced or expired: nobody hangs for ever."""
    for end in (faults.clear, lambda: faults.set(Fault(latency_ms=1)), None):
        faults.set(Fault(hang=True, for_seconds=60 if end else 0.05))
        hanging = asyncio.create_task(_status(faults))
        await asyncio.sleep(0.01)
        assert not hanging.done()
        if end:
            end()
        assert await hanging == 200


async def test_memory_is_taken_and_given_back(faults: Faults) -> None:
    """As much as was asked for, until the end."""
    faults.set(Fault(memory_mb=3))
    assert len(faults._ballast) == 3 * MEBIBYTE
    faults.clear()
    assert faults._ballast == b""


async def test_every_fault_ends_by_itself(faults: Faults) -> None:
    """Whoever sets one and goes home leaves a system that recovers."""
    faults.set(Fault(error_rate=1, memory_mb=1, for_seconds=0.05))
    assert faults.now()["active"]
    await until(lambda: not faults.active)
    assert await _status(faults) == 200
    assert faults._ballast == b""


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency_ms": -1},
        {"latency_ms": 10**9},
        {"error_rate": 1.1},
        {"error_rate": float("nan")},
        {"status": 200},
        {"memory_mb": 10**6},
        {"for_seconds": 0},
        {"for_seconds": float("inf")},
        {"path_prefix": "orders"},
        {"hang": True, "forever": True},
    ],
    ids=str,
)
def test_a_fault_without_bounds_is_refused(wrong: dict[str, object]) -> None:
    """Also one with a misspelt name, which would do nothing and say nothing."""
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)


@given(st.lists(st.text(st.characters(codec="ascii", categories=["Lu"]), min_size=1, max_size=8), max_size=30))
def test_invented_methods_are_one_series(methods: list[str]) -> None:
    """A client chooses its method; it must not choose how many series there are."""
    for method in methods:
        metrics.observe(method, "/fixed", 405, 0.001)
    found = {
        sample.labels["method"]
        for family in REGISTRY.collect()
        if family.name == "http_requests"
        for sample in family.samples
        if sample.labels.get("route") == "/fixed"
    }
    assert found <= {*metrics.METHODS, "OTHER"}


def test_what_is_exposed_can_be_scraped() -> None:
    """In the format that Prometheus reads, with a histogram whose buckets go from 5 ms to 5 s."""
    metrics.observe("GET", "/things/{id}", 200, 0.03)
    families = {family.name: family for family in text_string_to_metric_families(metrics.exposition().decode())}
    counts = {
        float(sample.labels["le"]): sample.value
        for sample in families["http_request_duration_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["route"] == "/things/{id}"
    }
    assert sorted(counts)[:-1] == list(metrics.BUCKETS)
    assert (counts[0.025], counts[0.05]) == (0, 1)
    assert not any(name.endswith("_created") for name in families)
