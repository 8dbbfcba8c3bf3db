"""What breaks, and comes back: brokers that stop, hang and forget, consumers that die. Nothing published is lost."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from chassis.events import topology
from chassis.events.bus import Bus, BusUnavailable, Unroutable, connect
from chassis.events.envelope import Event
from tests.system.messaging import worker
from tests.system.messaging.brokers import Broker
from tests.system.messaging.conftest import Join
from tests.system.messaging.events import SAGA, Held, Seen, released
from tests.system.messaging.proxy import Proxy, proxied
from tests.system.messaging.waiting import until

ROOT = Path(__file__).resolve().parents[3]


async def publish_until_confirmed(bus: Bus, event: Event) -> None:
    """As the relay does: the same event again until the broker has it."""

    async def publish() -> bool:
        await bus.publish([event])
        return True

    await until(publish, timeout=30)


@asynccontextmanager
async def working(
    broker: Broker, how: str, name: str = "victim", limit: int = 20
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process; killed at the end if it still lives."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", worker.__name__, how, broker.url, SAGA, name, str(limit), stdout=-1, env=env
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_broker_that_restarts_finds_everybody_again(broker: Broker, join: Join, end: str) -> None:
    """While it is away publishing is refused and readiness says no; afterwards consumers and publishers go on."""
    seen = Seen()
    bus = await join({SAGA: seen})
    before, after = released(), released()
    await bus.publish([before])
    await until(lambda: seen.events == [before])
    await asyncio.to_thread(getattr(broker.process, end))
    with pytest.raises(BusUnavailable):
        await bus.publish([after])
    await until(_refuses(bus.check))
    await asyncio.to_thread(broker.start)
    await publish_until_confirmed(bus, after)
    await until(lambda: after in seen.events)
    await until(bus.check)
    assert set(seen.ids()) == {str(before.id), str(after.id)}


async def test_what_waited_in_the_broker_survives_its_crash(broker: Broker, join: Join) -> None:
    """Confirmed means kept: events nobody has read, in retry, and dead are all there after a kill -9."""
    bus = await join({"notifications.sms": Seen(*[ValueError("no")] * 9)}, name="writer")
    waiting = released()
    await bus.publish([waiting, released().model_copy(update={"type": "notify.sms"})])
    await until(lambda: bus.dead_letters("notifications.sms"))
    await asyncio.to_thread(broker.process.kill)
    await asyncio.to_thread(broker.start)
    seen = Seen()
    await join({SAGA: seen}, name="reader")
    await until(lambda: seen.events == [waiting])
    await until(lambda: bus.dead_letters("notifications.sms"))
    assert len(await broker.letters("notifications.sms")) == 1


async def test_a_service_starts_before_its_broker(broker: Broker) -> None:
    """start() returns although nobody answers, and consuming begins when somebody does."""
    await asyncio.to_thread(broker.process.stop)
    seen = Seen()
    bus = connect(broker.url, service="test", instance="early", prefetch=1)
    bus.subscribe(SAGA, seen)
    async with asyncio.timeout(20):
        await bus.start()
    with pytest.raises(BusUnavailable):
        await bus.check()
    await asyncio.to_thread(broker.start)
    event = released()
    await publish_until_confirmed(bus, event)
    await until(lambda: event in seen.events)
    await bus.stop()


async def test_a_broker_that_hangs_is_an_outage(broker: Broker, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open connections and no answers: publishing ends with a refusal, not never; then everything goes on."""
    monkeypatch.setattr("chassis.events.amqp_session.CONFIRM_TIMEOUT", 0.3)
    monkeypatch.setattr("chassis.events.stream_store.SOCKET_TIMEOUT", 0.3)
    monkeypatch.setattr("chassis.events.stream_reader.BLOCK_MS", 100)
    seen = Seen()
    bus = await join({SAGA: seen})
    event = released()
    broker.process.pause()
    with pytest.raises(BusUnavailable):
        await bus.publish([event])
    broker.process.resume()
    await publish_until_confirmed(bus, event)
    await until(lambda: event in seen.events)


@pytest.mark.parametrize("limit", [0, 1, 7, 100, 400, 700, 900, 1100, 1500, 2500, 4000])
async def test_a_connection_that_breaks_at_any_byte_is_made_again(
    broker: Broker, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut while connecting, declaring or consuming: the bus goes on trying, and works once it may."""
    monkeypatch.setattr("random.uniform", lambda *_: 0.1)
    seen = Seen()
    async with proxied(broker.url) as (proxy, url):
        proxy.limit = limit
        bus = connect(url, service="test", instance="one", prefetch=1)
        bus.subscribe(SAGA, seen)
        await bus.start()
        await until(lambda: _cut_while_publishing(bus, proxy))
        proxy.limit = 2**62
        proxy.cut()
        event = released()
        await publish_until_confirmed(bus, event)
        await until(lambda: event in seen.events)
        await bus.stop()


async def test_a_broker_that_lost_everything_is_declared_anew(broker: Broker, join: Join) -> None:
    """Streams, groups, queues and exchanges are gone: an event published then is refused or handled, never lost."""
    seen = Seen()
    bus = await join({SAGA: seen})
    await broker.wipe()
    event = released()
    await publish_until_confirmed(bus, event)
    await until(lambda: event in seen.events)
    await until(bus.check)


async def test_a_deleted_subscription_is_declared_anew(broker: Broker, join: Join) -> None:
    """Somebody deletes the queue (or the group) of one subscription: it is made again and delivered from."""
    seen, other = Seen(), Seen()
    bus = await join({SAGA: seen, "notifications.sms": other})
    await broker.lose(SAGA)
    event = released()
    await publish_until_confirmed(bus, event)
    await until(lambda: event in seen.events)
    sms = released().model_copy(update={"type": "notify.sms"})
    await publish_until_confirmed(bus, sms)
    await until(lambda: sms in other.events)


async def test_what_a_killed_consumer_held_is_delivered_to_another(broker: Broker, join: Join) -> None:
    """kill -9 in the middle of three handlers: another instance gets these events, and no event of a live one."""
    held, heir = Held(), Seen()
    bus = await join({SAGA: held}, name="busy", prefetch=1)
    await bus.publish([released()])
    await until(lambda: held.running == 1)
    events = [released() for _ in range(3)]
    async with working(broker, "hang") as victim:
        await bus.publish(events)
        assert victim.stdout is not None
        begun = [(await victim.stdout.readline()).decode().strip() for _ in events]
        assert set(begun) == {str(event.id) for event in events}
        await join({SAGA: heir}, name="heir")
        victim.kill()
        await until(lambda: len(heir.events) >= 3)
    assert sorted(heir.ids()) == sorted(begun)
    held.go.set()
    await until(lambda: len(held.done) == 1)
    assert len(held.events) == 1


async def test_a_message_that_kills_its_consumers_is_given_up(
    broker: Broker, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each delivery ends with the process, none with an outcome: after the limit it is a dead letter, and says why."""
    monkeypatch.setattr(topology, "DELIVERY_LIMIT", 2)
    bus = await join(name="publisher")
    event = released()
    await bus.publish([event])
    deaths = 0
    while not await bus.dead_letters(SAGA):
        async with working(broker, "die", limit=2) as process:
            await until(partial(_either, process, bus), timeout=30)
            deaths += process.returncode is not None
        assert deaths <= 3
    (letter,) = await broker.letters(SAGA)
    assert letter.body == event.encode()
    assert letter.reason in ("delivered 3 times without an outcome", "delivery_limit")


async def _cut_while_publishing(bus: Bus, proxy: Proxy) -> bool:
    if proxy.cuts < 3:
        await bus.publish([released()])
    return proxy.cuts >= 3


async def _either(process: asyncio.subprocess.Process, bus: Bus) -> bool:
    return process.returncode is not None or bool(await bus.dead_letters(SAGA))


def _refuses(check: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[bool]]:
    async def refused() -> bool:
        try:
            await check()
        except (BusUnavailable, Unroutable):
            return True
        return False

    return refused
