"""The contract of the bus, held against Redis Streams and RabbitMQ alike."""

from __future__ import annotations

import asyncio
from functools import partial
from uuid import uuid4

import pytest

from chassis import context
from chassis.events import amqp, stream_reader, topology
from chassis.events.bus import Bus, Permanent, connect
from chassis.events.contracts import CONTRACTS
from tests.system.messaging.brokers import Broker
from tests.system.messaging.conftest import Join
from tests.system.messaging.events import SAGA, Held, Seen, released
from tests.system.messaging.waiting import until


async def test_what_is_published_arrives_whole(join: Join) -> None:
    """Each event arrives once, equal in every field, its correlation id and trace included."""
    seen = Seen()
    bus = await join({SAGA: seen})
    with context.bind("corr-1"):
        events = [released() for _ in range(20)]
    events.append(events.pop().model_copy(update={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}))
    await bus.publish(events)
    await until(lambda: len(seen.events) >= 20)
    assert sorted(seen.events, key=lambda event: event.id) == sorted(events, key=lambda event: event.id)
    assert {event.correlation_id for event in seen.events} == {"corr-1"}


async def test_an_event_waits_for_a_consumer_that_never_ran(join: Join) -> None:
    """Services start in any order: what was published before a subscription's first consumer is delivered to it."""
    event = released()
    await (await join(name="publisher")).publish([event])
    seen = Seen()
    await join({SAGA: seen}, name="consumer")
    await until(lambda: seen.events == [event])


async def test_every_subscription_hears_what_the_topology_says(join: Join) -> None:
    """One event of each contract: every subscription gets those its bindings match, and no other."""
    heard = {subscription: Seen() for subscription in topology.SUBSCRIPTIONS}
    bus = await join(heard)
    template = released()
    await bus.publish([template.model_copy(update={"id": uuid4(), "type": kind}) for kind in CONTRACTS])
    wanted = {
        subscription: sorted(kind for kind, c in CONTRACTS.items() if topology.wants(subscription, c.exchange, kind))
        for subscription in topology.SUBSCRIPTIONS
    }
    await until(lambda: sum(len(seen.events) for seen in heard.values()) >= sum(map(len, wanted.values())))
    assert {name: sorted(event.type for event in seen.events) for name, seen in heard.items()} == wanted


async def test_a_failed_event_is_tried_again_after_a_growing_pause(join: Join) -> None:
    """Two failures cost two pauses, each at least as long as it should be; then the event is handled."""
    seen = Seen(ValueError("no"), OSError("still no"))
    bus = await join({SAGA: seen})
    event = released()
    await bus.publish([event])
    await until(lambda: len(seen.events) == 3)
    pauses = [later - earlier for earlier, later in zip(seen.at, seen.at[1:], strict=False)]
    assert all(pause >= delay for pause, delay in zip(pauses, topology.RETRY_DELAYS, strict=False)), pauses
    assert seen.ids() == [str(event.id)] * 3
    assert await bus.dead_letters(SAGA) == 0


async def test_attempts_are_bounded(broker: Broker, join: Join) -> None:
    """After as many attempts as there are pauses, and one, the event is a dead letter that says why, not what."""
    seen = Seen(*[ValueError("secret of somebody")] * 10)
    bus = await join({SAGA: seen})
    event = released()
    await bus.publish([event])
    await until(lambda: bus.dead_letters(SAGA))
    assert len(seen.events) == 1 + len(topology.RETRY_DELAYS)
    (letter,) = await broker.letters(SAGA)
    assert (letter.body, letter.reason) == (event.encode(), "ValueError after 4 attempts")


async def test_a_permanent_failure_is_not_tried_again(broker: Broker, join: Join) -> None:
    """The handler's own word that nothing can help ends it at the first attempt, with the handler's reason."""
    seen = Seen(Permanent("no such order"))
    bus = await join({SAGA: seen})
    await bus.publish([released()])
    await until(lambda: bus.dead_letters(SAGA))
    assert len(seen.events) == 1
    assert [letter.reason for letter in await broker.letters(SAGA)] == ["permanent: no such order"]


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00\xff", b"{", b"[]", b'"order.created"', b"{}", b"[" * 100_000, b'{"id": "\\ud800"}'],
    ids=["empty", "bytes", "torn", "list", "text", "object", "deep", "surrogate"],
)
async def test_garbage_goes_to_the_dead_letters_and_stops_nobody(broker: Broker, join: Join, garbage: bytes) -> None:
    """What is not an event is buried as it came, never handled, and the next event is handled as ever."""
    seen = Seen()
    bus = await join({SAGA: seen})
    await broker.inject(SAGA, garbage)
    event = released()
    await bus.publish([event])
    await until(lambda: seen.events == [event])
    await until(lambda: bus.dead_letters(SAGA))
    (letter,) = await broker.letters(SAGA)
    assert letter.body == garbage
    assert letter.reason.startswith("undecodable: ")


async def test_dead_letters_are_replayed_oldest_first_and_to_their_own_subscription(join: Join) -> None:
    """A replayed letter has all its attempts again; other subscriptions of the same event hear nothing of it."""
    failing, other = Seen(*[Permanent("not yet")] * 3), Seen()
    bus = await join({"payments.orders": failing, "inventory.orders": other})
    template = released().model_copy(update={"type": "order.cancelled"})
    events = [template.model_copy(update={"id": uuid4()}) for _ in range(3)]
    for number, event in enumerate(events, 1):  # handled at once, they could die in another order
        await bus.publish([event])
        await until(partial(_dead, bus, "payments.orders", number))
    await until(lambda: len(other.events) == 3)
    assert await bus.replay("payments.orders", 2) == 2
    await until(lambda: len(failing.events) == 5)
    assert {event.id for event in failing.events[3:]} == {events[0].id, events[1].id}
    assert await bus.dead_letters("payments.orders") == 1
    assert await bus.replay("payments.orders", 100) == 1
    assert await bus.replay("payments.orders", 100) == 0
    await until(lambda: len(failing.events) == 6)
    assert len(other.events) == 3


async def test_a_replayed_letter_has_all_its_attempts_again(broker: Broker, join: Join) -> None:
    """It fails once, is tried again like any other, and comes back when it still cannot be handled."""
    seen = Seen(Permanent("not yet"), ValueError("stumbles"), Permanent("never"))
    bus = await join({SAGA: seen})
    await bus.publish([released()])
    await until(lambda: bus.dead_letters(SAGA))
    assert await bus.replay(SAGA, 1) == 1
    await until(lambda: len(seen.events) == 3)
    await until(lambda: bus.dead_letters(SAGA))
    assert [letter.reason for letter in await broker.letters(SAGA)] == ["permanent: never"]


async def test_prefetch_bounds_the_handlers_at_work(join: Join) -> None:
    """With a prefetch of two, two events are handled at once and the others wait for their turn."""
    held = Held()
    bus = await join({SAGA: held}, prefetch=2)
    await bus.publish([released() for _ in range(8)])
    await until(lambda: held.running == 2)
    seen = Seen()
    await join({"notifications.sms": seen}, name="another")  # time enough for a third to arrive
    assert len(held.events) == 2
    held.go.set()
    await until(lambda: len(held.done) == 8)
    assert held.most == 2


async def test_instances_share_the_work(join: Join) -> None:
    """Two instances of a service: each event is handled by one of them."""
    one, two = Seen(), Seen()
    bus = await join({SAGA: one}, name="one", prefetch=5)
    await join({SAGA: two}, name="two", prefetch=5)
    events = [released() for _ in range(40)]
    for event in events:
        await bus.publish([event])
    await until(lambda: len(one.events) + len(two.events) >= 40)
    assert sorted(one.ids() + two.ids()) == sorted(str(event.id) for event in events)


async def test_stop_waits_for_what_is_in_flight(broker: Broker, join: Join) -> None:
    """The handler at work finishes and is acknowledged before stop returns; nothing new is begun meanwhile."""
    held = Held()
    bus = await join({SAGA: held}, prefetch=1)
    await bus.publish([released() for _ in range(3)])
    await until(lambda: held.running == 1)
    stopping = asyncio.create_task(bus.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    held.go.set()
    await stopping
    assert len(held.done) == len(held.events) == 1
    await until(lambda: _is(broker.left(SAGA), 2))


async def test_stop_cuts_what_does_not_end(broker: Broker, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that outlives the drain is cut off, not acknowledged, and another instance gets its event."""
    for module in ("amqp", "stream_reader"):
        monkeypatch.setattr(f"chassis.events.{module}.DRAIN", 0.1)
    held, seen = Held(), Seen()
    bus = await join({SAGA: held})
    event = released()
    await bus.publish([event])
    await until(lambda: held.running == 1)
    await bus.stop()
    assert (held.running, held.done) == (0, [])
    await until(lambda: _is(broker.left(SAGA), 1))
    await join({SAGA: seen}, name="two")
    await until(lambda: seen.events == [event])


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus that would wait for an hour, if there were anything to wait for."""
    for module in (amqp, stream_reader):
        monkeypatch.setattr(module, "DRAIN", 3600.0)


async def test_stop_does_not_wait_for_the_next_attempt(broker: Broker, join: Join, patient: None) -> None:
    """An event that waits for its pause to end is left to whoever comes next."""
    topology.RETRY_DELAYS = (3600,)  # the fixture puts it back
    seen, later = Seen(ValueError("no")), Seen()
    bus = await join({SAGA: seen})
    await bus.publish([released()])
    await until(lambda: len(seen.events) == 1)
    async with asyncio.timeout(30):
        await bus.stop()
    await until(lambda: _is(broker.left(SAGA), 1))
    assert later.events == []


async def test_a_handler_that_fails_during_stop_does_not_hold_it_up(broker: Broker, join: Join, patient: None) -> None:
    """Its event is not lost: it waits in the broker."""

    async def fail_late(_event: object) -> None:
        await held(event)
        raise ValueError("no")

    held, event = Held(), released()
    bus = await join({SAGA: fail_late})
    await bus.publish([event])
    await until(lambda: held.running == 1)
    stopping = asyncio.create_task(bus.stop())
    await asyncio.sleep(0.05)
    held.go.set()
    async with asyncio.timeout(30):
        await stopping
    await until(lambda: _is(broker.left(SAGA), 1))


async def test_only_subscriptions_of_the_topology_can_be_consumed(broker: Broker) -> None:
    """A queue that nobody wrote down is refused where it is asked for."""
    bus = connect(broker.url, service="test", instance="one", prefetch=1)
    with pytest.raises(ValueError, match="not in the topology"):
        bus.subscribe("orders.shadow", Seen())
    await bus.stop()


async def test_an_unknown_transport_is_refused() -> None:
    """EVENTS_URL chooses between two transports; there is no third."""
    with pytest.raises(ValueError, match="EVENTS_URL must start with"):
        connect("kafka://somewhere", service="test", instance="one", prefetch=1)


async def _dead(bus: Bus, subscription: str, expected: int) -> None:
    assert await bus.dead_letters(subscription) == expected


async def _is(asked: object, expected: int) -> bool:
    assert await asked == expected  # type: ignore[misc]
    return True
