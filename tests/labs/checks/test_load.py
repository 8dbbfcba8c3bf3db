"""The `load` kind, against a real HTTP server on a real socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.labs.checks.looking import check, looked, unmet
from tests.system.gateway.upstream import Received, Upstream, after, answer, hang, hang_up
from tutor.labs.check import CannotLook
from tutor.labs.checks import load
from tutor.labs.checks.load import percentile
from tutor.labs.reach import Reach


async def test_it_passes_and_fails_by_what_came_back(shop: Upstream, reach: Reach) -> None:
    """Every request counts once, by its status; what failed on the server is the error rate."""
    shop.script = [answer(503), answer(404), hang_up]
    seen = await looked(reach, "load", path="/", rps=50, for_="200ms")
    right = {"total": 10, "ok": 7, "failed": 2, "error_rate": 0.2}
    assert unmet({**right, "statuses": {"eq": {"200": 7, "404": 1, "503": 1, "reset": 1}}}, seen) == []
    assert unmet({"error_rate": {"lt": 0.1}, "statuses": {"503": {"absent": True}}}, seen) == [
        "error_rate",
        "statuses.503",
    ]
    assert unmet({name: {"type": "number"} for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms", "rps")}, seen) == []


async def test_the_loop_is_open(shop: Upstream, reach: Reach) -> None:
    """Requests leave when they are due, whether or not earlier ones came back."""
    under_way, most = 0, 0

    async def slow(request: Received, writer: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await after(0.4, answer())(request, writer)
        under_way -= 1

    shop.behave = slow
    seen = await looked(reach, "load", path="/", rps=50, for_="200ms")
    assert most > 5  # a client that waits for its answer would never have more than one
    assert unmet({"total": 10, "p50_ms": {"ge": 400}}, seen) == []


async def test_waiting_clients_never_have_more_than_one_request_each(shop: Upstream, reach: Reach) -> None:
    """`clients` is the closed loop: so many at once, and no more than `max` in all."""
    under_way, most = 0, 0

    async def busy(request: Received, writer: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await after(0.01, answer())(request, writer)
        under_way -= 1

    shop.behave = busy
    seen = await looked(reach, "load", path="/", clients=3, for_="10s", max=30)
    assert most == 3
    assert 30 <= seen.values["total"] <= 32  # each client may have one under way when the number is reached
    assert len(shop.received) == seen.values["total"]


async def test_what_was_due_before_is_not_counted(shop: Upstream, reach: Reach) -> None:
    """`after` leaves the time out in which the system finds its balance."""
    shop.script = [answer(500) for _ in range(10)]
    seen = await looked(reach, "load", path="/", rps=50, for_="400ms", after="200ms")
    assert unmet({"total": 10, "error_rate": 0}, seen) == []
    assert len(shop.received) == 20


async def test_requests_take_turns(shop: Upstream, reach: Reach) -> None:
    """`mix` varies what the check writes; numbers and fresh values differ for each."""
    reach.variables |= {"old": "old-token", "customer.token": "new-token"}
    await looked(
        reach, "load", path="/o/${number}", rps=50, for_="80ms", headers={"X-A": "1"},
        mix=[{"headers": {"Authorization": "Bearer ${old}"}}, {"as": "customer"}],
    )  # fmt: skip
    sent = sorted((request.target, request.value("authorization")) for request in shop.received)
    assert sent == [
        ("/o/1", "Bearer old-token"),
        ("/o/2", "Bearer new-token"),
        ("/o/3", "Bearer old-token"),
        ("/o/4", "Bearer new-token"),
    ]
    assert {request.value("x-a") for request in shop.received} == {"1"}


async def test_some_without_an_answer_are_seen(shop: Upstream, reach: Reach) -> None:
    """When some come through, those that do not are the learner's; latency counts the time they waited."""
    shop.script = [hang]
    seen = await looked(reach, "load", path="/", rps=20, for_="200ms", timeout="300ms")
    assert unmet({"statuses": {"timeout": 1}, "failed": 1, "max_ms": {"ge": 300}}, seen) == []


async def test_a_machine_that_is_too_busy_is_an_error(
    shop: Upstream, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that left late measured this machine, and say nothing about the learner's work."""
    monkeypatch.setattr(load, "LATE", -1.0)
    with pytest.raises(CannotLook, match="this machine was too busy"):
        await looked(reach, "load", path="/", rps=50, for_="100ms")


async def test_an_unknown_variable_is_an_error(shop: Upstream, reach: Reach) -> None:
    """It is said as one sentence, and nothing is sent."""
    with pytest.raises(CannotLook, match=r"nothing is known as \$\{order\}"):
        await looked(reach, "load", path="/${order}", rps=5, for_="100ms")
    assert shop.received == []


async def test_cancelling_ends_it(shop: Upstream, reach: Reach) -> None:
    """Ctrl-C during a load leaves no request under way."""
    shop.behave = hang
    task = asyncio.create_task(looked(reach, "load", path="/", rps=50, for_="30s"))
    while not shop.received:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(200):
        if shop.abandoned == len(shop.received):
            break
        await asyncio.sleep(0.01)
    assert shop.abandoned == len(shop.received)


def test_percentiles_are_by_nearest_rank() -> None:
    """The 95th of 100 values is the 95th value; of nothing there is none."""
    seconds = [number / 1000 for number in range(1, 101)]
    assert [percentile(seconds, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([], 50) is None


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "write `rps`"),
        ({"rps": 5, "clients": 5}, "write `rps`"),
        ({"rps": 201}, "less than or equal to 200"),
        ({"clients": 51}, "less than or equal to 50"),
        ({"rps": 5, "for": "61s"}, "give it at most 60s"),
        ({"rps": 5, "for": "5s", "after": "5s"}, "leaves nothing to count"),
        ({"rps": 5, "method": "POST"}, "write `act: true`"),
        ({"rps": 5, "url": "http://203.0.113.1/"}, "Extra inputs are not permitted"),
    ],
)
def test_a_load_without_bounds_is_refused(keys: dict[str, Any], says: str) -> None:
    """Nothing that could hurt this machine or another one can be written."""
    with pytest.raises(ValueError, match=says):
        check("load", path="/", **keys)
