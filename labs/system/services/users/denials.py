"""Withdrawing tokens before they expire: recorded in PostgreSQL, made true in Redis.

Gateway and introspection ask Redis, so a denial is true once it is there. It is written to the database first, in the
transaction that ends the session, for two reasons. Redis may be away: then the caller gets a 503 that says how far it
came, and the denial is delivered as soon as Redis is back, whether or not the caller asks again. And Redis may forget
(it is no system of record): a mark among the denials shows that it did, and all that still matter are written again.

Refuses to say that something is withdrawn when it is only recorded.
"""

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.identity.denylist import Denylist
from chassis.metrics import registry
from chassis.problems import Problem
from chassis.redis import Redis, RedisUnavailable
from users.opaque import OpaqueTokens

logger = logging.getLogger(__name__)

_MARK = "deny:complete"
_COMPLETE = "yes"
_BATCH = 500
_pending = Gauge("denials_pending", "Withdrawn tokens and sessions not yet sure to be in Redis.", registry=registry)

_RECORD = text(
    "INSERT INTO denials (kind, value, expires_at) VALUES (:kind, :value, :expires_at) ON CONFLICT DO NOTHING"
)
_MEASURE = text("SELECT count(*) FROM denials WHERE NOT delivered")
_RECORDED = text(
    "SELECT kind, value, expires_at FROM denials WHERE (:everything OR NOT delivered)"
    " AND expires_at > now() - interval '5 seconds' AND (kind, value) > (:kind, :value)"
    " ORDER BY kind, value LIMIT :batch"
)
# Not before it has been there for some seconds: Redis writes to disk once a second, and a crash may cost the last one.
_DELIVERED = text(
    "UPDATE denials SET delivered = true WHERE NOT delivered AND created_at < now() - interval '5 seconds'"
    " AND (kind, value) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])))"
)
_FORGET = text("DELETE FROM denials WHERE expires_at < now() - interval '1 minute'")


@dataclass(frozen=True)
class Denial:
    """One token or session, and until when anybody might still believe it."""

    kind: Literal["jti", "sid"]
    value: str
    expires_at: datetime


class NotYetEffective(Problem):
    """Withdrawn for good, but not yet everywhere: Redis does not answer."""

    def __init__(self, done: str) -> None:
        detail = f"{done} Access tokens may be accepted until the store of revocations is back, which needs no retry."
        super().__init__(503, "Service Unavailable", detail=detail, headers={"Retry-After": "2"})


async def record(connection: AsyncConnection, denial: Denial) -> None:
    """Write it down in the caller's transaction."""
    await connection.execute(_RECORD, vars(denial))


async def forget(connection: AsyncConnection) -> None:
    """Delete what has expired by itself."""
    await connection.execute(_FORGET)


class Denials:
    """Brings to Redis what is recorded."""

    def __init__(self, database: Database, redis: Redis, denylist: Denylist, opaque: OpaqueTokens) -> None:
        self._database = database
        self._redis = redis
        self._denylist = denylist
        self._opaque = opaque

    async def deliver(self, denials: Iterable[Denial], *, done: str) -> None:
        """Make them true now; raises NotYetEffective, which tells what is `done` all the same."""
        try:
            for denial in denials:
                await self._push(denial)
        except RedisUnavailable as problem:
            logger.warning("a revocation waits for Redis")
            raise NotYetEffective(done) from problem

    async def catch_up(self) -> None:
        """Deliver what waits, or everything when Redis has lost its memory; raises RedisUnavailable."""
        async with self._database.transaction() as connection:
            _pending.set((await connection.execute(_MEASURE)).scalar_one())
        if await self._redis.call("GET", _MARK) == _COMPLETE:
            await self._deliver_recorded(everything=False)
            return
        nonce = secrets.token_hex(8)
        await self._redis.call("SET", _MARK, nonce)
        count = await self._deliver_recorded(everything=True)
        # Still there means that Redis has not been emptied again while this was at work.
        if await self._redis.call("GET", _MARK) == nonce:
            await self._redis.call("SET", _MARK, _COMPLETE)
            logger.info("Redis knows all revocations", extra={"count": count})

    async def _deliver_recorded(self, *, everything: bool) -> int:
        after, count = {"kind": "", "value": ""}, 0
        while True:
            async with self._database.transaction() as connection:
                rows = await connection.execute(_RECORDED, {**after, "everything": everything, "batch": _BATCH})
                batch = [Denial(**row) for row in rows.mappings()]
            if not batch:
                return count
            for denial in batch:
                await self._push(denial)
            await self._mark(batch)
            after, count = {"kind": batch[-1].kind, "value": batch[-1].value}, count + len(batch)

    async def _mark(self, denials: Sequence[Denial]) -> None:
        names = {"kinds": [one.kind for one in denials], "values": [one.value for one in denials]}
        async with self._database.transaction() as connection:
            await connection.execute(_DELIVERED, names)

    async def _push(self, denial: Denial) -> None:
        expires = int(denial.expires_at.timestamp()) + 1  # up: a second too long costs nothing
        if denial.kind == "jti":
            await self._denylist.deny(denial.value, expires)
            return
        # First the denial, then the tokens: one that is issued between the two is denied.
        await self._denylist.deny_session(denial.value, expires)
        await self._opaque.end(denial.value)
