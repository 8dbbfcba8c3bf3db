"""A Redis (or Valkey) connection that fails fast. Refuses to be a system of record: what it holds can be lost."""

import asyncio
from typing import Any

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from chassis.problems import Problem

_QUIET = 1.0


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
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            decode_responses=True,
        )
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
        try:
            answer = await self.client.execute_command(*command)  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError) as problem:
            self._quiet_until = asyncio.get_running_loop().time() + _QUIET
            raise RedisUnavailable(type(problem).__name__) from problem
        self._quiet_until = 0.0
        return answer
