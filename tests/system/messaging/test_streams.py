"""What only Redis Streams have: pending entries that change hands, groups that vanish, streams that are trimmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis.events import stream_reader, stream_store, topology
from chassis.events.bus import BusUnavailable
from chassis.events.contracts import COMMANDS, EVENTS
from tests.system.messaging.brokers import StreamsBroker
from tests.system.messaging.conftest import Join
from tests.system.messaging.events import SAGA, Seen, released
from tests.system.messaging.waiting import until

NODE = 100  # entries that Redis keeps in one piece and trims as one


@pytest.fixture
def broker(redis_broker: StreamsBroker) -> StreamsBroker:
    """Only this one."""
    return redis_broker


@pytest.fixture
async def redis(broker: StreamsBroker) -> AsyncIterator[stream_store.Client]:
    """A connection of the test's own, with everything declared."""
    async with broker.client() as client:
        await stream_store.declare(client)
        yield client


async def _read(redis: stream_store.Client, subscription: str, consumer: str, count: int = 1000) -> list[bytes]:
    """What a consumer gets when it reads all of its streams once; nothing of it is acknowledged."""
    wanted = dict.fromkeys(stream_store.streams_of(subscription), ">")
    answer = await redis.xreadgroup(subscription, consumer, wanted, count=count)
    return [entry for _, entries in answer for entry, _ in entries]


async def _acknowledge_all(redis: stream_store.Client, stream: str, but: str = "") -> None:
    readers = [name for name in topology.SUBSCRIPTIONS if stream in stream_store.streams_of(name) and name != but]
    for subscription in readers:
        if entries := await _read(redis, subscription, "reader"):
            await redis.xack(stream, subscription, *entries)


@pytest.fixture
def _keep_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_store, "KEEP", NODE)


@pytest.mark.usefixtures("_keep_little")
async def test_what_everybody_has_acknowledged_is_trimmed(redis: stream_store.Client) -> None:
    """A stream that has grown long keeps the last piece of it."""
    await stream_store.publish(redis, [released() for _ in range(4 * NODE)])
    await _acknowledge_all(redis, EVENTS)
    await stream_store.trim(redis)
    assert await redis.xlen(EVENTS) <= NODE


@pytest.mark.usefixtures("_keep_little")
async def test_a_short_stream_is_left_alone(redis: stream_store.Client) -> None:
    """Those who look at a quiet system find its last events."""
    await stream_store.publish(redis, [released() for _ in range(NODE)])
    await _acknowledge_all(redis, EVENTS)
    await stream_store.trim(redis)
    assert await redis.xlen(EVENTS) == NODE


@pytest.mark.usefixtures("_keep_little")
@pytest.mark.parametrize("held_back", ["unread", "pending", "missing"])
async def test_nothing_that_a_group_still_needs_is_trimmed(redis: stream_store.Client, held_back: str) -> None:
    """One service is down, or slow with one entry, or its group is gone: what it has to read stays, all of it."""
    await stream_store.publish(redis, [released() for _ in range(NODE)])
    needed = 4 * NODE
    await stream_store.publish(redis, [released() for _ in range(needed)])
    await _acknowledge_all(redis, EVENTS, but=SAGA)
    entries = await _read(redis, SAGA, "slow", NODE)
    await redis.xack(EVENTS, SAGA, *entries)
    if held_back == "pending":
        entries = await _read(redis, SAGA, "slow")
        await redis.xack(EVENTS, SAGA, *entries[1:])
    if held_back == "missing":
        await redis.xgroup_destroy(EVENTS, SAGA)
        needed += NODE
    await stream_store.trim(redis)
    assert await redis.xlen(EVENTS) >= needed
    if held_back == "missing":
        await stream_store.declare(redis)
        assert len(await _read(redis, SAGA, "late")) == needed


@pytest.mark.usefixtures("_keep_little")
async def test_a_running_bus_trims(join: Join, redis: stream_store.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to remember to do it."""
    monkeypatch.setattr("chassis.events.streams.TRIM_EVERY", 0.1)
    await stream_store.publish(redis, [released() for _ in range(3 * NODE)])
    await _acknowledge_all(redis, EVENTS)
    await join()

    async def trimmed() -> bool:
        return int(await redis.xlen(EVENTS)) <= NODE

    await until(trimmed)


async def test_a_restarted_instance_goes_on_with_what_it_had(join: Join, redis: stream_store.Client) -> None:
    """By its stable name it finds its own pending entries at once, without waiting for them to become idle."""
    event = released()
    await stream_store.publish(redis, [event])
    assert len(await _read(redis, SAGA, "one")) == 1
    seen = Seen()
    await join({SAGA: seen}, name="one")
    await until(lambda: seen.events == [event])


async def test_attempts_are_counted_across_restarts(
    broker: StreamsBroker, join: Join, redis: stream_store.Client
) -> None:
    """Three deliveries came to nothing; the fourth fails, and with it the last attempt is gone."""
    await stream_store.publish(redis, [released()])
    (entry,) = await _read(redis, SAGA, "one")
    for _ in range(2):
        await redis.xclaim(EVENTS, SAGA, "one", 0, [entry])
    seen = Seen(ValueError("no"))
    bus = await join({SAGA: seen}, name="one")
    await until(lambda: bus.dead_letters(SAGA))
    assert [letter.reason for letter in await broker.letters(SAGA)] == ["ValueError after 4 attempts"]
    assert len(seen.events) == 1


async def test_an_idle_entry_is_found_behind_many_that_are_not(
    join: Join, redis: stream_store.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of pending entries that are held by a live consumer does not hide the dead one's on the next page."""
    monkeypatch.setattr(topology, "RETRY_DELAYS", (3600,))
    monkeypatch.setattr(stream_reader, "TOUCH", 0.05)
    seen = Seen(*[ValueError("no")] * 50)
    bus = await join({SAGA: seen}, name="live", prefetch=1)
    await bus.publish([released() for _ in range(50)])
    await until(lambda: len(seen.events) == 50)
    await bus.stop()
    lost = released()
    await stream_store.publish(redis, [lost])
    assert len(await _read(redis, SAGA, "dead")) == 1
    await join({SAGA: seen}, name="live", prefetch=1)
    await until(lambda: lost in seen.events)


async def test_an_entry_deleted_while_it_was_pending_is_let_go(
    broker: StreamsBroker, join: Join, redis: stream_store.Client
) -> None:
    """There is nothing left to handle, so it is acknowledged instead of being looked at for ever."""
    await stream_store.publish(redis, [released(), released()])
    entries = await _read(redis, SAGA, "one")
    await redis.xdel(EVENTS, *entries)
    seen = Seen()
    bus = await join({SAGA: seen}, name="one")
    event = released()
    await bus.publish([event])
    await until(lambda: seen.events == [event])
    await bus.stop()
    assert await broker.left(SAGA) == 0


async def test_an_entry_without_our_fields_is_everybodys_dead_letter(join: Join, redis: stream_store.Client) -> None:
    """Who it was for cannot be known, so everybody who reads the stream says that it is garbage."""
    commands = [name for name in topology.SUBSCRIPTIONS if COMMANDS in stream_store.streams_of(name)]
    bus = await join(dict.fromkeys(commands, Seen()))
    await redis.xadd(COMMANDS, {"what": "is this"})
    for subscription in commands:
        await until(lambda name=subscription: bus.dead_letters(name))  # type: ignore[misc]


async def test_events_of_others_are_passed_over_without_a_handler(broker: StreamsBroker, join: Join) -> None:
    """All subscriptions read the same stream; what a subscription is not bound to is acknowledged unseen."""
    seen = Seen()
    bus = await join({"notifications.sms": seen})
    await bus.publish([released().model_copy(update={"type": "notify.email"})])
    wanted = released().model_copy(update={"type": "notify.sms"})
    await bus.publish([wanted])
    await until(lambda: seen.events == [wanted])
    await bus.stop()
    assert await broker.left("notifications.sms") == 0


async def test_events_that_wait_for_their_next_attempt_are_bounded(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """When everything fails, a consumer stops reading instead of collecting the whole stream in its memory."""
    monkeypatch.setattr(topology, "RETRY_DELAYS", (3600,))
    monkeypatch.setattr(stream_reader, "MOST_WAITING", 5)
    seen = Seen(*[ValueError("no")] * 100)
    bus = await join({SAGA: seen}, prefetch=5)
    await bus.publish([released() for _ in range(30)])
    await until(lambda: len(seen.events) >= 5)
    await asyncio.sleep(0.2)  # time for one that should not come
    assert len(seen.events) <= 10


async def test_a_redis_without_memory_refuses_events_and_loses_none(
    broker: StreamsBroker, join: Join, redis: stream_store.Client
) -> None:
    """Nothing is evicted: the publisher is told, keeps the event, and sends it again when there is room."""
    seen = Seen()
    bus = await join({SAGA: seen})
    event = released()
    try:
        await redis.config_set("maxmemory", 1)
        with pytest.raises(BusUnavailable):
            await bus.publish([event])
    finally:
        await redis.config_set("maxmemory", 0)
    await bus.publish([event])
    await until(lambda: event in seen.events)


async def test_a_letter_is_buried_and_acknowledged_in_one_step(
    broker: StreamsBroker, join: Join, redis: stream_store.Client
) -> None:
    """While the dead letters cannot be written, the entry stays pending: it is in one of both places, always."""
    await redis.set(topology.dead_queue(SAGA), "not a stream")
    bus = await join({SAGA: Seen()})
    await broker.inject(SAGA, b"garbage")

    async def pending() -> int:
        return int((await redis.xpending(EVENTS, SAGA))["pending"])

    await until(pending)
    await asyncio.sleep(0.1)
    assert await pending() == 1
    await redis.delete(topology.dead_queue(SAGA))
    await until(lambda: bus.dead_letters(SAGA))
    assert await pending() == 0
