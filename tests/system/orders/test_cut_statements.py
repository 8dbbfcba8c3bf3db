"""A statement that is cut off: by a cancellation, by a limit of time, by the server. Each is told from the others."""

from __future__ import annotations

import asyncio

import pytest

from chassis.database import Database, DatabaseUnavailable
from tests.system.harness.tables import rows


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
