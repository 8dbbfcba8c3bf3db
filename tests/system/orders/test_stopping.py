"""A service that is told to stop stops, whatever it is doing at that moment."""

from __future__ import annotations

import asyncio
import random

import pytest

from chassis.database import Database, DatabaseUnavailable
from chassis.events.bus import connect
from orders.app import assemble
from orders.settings import Settings
from tests.system.harness.inprocess import NOWHERE, environment
from tests.system.harness.tables import rows


async def test_a_service_stops_at_any_moment(postgres_url: str, redis_url: str) -> None:
    """Started and stopped again while its parts connect, migrate, look for work or sleep: each part ends."""
    dice = random.Random(3)
    settings = Settings(**environment(postgres_url, redis_url), payments_url=NOWHERE)
    for _ in range(25):
        service = assemble(settings, connect(redis_url, service="orders", instance="test", prefetch=20))
        for component in service.components:
            await component.start()
        await asyncio.sleep(dice.choice([0, 0.002, 0.01, 0.03, 0.1]))
        for component in reversed(service.components):
            async with asyncio.timeout(10):
                await component.stop()


async def test_who_is_cancelled_inside_a_statement_is_told(database: Database) -> None:
    """Cancellation is not mistaken for a database that is away: whoever loops over failures would never end."""
    task = asyncio.create_task(rows(database, "SELECT pg_sleep(4)"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await rows(database, "SELECT 1 AS one") == [{"one": 1}]


async def test_a_timeout_around_a_statement_is_a_timeout(database: Database) -> None:
    """The same for a limit of time: TimeoutError, and the connection is not used again."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await rows(database, "SELECT pg_sleep(4)")
    await asyncio.gather(*(rows(database, "SELECT 1") for _ in range(20)))


async def test_a_database_that_ends_a_session_is_away_not_broken(database: Database) -> None:
    """The server hangs up inside a statement: DatabaseUnavailable, which a client sees as 503."""
    task = asyncio.create_task(rows(database, "SELECT pg_sleep(4)"))
    await asyncio.sleep(0.2)
    await rows(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
    with pytest.raises(DatabaseUnavailable):
        await task
