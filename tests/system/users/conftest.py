"""A running instance of users per test, on a fresh database and a fresh Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from processes.leash import Leash
from processes.valkey import Valkey
from tests.system.messaging.waiting import until
from tests.system.users.running import Users, ready, running, settings
from users.settings import Settings


@pytest.fixture
def configured(postgres_url: str, redis_url: str) -> Settings:
    """Settings of an instance on the test's own database and Redis."""
    return settings(postgres_url, redis_url)


@pytest.fixture
async def users(configured: Settings) -> AsyncIterator[Users]:
    """A ready instance."""
    async with running(configured) as instance:
        await until(lambda: ready(instance))
        yield instance


@pytest.fixture
def own_redis(leash: Leash, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Redis that the test may stop, start and empty."""
    server = Valkey(f"redis-{tmp_path_factory.mktemp('redis').name}", leash, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def shaky(postgres_url: str, own_redis: Valkey) -> AsyncIterator[Users]:
    """A ready instance on that Redis."""
    async with running(settings(postgres_url, own_redis.url())) as instance:
        await until(lambda: ready(instance))
        yield instance
