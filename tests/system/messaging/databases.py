"""A service's database in the tests of messaging: the chassis' own tables, and one of effects.

Refuses constraints on the effects: whatever happens twice shall be seen twice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from chassis import outbox
from chassis.database import Database
from chassis.events.envelope import Event

MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def opened(url: str, name: str = "test", pool: int = 5) -> AsyncIterator[Database]:
    """A started database."""
    database = Database(url, migrations=MIGRATIONS, pool=pool, name=name)
    await database.start()
    try:
        await database.migrated()
        yield database
    finally:
        await database.stop()


async def write(database: Database, *events: Event) -> None:
    """All events into the outbox, in one transaction."""
    async with database.transaction() as connection:
        for event in events:
            await outbox.add(connection, event)


async def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    """The rows of one statement; single columns come unpacked."""
    async with database.transaction() as connection:
        found = (await connection.execute(text(statement), values)).fetchall()
    return [row[0] if len(row) == 1 else tuple(row) for row in found]


async def unpublished(database: Database) -> list[str]:
    """The ids of the events that wait, oldest first."""
    return [
        str(found)
        for found in await rows(database, "SELECT event_id FROM outbox WHERE published_at IS NULL ORDER BY id")
    ]
