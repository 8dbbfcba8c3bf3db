"""Which instance gets the next request, and which gets none for a while."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from gateway.balancer import Address, Balancer, Instance
from gateway.config import Ejection, RetryBudget
from gateway.config import Upstream as Config
from gateway.upstream import Budget
from tests.system.gateway.conftest import StartGateway, StartUpstream
from tests.system.gateway.running import routes, until
from tests.system.gateway.upstream import Behaviour, answer, hang, hang_up

THINGS = {"path": "/api/things", "methods": ["GET", "POST"], "upstream": "orders", "auth": "none"}
ONCE = {**THINGS, "retry": {"attempts": 1}}


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def balancer(count: int, clock: Clock | None = None, balance: str = "round_robin", **ejection: float) -> Balancer:
    """A balancer of so many instances."""
    config = Config.model_validate({"instances": ["http://unused"], "balance": balance, "ejection": ejection})
    made = Balancer("unit", config, clock or Clock())
    made.replace([address(number) for number in range(count)])
    return made


def address(number: int) -> Address:
    """Where instance `number` is."""
    return Address("http", f"10.0.0.{number}", 8000, "orders")


def chosen(from_: Balancer, times: int) -> Counter[str]:
    """How often each instance is chosen."""
    found: Counter[str] = Counter()
    for _ in range(times):
        instance = from_.choose()
        assert instance is not None
        found[instance.address.host] += 1
    return found


@pytest.mark.parametrize("balance", ["round_robin", "least_connections"])
def test_idle_instances_share_evenly(balance: str) -> None:
    """Both ways give equal shares when nothing is going on: with ties, the first instance has no advantage."""
    assert set(chosen(balancer(3, balance=balance), 30).values()) == {10}


def test_least_connections_prefers_who_is_least_busy() -> None:
    """The instance with the fewest requests under way is next, and those tied for it take turns."""
    three = balancer(3, balance="least_connections")
    first, second, third = three.instances
    first.in_flight = 5
    assert chosen(three, 10) == {"10.0.0.1": 5, "10.0.0.2": 5}
    second.in_flight, third.in_flight = 7, 6
    assert chosen(three, 10) == {"10.0.0.0": 10}


def test_nobody_is_chosen_from_nothing() -> None:
    """Without instances there is no choice, and with all of them tried there is one again."""
    assert balancer(0).choose() is None
    one = balancer(1)
    assert one.choose(one.instances) is one.instances[0]


def test_failures_in_a_row_eject_for_longer_each_time() -> None:
    """Three failures cost 5 s; failing on probation costs 10, then 20, up to the longest; a success forgives all."""
    clock = Clock()
    two = balancer(2, clock, seconds=5, longest=20)
    bad, good = two.instances
    two.failed(bad)
    two.failed(bad)
    two.succeeded(bad)
    two.failed(bad)
    two.failed(bad)
    assert "10.0.0.0" in chosen(two, 4)
    two.failed(bad)
    for seconds in (5, 10, 20, 20):
        assert chosen(two, 4) == {good.address.host: 4}
        clock.now += seconds - 0.1
        assert chosen(two, 4) == {good.address.host: 4}
        clock.now += 0.2
        assert "10.0.0.0" in chosen(two, 4)
        two.failed(bad)
    clock.now += 100
    two.succeeded(bad)
    two.failed(bad)
    assert "10.0.0.0" in chosen(two, 4)


def test_an_answer_from_before_changes_no_ejection() -> None:
    """Requests that were under way when an instance was ejected neither bring it back nor keep it out longer."""
    clock = Clock()
    two = balancer(2, clock, failures=1, seconds=5)
    bad = two.instances[0]
    two.failed(bad)
    two.succeeded(bad)
    assert chosen(two, 4) == {"10.0.0.1": 4}
    clock.now += 4
    two.failed(bad)
    clock.now += 1.1
    assert "10.0.0.0" in chosen(two, 4)


def test_a_new_list_keeps_what_is_known() -> None:
    """An instance that stays on the list stays ejected; one that comes is used; one that goes is forgotten."""
    three = balancer(3, failures=1)
    three.failed(three.instances[0])
    three.replace([address(0), address(3), address(3)])
    assert chosen(three, 4) == {"10.0.0.3": 4}
    assert REGISTRY.get_sample_value("gateway_instances", {"upstream": "unit"}) == 2
    assert REGISTRY.get_sample_value("gateway_instances_ejected", {"upstream": "unit"}) == 1


def test_when_the_list_shrinks_to_ejected_instances_they_are_used() -> None:
    """Better a bad instance than none."""
    two = balancer(2, failures=1)
    two.failed(two.instances[0])
    two.replace([address(0)])
    assert chosen(two, 2) == {"10.0.0.0": 2}


steps = st.lists(
    st.tuples(st.sampled_from(["fail", "succeed", "wait", "choose"]), st.integers(0, 9)), min_size=1, max_size=80
)


@given(count=st.integers(1, 10), share=st.sampled_from([0.0, 0.3, 0.5, 1.0]), events=steps)
def test_there_is_always_a_choice_and_never_too_few_instances(
    count: int, share: float, events: list[tuple[str, int]]
) -> None:
    """Whatever fails, in whatever order: no more than the share is ejected, and somebody is always chosen."""
    clock = Clock()
    some = balancer(count, clock, share=share, failures=2)
    for event, number in events:
        instance = some.instances[number % count]
        if event == "fail":
            some.failed(instance)
        elif event == "succeed":
            some.succeeded(instance)
        elif event == "wait":
            clock.now += number
        assert some.choose() is not None
        ejected = sum(one.ejected_until > clock.now for one in some.instances)
        assert ejected <= count * share


def test_the_budget_is_a_share_of_requests() -> None:
    """Retries are saved up by requests, and a few come with time, so that a quiet service can be retried as well."""
    clock = Clock()
    budget = Budget(RetryBudget(ratio=0.5, per_second=1, burst=2), clock)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.deposit()
    assert not budget.spend()
    budget.deposit()
    assert budget.spend()
    clock.now += 1
    assert budget.spend()
    clock.now += 100
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_an_instance_knows_its_address() -> None:
    """IPv6 addresses are bracketed, and the Host header carries the name that the certificate is for."""
    there = Address("https", "fd00::1", 8443, "orders")
    assert (Instance(there).base, there.authority) == ("https://[fd00::1]:8443", "orders:8443")
    assert Address("http", "::1", 80, "::1").authority == "[::1]:80"


def test_no_instance_may_be_ejected_when_the_share_is_nothing() -> None:
    """`share: 0` turns ejection off."""
    assert Ejection(share=0).share == 0
    one = balancer(1, failures=1, share=0)
    one.failed(one.instances[0])
    assert one.instances[0].ejected_until == 0


async def test_requests_go_round(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    """Over the wire: three instances get a third each."""
    instances = [await start_upstream() for _ in range(3)]
    gateway = await start_gateway(routes({"orders": [one.url for one in instances]}, THINGS))
    for _ in range(12):
        assert (await gateway.get("/api/things")).status_code == 200
    assert [len(one.received) for one in instances] == [4, 4, 4]


async def test_a_slow_instance_gets_less(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    """With least connections, what piles up at a slow instance is what it is already busy with."""
    slow, quick = await start_upstream(hang), await start_upstream()
    described = {"instances": [slow.url, quick.url], "balance": "least_connections"}
    gateway = await start_gateway(routes({"orders": described}, THINGS))
    stuck = []
    while not slow.received:
        stuck.append(asyncio.create_task(gateway.get("/api/things")))
        await asyncio.wait(stuck[-1:], timeout=0.5)
    before = len(quick.received)
    for _ in range(10):
        assert (await gateway.get("/api/things")).status_code == 200
    assert (len(slow.received), len(quick.received)) == (1, before + 10)
    for one in stuck:
        one.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)


@pytest.mark.parametrize("failure", [answer(500), hang_up], ids=["500", "hangs up"])
async def test_a_failing_instance_is_ejected(
    start_gateway: StartGateway, start_upstream: StartUpstream, failure: Behaviour
) -> None:
    """After three failures in a row it gets nothing, and all requests succeed with the other one."""
    bad, good = await start_upstream(failure), await start_upstream()
    gateway = await start_gateway(routes({"orders": [bad.url, good.url]}, ONCE))
    statuses = [(await gateway.client.post("/api/things")).status_code for _ in range(20)]
    assert sum(status >= 500 for status in statuses) == len(bad.received) == 3
    assert statuses[-10:] == [200] * 10


async def test_a_stopped_instance_costs_no_request(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    """One of two instances dies under load: no client notices, POSTs included."""
    dying, staying = await start_upstream(), await start_upstream()
    gateway = await start_gateway(routes({"orders": [dying.url, staying.url]}, THINGS))
    statuses: list[int] = []
    stop = asyncio.Event()

    async def load() -> None:
        while not stop.is_set():
            statuses.append((await gateway.client.post("/api/things")).status_code)

    working = [asyncio.create_task(load()) for _ in range(4)]
    await until(lambda: len(dying.received) > 10)
    await dying.stop()
    mark = len(statuses)
    await until(lambda: len(statuses) > mark + 40)
    stop.set()
    await asyncio.gather(*working)
    # What was already read by the instance that died may have been done: those few, and no others, are told so.
    assert statuses.count(502) <= 4
    assert set(statuses[mark + 4 :]) == {200}
    assert set(statuses) <= {200, 502}
