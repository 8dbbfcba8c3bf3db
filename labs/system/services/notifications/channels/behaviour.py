"""How the stub misbehaves, channel by channel. Refuses to misbehave, whatever its table says, unless FAULTS=on."""

import asyncio
import contextlib
import random
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.numbers import WHOLE
from chassis.problems import Problem
from chassis.text import Long
from notifications.model import Channel

_COLUMNS = "channel, latency_ms, failure_rate, poison_recipients, unknown_recipients"
READ = text(f"SELECT {_COLUMNS} FROM channels.behaviour WHERE channel = :channel")
READ_ALL = text(f"SELECT {_COLUMNS} FROM channels.behaviour ORDER BY channel")
WRITE = text(
    "UPDATE channels.behaviour SET latency_ms = :latency_ms, failure_rate = :failure_rate,"
    " poison_recipients = :poison_recipients, unknown_recipients = :unknown_recipients WHERE channel = :channel"
)
CLEAR = text(
    "UPDATE channels.behaviour SET latency_ms = DEFAULT, failure_rate = DEFAULT, poison_recipients = DEFAULT,"
    " unknown_recipients = DEFAULT"
)

Recipients = Annotated[list[Long], Field(max_length=100)]


class Behaviour(BaseModel):
    """What goes wrong on one channel; everything left out goes right."""

    model_config = ConfigDict(extra="forbid")

    channel: Channel
    latency_ms: Annotated[
        int, Field(ge=0, le=30_000, description="After the message was taken: its answer is late"), WHOLE
    ] = 0
    failure_rate: Annotated[float, Field(strict=True, ge=0, le=1)] = 0
    poison_recipients: Annotated[Recipients, Field(description="Messages to them break the provider, every time")] = []
    unknown_recipients: Annotated[Recipients, Field(description="Addresses that do not exist")] = []

    def before(self, recipient: str) -> None:
        """Fail before the message was taken, if that is what is wanted; raises Problem."""
        if recipient in self.unknown_recipients:
            raise Problem(422, "No such recipient")
        if recipient in self.poison_recipients or random.random() < self.failure_rate:
            raise Problem(500, "The provider has a bad day")

    async def after(self, request: Request) -> None:
        """Keep the caller waiting, but no longer than it waits: those who left must not hold up a stop."""
        if self.latency_ms == 0:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.latency_ms / 1000):
                while not await request.is_disconnected():
                    await asyncio.sleep(0.02)


async def read(connection: AsyncConnection, channel: Channel) -> Behaviour:
    """The behaviour of a channel that was set last."""
    return Behaviour.model_validate(dict((await connection.execute(READ, {"channel": channel})).one()._mapping))


async def read_all(connection: AsyncConnection) -> list[Behaviour]:
    """The behaviour of each channel."""
    return [Behaviour.model_validate(dict(row._mapping)) for row in await connection.execute(READ_ALL)]


async def write(connection: AsyncConnection, behaviour: Behaviour) -> None:
    """Set it, for all instances of the stub."""
    await connection.execute(WRITE, behaviour.model_dump())


async def clear(connection: AsyncConnection) -> None:
    """All channels behave again."""
    await connection.execute(CLEAR)
