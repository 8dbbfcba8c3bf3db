"""RabbitMQ as checks talk to it: the management API and an AMQP channel. Refuses to take a message from any queue.

Counts in the management API are as old as the broker's last statistics, five seconds for a quorum queue. A check that
asks right after a publish "is the queue empty?" would get an old yes. So ready messages and consumers are asked for
over AMQP, where the answer is exact.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tutor.labs.asking import ask, understood
from tutor.labs.check import CannotLook

if TYPE_CHECKING:
    from aio_pika.abc import AbstractChannel, AbstractConnection

    from tutor.labs.reach import Reach

PART = "rabbitmq"
CONNECT_SECONDS = 5.0
MOST = 10_000
"""Entries of a list in the management API that are read."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are to the broker, and in which virtual host."""

    user: str
    password: str
    vhost: str

    @classmethod
    def of(cls, reach: Reach, vhost: str | None = None) -> Access:
        """As this lab has it. Raises: CannotLook when it has no broker."""
        secrets = reach.secrets
        if "rabbitmq.user" not in secrets or "rabbitmq.password" not in secrets:
            raise CannotLook("this lab has no RabbitMQ", PART)
        return cls(
            secrets["rabbitmq.user"], secrets["rabbitmq.password"], vhost or secrets.get("rabbitmq.vhost", "shop")
        )

    @property
    def place(self) -> str:
        """The virtual host as a part of a path."""
        return quote(self.vhost, safe="")


async def manage(reach: Reach, access: Access, path: str) -> Any:
    """What the management API says at `/api/<path>`, None when there is no such thing."""
    answer = await ask(reach, PART, f"/api/{path}", login=(access.user, access.password))
    if answer.status == 404:
        return None
    if answer.status >= 400:
        raise CannotLook(f"{PART} does not understand the question {path}: HTTP {answer.status}", PART)
    if not isinstance(answer.data, dict | list):
        raise CannotLook(f"{PART} answered something that is not its API", PART)
    return answer.data


def command(reach: Reach, access: Access, path: str) -> str:
    """The same question for a shell."""
    login = f"{access.user}:{access.password}"
    return reach.hiding().command("curl", "-s", "-u", login, f"{reach.url(PART)}/api/{path}")


@asynccontextmanager
async def connected(reach: Reach, access: Access) -> AsyncIterator[AbstractConnection]:
    """A connection of our own. Raises: CannotLook."""
    import aio_pika
    from aio_pika.exceptions import AMQPError

    for name in ("aio_pika", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said once, by the check
    host, _, port = reach.engine.address(PART, "amqp").rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await aio_pika.connect(
                host=host, port=int(port), login=access.user, password=access.password, virtualhost=access.vhost
            )
    except TimeoutError:
        raise CannotLook(f"{PART} did not finish the AMQP handshake within {CONNECT_SECONDS:g} s", PART) from None
    except (AMQPError, OSError, ValueError, RuntimeError) as error:
        raise CannotLook(f"{PART} cannot be spoken to over AMQP: {said(error)}", PART) from None
    try:
        yield connection
    except (AMQPError, ConnectionError) as error:
        raise CannotLook(f"{PART} ended the AMQP conversation: {said(error)}", PART) from None
    finally:
        with suppress(AMQPError, OSError, TimeoutError):
            await asyncio.wait_for(connection.close(), 2.0)


def said(error: BaseException) -> str:
    """An error of the AMQP library in one line without addresses."""
    return f"{type(error).__name__} {error}".strip().splitlines()[0][:200]


async def exact(connection: AbstractConnection, queue: str) -> dict[str, int]:
    """Ready messages and consumers of a queue, as of now; empty for a queue that only its owner may ask about."""
    from aio_pika.exceptions import ChannelClosed

    channel: AbstractChannel = connection.channel(publisher_confirms=False)
    await channel.initialize()
    try:
        result = (await channel.declare_queue(queue, passive=True)).declaration_result
    except ChannelClosed:
        return {}
    await channel.close()
    with understood(PART):
        return {"ready": int(result.message_count or 0), "consumers": int(result.consumer_count or 0)}
