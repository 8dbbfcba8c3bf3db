"""How the stub misbehaves. Refuses to misbehave, whatever its table says, unless FAULTS=on."""

import asyncio
import contextlib
import random
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.numbers import LARGEST, WHOLE
from chassis.problems import Problem

LONGEST_HANG = 30.0

READ = text(
    "SELECT latency_ms, decline_rate, error_rate, timeout, charge_on_timeout, decline_over_cents"
    " FROM provider.behaviour"
)
WRITE = text(
    "UPDATE provider.behaviour SET latency_ms = :latency_ms, decline_rate = :decline_rate, error_rate = :error_rate,"
    " timeout = :timeout, charge_on_timeout = :charge_on_timeout, decline_over_cents = :decline_over_cents"
)


class Behaviour(BaseModel):
    """What goes wrong; everything left out goes right, so an empty object is good behaviour."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)

    latency_ms: Annotated[int, Field(ge=0, le=30_000), WHOLE] = 0
    decline_rate: float = Field(default=0, ge=0, le=1)
    error_rate: float = Field(default=0, ge=0, le=1)
    timeout: bool = Field(default=False, description="Nothing is ever answered")
    charge_on_timeout: bool = Field(default=False, description="The money moves all the same: the worst case")
    decline_over_cents: Annotated[int, Field(ge=0, le=LARGEST), WHOLE] | None = None

    async def suffer(self) -> None:
        """Be slow, or fail."""
        await asyncio.sleep(self.latency_ms / 1000)
        if random.random() < self.error_rate:
            raise Problem(500, "The provider has a bad day")

    def verdict(self, amount_cents: int) -> str | None:
        """The reason to decline this amount, if there is one."""
        if self.decline_over_cents is not None and amount_cents > self.decline_over_cents:
            return "insufficient_funds"
        return "do_not_honour" if random.random() < self.decline_rate else None


async def read(connection: AsyncConnection) -> Behaviour:
    """The behaviour that was set last."""
    return Behaviour.model_validate(dict((await connection.execute(READ)).one()._mapping))


async def write(connection: AsyncConnection, behaviour: Behaviour) -> None:
    """Set it, for all instances of the stub."""
    await connection.execute(WRITE, behaviour.model_dump())


async def hang(request: Request) -> Problem:
    """Answer nothing until the caller has gone; not for ever, or those who left long ago would hold up a stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_HANG):
            while not await request.is_disconnected():
                await asyncio.sleep(0.05)
    return Problem(504, "Gateway Timeout")
