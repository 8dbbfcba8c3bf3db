"""The dead letters of this service's own subscriptions: how many there are, and giving them another chance.

To replay is safe at any time and any number of times. What was sent meanwhile is recognised as a duplicate, and what
still cannot be handled comes back after its attempts. When it is useful is for a person to see: `failing` says why
messages failed last time, as far as our own table knows. The reason of each letter lies with it, at the broker, where
it can be looked at; to read letters out of a queue and to put them back would count as a delivery of each.

Refuses other services' subscriptions: their letters are theirs to judge. Refuses to delete one.
"""

import logging
from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from chassis.database import Database
from chassis.events.bus import Bus, BusUnavailable
from chassis.identity.dependency import require
from chassis.identity.model import Identity
from chassis.numbers import WHOLE
from chassis.problems import Problem, responses
from notifications import journal

logger = logging.getLogger(__name__)

router = APIRouter(tags=["dead letters"])

Subscription = Literal["notifications.events", "notifications.email", "notifications.sms", "notifications.push"]
Replayer = Annotated[Identity, Depends(require("notifications:replay"))]


class Failing(BaseModel):
    """So many messages failed last time for this reason."""

    reason: str
    count: int


class DeadLetters(BaseModel):
    """One subscription's dead letters; `failing` counts those that are still being tried as well."""

    subscription: Subscription
    count: int
    failing: list[Failing]


class AllDeadLetters(BaseModel):
    """The dead letters of each subscription."""

    items: list[DeadLetters]


class Replay(BaseModel):
    """Which dead letters to try again, oldest first."""

    model_config = ConfigDict(extra="forbid")

    subscription: Subscription
    limit: Annotated[int, Field(ge=1, le=1000), WHOLE] = 100


class Replayed(BaseModel):
    """How many were given back to their subscription, with all attempts before them."""

    subscription: Subscription
    replayed: int


@router.get(
    "/dead-letters", responses=responses(401, 403, 422, 503), dependencies=[Depends(require("notifications:replay"))]
)
async def look(request: Request, subscription: Subscription | None = None) -> AllDeadLetters:
    """How many dead letters there are, and what fails."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        failing = [(f"notifications.{row.channel}", row.reason, row.count) for row in await journal.failing(connection)]
    wanted: Iterable[Subscription] = (subscription,) if subscription else get_args(Subscription)
    items = [
        DeadLetters(
            subscription=name,
            count=await _count(request.app.state.bus, name),
            failing=[Failing(reason=reason, count=count) for owner, reason, count in failing if owner == name],
        )
        for name in wanted
    ]
    return AllDeadLetters(items=items)


@router.post("/dead-letters/replay", responses=responses(401, 403, 503))
async def replay(request: Request, wish: Replay, identity: Replayer) -> Replayed:
    """Give dead letters back to their subscription."""
    bus: Bus = request.app.state.bus
    try:
        replayed = await bus.replay(wish.subscription, wish.limit)
    except BusUnavailable as error:
        raise _broker_away() from error
    who = {"by": identity.subject, "subscription": wish.subscription, "replayed": replayed}
    logger.info("dead letters are tried again", extra=who)
    return Replayed(subscription=wish.subscription, replayed=replayed)


async def _count(bus: Bus, subscription: Subscription) -> int:
    try:
        return await bus.dead_letters(subscription)
    except BusUnavailable as error:
        raise _broker_away() from error


def _broker_away() -> Problem:
    return Problem(503, "Service Unavailable", detail="The broker is unavailable.", headers={"Retry-After": "2"})
