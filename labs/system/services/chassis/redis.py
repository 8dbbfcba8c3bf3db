"""A Redis (or Valkey) connection that fails fast. Refuses to be a system of record: what it holds can be lost."""

import asyncio
from typing import Any

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from chassis import tasks
from chassis.problems import Problem

_QUIET = 1.0
_SLICES = 5


class RedisUnavailable(Problem):
    """Redis did not answer in time. Whoever asked may catch it and go on without; else it becomes this 503."""

    def __init__(self, reason: str) -> None:
        super().__init__(503, "Service Unavailable", detail="Redis is unavailable.", headers={"Retry-After": "2"})
        self.reason = reason


class Redis:
    """A component with a pool, timeouts and a health check."""

    def __init__(self, url: str, *, timeout: float = 0.5, connections: int = 8) -> None:
        # Whoever finds all connections busy waits here, in our own process, and that is not held against Redis: a burst
        # of requests must not look like an outage, and switch off what is asked here.
        self._places = asyncio.Semaphore(connections)
        # One immediate retry, for connection errors only: after a restart of Redis each pooled connection is dead once.
        pool = aioredis.BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=None,  # of waiting, connecting and reading: the only clock is the one of `_in_time`
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            decode_responses=True,
        )
        self._slice = timeout / _SLICES
        self.client: aioredis.Redis = aioredis.Redis(connection_pool=pool)
        self._quiet_until = 0.0

    async def start(self) -> None:
        """Nothing: connections are opened when needed, so Redis may start later."""

    async def stop(self) -> None:
        """Close all connections."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()

    async def check(self) -> None:
        """Raise unless Redis answers."""
        async with self._places:
            await self._ask("PING")

    async def call(self, *command: str | int | float | bytes) -> Any:
        """One command. For a second after a failure everyone is told so at once, instead of each waiting in vain."""
        self._respect_quiet()
        async with self._places:
            self._respect_quiet()  # those in front have learnt it meanwhile
            return await self._ask(*command)

    def _respect_quiet(self) -> None:
        if asyncio.get_running_loop().time() < self._quiet_until:
            raise RedisUnavailable("Redis did not answer a moment ago")

    async def _ask(self, *command: str | int | float | bytes) -> Any:
        asking = asyncio.ensure_future(self.client.execute_command(*command))  # type: ignore[no-untyped-call]
        try:
            if not await self._in_time(asking):
                raise TimeoutError
            answer = asking.result()
        except (RedisError, OSError, TimeoutError) as problem:
            self._quiet_until = asyncio.get_running_loop().time() + _QUIET
            raise RedisUnavailable(type(problem).__name__) from problem
        finally:
            if not asking.done():  # given up on: its connection is closed, or its answer would be the next one's
                await tasks.end([asking])
        self._quiet_until = 0.0
        return answer

    async def _in_time(self, asking: asyncio.Future[Any]) -> bool:
        """Wait in slices, and count one in which this process was busy itself, for however long, only once.

        With a plain time limit a hundred requests at once are enough: the answer is there, nobody has come to read it,
        and Redis would be said to be away.
        """
        for _ in range(_SLICES):
            await asyncio.wait({asking}, timeout=self._slice)
            if asking.done():
                return True
        return False
