"""The kinds `queue` and `amqp`, against a real RabbitMQ. Above all: no queue of a learner loses anything to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel

from processes.rabbitmq import RabbitMQ
from tests.labs.checks.looking import Here, looked, unmet
from tests.system.gateway.upstream import Received, Upstream, answer_json
from tutor.labs.check import CannotLook
from tutor.labs.checks import rabbit
from tutor.labs.checks.listening import fits
from tutor.labs.reach import Reach

pytestmark = pytest.mark.rabbitmq

_numbers = count(1)


@pytest.fixture
async def channel(here: Here, reach: Reach, rabbitmq: RabbitMQ) -> AsyncIterator[AbstractChannel]:
    """A channel of the learner's, in a virtual host with nothing in it."""
    vhost = f"lab-{next(_numbers)}"
    base = f"http://127.0.0.1:{rabbitmq.management_port}"
    async with httpx.AsyncClient(base_url=base, auth=("shop", rabbitmq.password), trust_env=False) as client:
        (await client.put(f"/api/vhosts/{vhost}")).raise_for_status()
        here.addresses |= {
            "rabbitmq.http": f"127.0.0.1:{rabbitmq.management_port}",
            "rabbitmq.amqp": f"127.0.0.1:{rabbitmq.port}",
        }
        reach.secrets = {"rabbitmq.user": "shop", "rabbitmq.password": rabbitmq.password, "rabbitmq.vhost": vhost}
        connection = await aio_pika.connect(rabbitmq.url(vhost))
        yield await connection.channel()
        await connection.close()
        await client.delete(f"/api/vhosts/{vhost}")


async def drain(channel: AbstractChannel, queue: str) -> list[str]:
    """Every body in a queue, which is empty afterwards."""
    found = []
    opened = await channel.declare_queue(queue, passive=True)
    while message := await opened.get(fail=False, no_ack=True):
        found.append(message.body.decode())
    return found


async def publish(channel: AbstractChannel, exchange: str, key: str, body: str) -> None:
    """One message of the learner's service."""
    through = await channel.get_exchange(exchange, ensure=False)
    await through.publish(aio_pika.Message(body.encode()), key)


async def shop_topology(channel: AbstractChannel, *, alternate: bool) -> None:
    """What a learner has declared: a topic exchange, a queue for orders, and a place for what nobody wants."""
    unrouted = await channel.declare_exchange("unrouted", "fanout", durable=True)
    await (await channel.declare_queue("unrouted", durable=True)).bind(unrouted)
    arguments: Any = {"alternate-exchange": "unrouted"} if alternate else {}
    events = await channel.declare_exchange("events", "topic", durable=True, arguments=arguments)
    queue = await channel.declare_queue("orders", durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(events, "order.*")


class TestQueue:
    """What the broker has."""

    async def test_it_passes_and_fails_by_what_is_declared(self, channel: AbstractChannel, reach: Reach) -> None:
        """Type, durability, arguments and bindings; a queue that is missing is something seen."""
        await shop_topology(channel, alternate=True)
        seen = await looked(reach, "queue", name="orders")
        right: dict[str, Any] = {
            "exists": True,
            "type": "quorum",
            "durable": True,
            "policy": None,
            "arguments": {"x-queue-type": "quorum"},
            "bindings": [
                {"source": "events", "destination": "orders", "kind": "queue", "key": "order.*", "arguments": {}}
            ],
        }
        assert unmet(right, seen) == []
        assert unmet({"type": "classic", "bindings": {"contains": {"key": "#"}}}, seen) == ["type", "bindings"]
        assert unmet({"exists": False, "count": 0}, await looked(reach, "queue", name="nothing")) == []

    async def test_an_exchange_and_its_bindings(self, channel: AbstractChannel, reach: Reach) -> None:
        """Type, alternate exchange, and who is bound with which key."""
        await shop_topology(channel, alternate=True)
        seen = await looked(reach, "queue", exchange="events")
        right = {"type": "topic", "arguments": {"alternate-exchange": "unrouted"}, "bindings": {"len": 1}}
        assert unmet(right, seen) == []
        assert unmet({"type": "fanout"}, seen) == ["type"]
        assert unmet({"exists": False}, await looked(reach, "queue", exchange="nothing")) == []

    async def test_one_binding(self, channel: AbstractChannel, reach: Reach) -> None:
        """It is there with this key, and not with another one."""
        await shop_topology(channel, alternate=False)
        ends = {"source": "events", "queue": "orders"}
        assert unmet({"exists": True}, await looked(reach, "queue", binding={**ends, "key": "order.*"})) == []
        assert unmet({"exists": False, "count": 0}, await looked(reach, "queue", binding={**ends, "key": "#"})) == []
        assert unmet({"exists": True, "count": 1}, await looked(reach, "queue", binding=ends)) == []

    async def test_ready_messages_and_consumers_are_counted_at_once(
        self, channel: AbstractChannel, reach: Reach
    ) -> None:
        """Right after a publish the queue is not empty, whatever the broker's last statistics say."""
        await shop_topology(channel, alternate=False)
        for number in range(3):
            await publish(channel, "events", "order.created", str(number))
            seen = await looked(reach, "queue", name="orders")
            assert unmet({"ready": number + 1, "consumers": 0}, seen) == []
        assert await drain(channel, "orders") == ["0", "1", "2"]
        assert unmet({"ready": 0}, await looked(reach, "queue", name="orders")) == []

    async def test_queues_are_listed_by_their_pattern(self, channel: AbstractChannel, reach: Reach) -> None:
        """Each with its counts; others are not in the list."""
        for name in ("mail", "mail.retry", "mail.dead", "sms"):
            await channel.declare_queue(name, durable=True)
        await channel.default_exchange.publish(aio_pika.Message(b"x"), "mail.dead")
        seen = await looked(reach, "queue", name="mail*")
        assert unmet({"count": 3, "list": {"contains": {"name": "mail.dead", "ready": 1}}}, seen) == []
        assert unmet({"list": {"each": {"ready": 0}}}, seen) == ["list[1].ready"]

    async def test_a_virtual_host(self, channel: AbstractChannel, reach: Reach) -> None:
        """One that is there, and one that is not."""
        assert unmet({"exists": True}, await looked(reach, "queue", vhost=reach.secrets["rabbitmq.vhost"])) == []
        assert unmet({"exists": False}, await looked(reach, "queue", vhost="nothing")) == []

    async def test_a_queue_of_somebody_elses_is_described(
        self, channel: AbstractChannel, reach: Reach, rabbitmq: RabbitMQ
    ) -> None:
        """One that only its owner may use can still be asked about, by what the statistics say."""
        connection = await aio_pika.connect(rabbitmq.url(reach.secrets["rabbitmq.vhost"]))
        await (await connection.channel()).declare_queue("mine", exclusive=True)
        seen = await looked(reach, "queue", name="mine")
        assert unmet({"exists": True, "durable": False}, seen) == []
        await connection.close()

    async def test_the_command_can_be_pasted(self, channel: AbstractChannel, reach: Reach) -> None:
        """curl at the management API, without the password."""
        await shop_topology(channel, alternate=False)
        seen = await looked(reach, "queue", name="orders")
        assert reach.secrets["rabbitmq.password"] not in seen.command
        place = f"http://{reach.engine.address('rabbitmq')}/api/queues/{reach.secrets['rabbitmq.vhost']}/orders"
        assert seen.command == f'curl -s -u shop:"$RABBITMQ_PASSWORD" {place}'


class TestAmqp:
    """What an exchange lets through."""

    async def test_it_passes_and_fails_by_what_was_heard(self, channel: AbstractChannel, reach: Reach) -> None:
        """Body, key, id and headers of what was published; what is not bound is not heard."""
        await shop_topology(channel, alternate=False)
        seen = await looked(
            reach, "amqp", exchange="events", bind=["order.created"], act=True, listen="5s", enough=1,
            publish=[
                {"exchange": "events", "key": "order.cancelled", "json": {"id": 0}},
                {"exchange": "events", "key": "order.created", "json": {"id": 7}, "id": "m-1", "headers": {"n": 1}},
            ],
        )  # fmt: skip
        message = {"key": "order.created", "body": {"id": 7}, "id": "m-1", "headers": {"n": 1}, "redelivered": False}
        right = {"count": 1, "keys": ["order.created"], "ids": ["m-1"], "messages": {"consist_of": [message]}}
        assert unmet({**right, "confirmed": 2, "returned": 0, "refused": 0, "exists": True}, seen) == []
        assert unmet({"count": 2, "messages": {"contains": {"key": "order.cancelled"}}}, seen) == ["count", "messages"]
        assert len(await drain(channel, "orders")) == 2

    async def test_a_request_is_sent_once_the_queue_listens(
        self, channel: AbstractChannel, reach: Reach, shop: Upstream
    ) -> None:
        """What a service publishes because of it is heard, however quickly."""
        await shop_topology(channel, alternate=False)

        async def place_order(request: Received, writer: Any) -> None:
            await publish(channel, "events", "order.created", request.body.decode())
            await answer_json({"id": "o-1"}, 201)(request, writer)

        shop.behave = place_order
        request = {"method": "POST", "path": "/api/orders", "json": {"sku": "MUG"}}
        seen = await looked(
            reach, "amqp", exchange="events", bind=["order.#"], request=request, act=True, listen="5s", enough=1
        )
        right = {"status": 201, "json": {"id": "o-1"}, "messages": {"contains": {"body": {"sku": "MUG"}}}}
        assert unmet(right, seen) == []
        assert await drain(channel, "orders") == ['{"sku": "MUG"}']

    async def test_what_no_queue_wants_comes_back(self, channel: AbstractChannel, reach: Reach) -> None:
        """Our own listening does not make it wanted; with an alternate exchange it is taken there."""
        await shop_topology(channel, alternate=False)
        lost = {"exchange": "events", "key": "refund.created", "json": {}}
        kept = {"exchange": "events", "key": "order.created", "json": {}}
        seen = await looked(reach, "amqp", act=True, publish=[lost, kept], exchange="events", bind=["#"], enough=1)
        assert unmet({"confirmed": 1, "returned": 1, "keys": ["order.created"]}, seen) == []
        twice = {**lost, "id": "m-1", "times": 5}
        assert unmet({"returned": 5}, await looked(reach, "amqp", act=True, publish=[twice, kept])) == []

    async def test_many_messages_are_confirmed_each(self, channel: AbstractChannel, reach: Reach) -> None:
        """Numbers and fresh ids differ for each; the same id five times is five messages."""
        await shop_topology(channel, alternate=False)
        seen = await looked(
            reach, "amqp", exchange="events", bind=["order.*"], act=True, listen="10s", enough=155,
            publish=[
                {"exchange": "events", "key": "order.created", "json": "${number}", "id": "${uuid}", "times": 150},
                {"exchange": "events", "key": "order.created", "json": "again", "id": "m-1", "times": 5},
            ],
        )  # fmt: skip
        assert unmet({"confirmed": 155, "count": 155, "returned": 0}, seen) == []
        assert len(set(seen.values["ids"])) == 151
        assert seen.values["ids"].count("m-1") == 5
        numbers = [int(body) for body in await drain(channel, "orders") if body != '"again"']
        assert sorted(numbers) == list(range(1, 151))

    async def test_a_full_queue_refuses(self, channel: AbstractChannel, reach: Reach) -> None:
        """What the broker will not take is neither confirmed nor returned."""
        await channel.declare_queue("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        seen = await looked(reach, "amqp", act=True, publish=[{"exchange": "", "key": "full", "body": "x", "times": 4}])
        assert seen.values["confirmed"] + seen.values["refused"] == 4
        assert seen.values["refused"] >= 1

    async def test_a_missing_exchange_is_something_seen(self, channel: AbstractChannel, reach: Reach) -> None:
        """The learner has yet to declare it: nothing was published, and nothing heard."""
        seen = await looked(
            reach,
            "amqp",
            exchange="events",
            bind=["#"],
            act=True,
            publish=[{"exchange": "more", "key": "a", "json": 1}],
        )
        assert unmet({"exists": False, "count": 0, "confirmed": 0}, seen) == []

    async def test_nothing_of_ours_stays(self, channel: AbstractChannel, reach: Reach) -> None:
        """After a look there is no queue and no binding that the learner has not made, also after a cancelled one."""
        await shop_topology(channel, alternate=True)
        before = [await looked(reach, "queue", name="*"), await looked(reach, "queue", exchange="events")]
        await looked(reach, "amqp", exchange="events", bind=["#"], listen="10ms")
        task = asyncio.create_task(looked(reach, "amqp", exchange="events", bind=["#"], listen="30s"))
        await _until(lambda: _has_queues(reach, 3))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: _has_queues(reach, 2))
        after = [await looked(reach, "queue", name="*"), await looked(reach, "queue", exchange="events")]
        assert [seen.values["count"] for seen in after] == [seen.values["count"] for seen in before]
        assert after[1].values["bindings"] == before[1].values["bindings"]


async def _has_queues(reach: Reach, number: int) -> bool:
    return bool((await looked(reach, "queue", name="*")).values["count"] == number)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.05)


class TestLoss:
    """No queue of the learner's loses anything."""

    @pytest.mark.parametrize("alternate", [True, False], ids=["with-alternate", "without"])
    async def test_every_message_reaches_whom_it_would_have_reached(
        self, channel: AbstractChannel, reach: Reach, alternate: bool
    ) -> None:
        """While a check listens to everything, each queue gets exactly what it gets when nobody listens."""
        await shop_topology(channel, alternate=alternate)
        keys = ["order.created", "refund.created", "order.cancelled", "order.a.b", "user"]

        async def learner(prefix: str) -> dict[str, list[str]]:
            for number in range(20):
                await publish(channel, "events", keys[number % len(keys)], f"{prefix}{number}")
            return {name: await drain(channel, name) for name in ("orders", "unrouted")}

        alone = await learner("")
        wanted = sum(len(bodies) for bodies in alone.values()) if alternate else 20
        listening = asyncio.create_task(
            looked(reach, "amqp", exchange="events", bind=["#"], listen="30s", enough=wanted)
        )
        await _until(lambda: _has_queues(reach, 3))
        watched = await learner("")
        seen = await listening
        assert watched == alone
        assert seen.values["count"] == wanted  # and the check has heard all of it
        if alternate:
            assert len(watched["unrouted"]) == 12

    async def test_messages_that_wait_stay_where_they_are(self, channel: AbstractChannel, reach: Reach) -> None:
        """Looking at queues and listening at exchanges takes nothing out, redelivers nothing, reorders nothing."""
        await shop_topology(channel, alternate=True)
        for number in range(5):
            await publish(channel, "events", "order.created", str(number))
        await looked(reach, "amqp", exchange="events", bind=["#"], listen="50ms")
        await looked(reach, "queue", name="orders")
        await looked(reach, "queue", name="*")
        queue = await channel.declare_queue("orders", passive=True)
        for number in range(5):
            message = await queue.get(no_ack=True)
            assert message.body == str(number).encode()
            assert message.redelivered is False

    async def test_an_alternate_exchange_by_policy_counts(
        self, channel: AbstractChannel, reach: Reach, rabbitmq: RabbitMQ
    ) -> None:
        """It need not be in the declaration to be respected."""
        await shop_topology(channel, alternate=False)
        vhost = reach.secrets["rabbitmq.vhost"]
        policy = {"pattern": "^events$", "definition": {"alternate-exchange": "unrouted"}, "apply-to": "exchanges"}
        url = f"http://127.0.0.1:{rabbitmq.management_port}/api/policies/{vhost}/alternate"
        async with httpx.AsyncClient(auth=("shop", rabbitmq.password), trust_env=False) as client:
            (await client.put(url, json=policy)).raise_for_status()
        listening = asyncio.create_task(looked(reach, "amqp", exchange="events", bind=["#"], listen="30s", enough=1))
        await _until(lambda: _has_queues(reach, 3))
        await publish(channel, "events", "nobody", "kept")
        assert unmet({"keys": ["nobody"]}, await listening) == []
        assert await drain(channel, "unrouted") == ["kept"]

    async def test_an_exchange_that_shares_out_is_not_listened_to(
        self, channel: AbstractChannel, reach: Reach, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A queue of ours would get a share, and whose it was would never see it."""
        await shop_topology(channel, alternate=False)
        from tutor.labs.checks import listening

        monkeypatch.setattr(listening, "COPYING", ("direct", "fanout", "headers"))  # as if topic shared out
        with pytest.raises(CannotLook, match="would take messages from others"):
            await looked(reach, "amqp", exchange="events", bind=["#"], listen="50ms")
        assert await _has_queues(reach, 2)


class TestTrouble:
    """A broker that does not answer."""

    async def test_a_wrong_password_is_an_error(self, channel: AbstractChannel, reach: Reach) -> None:
        """It is ours, and it is not repeated."""
        reach.secrets = {**reach.secrets, "rabbitmq.password": "not-the-password"}
        with pytest.raises(CannotLook, match="rabbitmq does not let us in") as caught:
            await looked(reach, "queue", name="a")
        assert "not-the-password" not in str(caught.value)

    async def test_a_paused_broker_is_an_error(
        self, channel: AbstractChannel, reach: Reach, rabbitmq: RabbitMQ, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that accepts and never answers ends the look, over HTTP and over AMQP."""
        from tutor.labs import asking

        monkeypatch.setattr(asking, "TOOL_SECONDS", 0.5)
        monkeypatch.setattr(rabbit, "CONNECT_SECONDS", 0.5)
        rabbitmq.child.pause()
        try:
            for keys in ({"kind": "queue", "name": "a"}, {"kind": "amqp", "exchange": "a", "bind": ["#"]}):
                with pytest.raises(CannotLook) as caught:
                    await looked(reach, **keys)
                assert caught.value.part == "rabbitmq"
            with pytest.raises(CannotLook):
                await looked(reach, "amqp", act=True, publish=[{"exchange": "", "key": "a", "body": "x"}])
        finally:
            rabbitmq.child.resume()


@pytest.mark.parametrize(
    ("kind", "wanted", "key", "holds"),
    [
        ("topic", "order.*", "order.created", True),
        ("topic", "order.*", "order", False),
        ("topic", "order.*", "order.a.b", False),
        ("topic", "order.#", "order", True),
        ("topic", "order.#", "order.a.b", True),
        ("topic", "#", "", True),
        ("topic", "#.b", "b", True),
        ("topic", "#.b.#", "a.b.c.d", True),
        ("topic", "*.*", "a", False),
        ("topic", "a.#.*", "a", False),
        ("direct", "a", "a", True),
        ("direct", "*", "a", False),
        ("fanout", "x", "a", True),
    ],
)
async def test_keys_fit_as_the_broker_takes_them(
    channel: AbstractChannel, kind: Any, wanted: str, key: str, holds: bool
) -> None:
    """Our idea of a binding is the broker's: what it lets through fits, and nothing else."""
    assert fits(kind, wanted, key) is holds
    exchange = await channel.declare_exchange("any", kind)
    await (await channel.declare_queue("any")).bind(exchange, wanted)
    await exchange.publish(aio_pika.Message(b"x"), key)
    assert (await drain(channel, "any") == ["x"]) is holds
