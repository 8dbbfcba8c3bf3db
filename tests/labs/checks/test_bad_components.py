"""A component that is down, slow or talks nonsense is an error of ours: `CannotLook`, soon, and never a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.checks.conftest import MISBEHAVING, Bad
from tests.labs.checks.looking import Here, looked
from tutor.labs import asking
from tutor.labs.check import CannotLook
from tutor.labs.checks import rabbit, redis, sql
from tutor.labs.reach import Reach

FOR_ALL = ("closed", "silent", "garbage", "hangs-up")
FOR_TOOLS = ("closed", *MISBEHAVING)

RABBITMQ = {"rabbitmq.user": "shop", "rabbitmq.password": "a-password-of-ours"}

HTTP = ("gateway", {"path": "/", "timeout": "300ms"})
LOAD = ("gateway", {"path": "/", "timeout": "300ms", "rps": 10, "for": "300ms"})

CASES: list[tuple[str, str, str, dict[str, Any], tuple[str, ...]]] = [
    ("http", "gateway", "http", {"path": "/", "timeout": "300ms"}, FOR_ALL),
    ("load", "gateway", "http", {"path": "/", "timeout": "300ms", "rps": 10, "for": "300ms"}, FOR_ALL),
    ("sql", "orders-db", "sql", {"service": "orders", "query": "select 1"}, FOR_ALL),
    ("redis", "redis", "redis", {"key": "a"}, FOR_ALL),
    ("redis", "redis", "redis", {"command": ["INFO"]}, FOR_ALL),
    ("queue", "rabbitmq", "http", {"name": "a"}, FOR_TOOLS),
    ("queue", "rabbitmq", "http", {"name": "a.*"}, FOR_TOOLS),
    ("queue", "rabbitmq", "http", {"exchange": "a"}, FOR_TOOLS),
    ("queue", "rabbitmq", "http", {"binding": {"source": "a", "queue": "b"}}, FOR_ALL),
    ("amqp", "rabbitmq", "http", {"exchange": "a", "bind": ["#"]}, FOR_TOOLS),
    ("consul", "consul", "http", {"service": "orders"}, FOR_TOOLS),
    ("consul", "consul", "http", {"key": "a"}, FOR_ALL),
    ("promql", "prometheus", "http", {"query": "up"}, FOR_TOOLS),
    ("promql", "prometheus", "http", {"range": {"query": "up"}}, FOR_TOOLS),
    ("promql", "prometheus", "http", {"alert": "A"}, FOR_TOOLS),
    ("promql", "prometheus", "http", {"targets": {"service": "orders"}}, FOR_TOOLS),
    ("trace", "jaeger", "http", {"trace": "a1"}, FOR_TOOLS),
    ("trace", "observer", "http", {"service": "orders"}, FOR_TOOLS),
]
"""Kind, the part and the port that it talks to, what it asks, and how that can be wrong."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes five seconds otherwise takes three tenths of one."""
    for module, name in ((asking, "TOOL_SECONDS"), (sql, "CONNECT_SECONDS"), (redis, "SECONDS")):
        monkeypatch.setattr(module, name, 0.3)
    monkeypatch.setattr(rabbit, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(sql, "QUERY_SECONDS", 1.5)


def _each() -> list[Any]:
    return [
        pytest.param(kind, part, port, keys, how, id=f"{kind}-{'-'.join(keys)}-{how}")
        for kind, part, port, keys, hows in CASES
        for how in hows
    ]


@pytest.mark.parametrize(("kind", "part", "port", "keys", "how"), _each())
async def test_it_is_an_error_of_ours(
    here: Here, reach: Reach, bad: Bad, kind: str, part: str, port: str, keys: dict[str, Any], how: str
) -> None:
    """Each kind says in one sentence what it could not do, and which part was asked."""
    here.addresses[f"{part}.{port}"] = address = await bad(how)
    reach.dsns = {"orders": f"postgresql://reader:a-password-of-ours@{address}/orders"}
    reach.secrets = RABBITMQ
    async with asyncio.timeout(10):
        with pytest.raises(CannotLook) as caught:
            await looked(reach, kind, **keys)
    assert caught.value.part == part
    sentence = str(caught.value)
    assert sentence
    assert "\n" not in sentence
    assert "a-password-of-ours" not in sentence


@pytest.mark.parametrize(("kind", "part", "port", "keys"), [case[:4] for case in CASES if case[0] != "sql"])
async def test_a_part_that_the_lab_does_not_have_is_an_error(
    reach: Reach, kind: str, part: str, port: str, keys: dict[str, Any]
) -> None:
    """A lab that asks for what it does not start is wrong, whoever learns with it."""
    reach.secrets = RABBITMQ
    with pytest.raises(CannotLook):
        await looked(reach, kind, **keys)


async def test_a_service_without_a_database_is_an_error(reach: Reach) -> None:
    """The same for a database that nobody may read."""
    with pytest.raises(CannotLook, match="orders has no database here"):
        await looked(reach, "sql", service="orders", query="select 1")


@pytest.mark.parametrize("kind", ["queue", "amqp"])
async def test_a_lab_without_a_broker_is_an_error(reach: Reach, kind: str) -> None:
    """And for a broker that nobody can log in to."""
    keys: dict[str, Any] = {"name": "a"} if kind == "queue" else {"exchange": "a", "bind": ["#"]}
    with pytest.raises(CannotLook, match="this lab has no RabbitMQ"):
        await looked(reach, kind, **keys)


@pytest.mark.parametrize("how", FOR_ALL)
async def test_a_broker_that_answers_http_alone_is_an_error(
    here: Here, reach: Reach, bad: Bad, shop: Any, how: str
) -> None:
    """A management API that works does not help when AMQP does not."""
    from tests.system.gateway.upstream import answer_json

    queue = {"type": "classic", "durable": True, "auto_delete": False, "arguments": {}, "name": "a"}
    shop.behave = answer_json(queue)
    here.addresses |= {"rabbitmq.http": here.addresses["gateway.http"], "rabbitmq.amqp": await bad(how)}
    reach.secrets = RABBITMQ
    async with asyncio.timeout(10):
        with pytest.raises(CannotLook) as caught:
            await looked(reach, "queue", name="a")
        assert caught.value.part == "rabbitmq"
        with pytest.raises(CannotLook):
            await looked(reach, "amqp", act=True, publish=[{"exchange": "", "key": "a", "body": "x"}])


Breaks = Callable[[], BaseException]


async def test_an_engine_that_does_not_answer_is_an_error(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs and containers come from the engine alone: when it fails or hangs, nothing can be said."""
    from tutor.errors import MachineError

    def fails(*_arguments: Any) -> Any:
        raise MachineError("The engine is gone.", "Start it.")

    monkeypatch.setattr(Here, "facts", fails)
    monkeypatch.setattr(Here, "logs", fails)
    with pytest.raises(CannotLook, match="The engine is gone"):
        await looked(reach, "container", part="orders")
    with pytest.raises(CannotLook, match="The engine is gone"):
        await looked(reach, "logs", parts=["orders"], text="x")
