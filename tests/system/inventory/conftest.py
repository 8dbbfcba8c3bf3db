"""Inventory with a database of its own: as functions on a transaction, and as a running service behind its API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from chassis.database import Database
from inventory.app import MIGRATIONS, assemble
from inventory.settings import Settings
from tests.system.harness.inprocess import environment, served


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """The migrated database of inventory, with its seeded stock."""
    database = Database(postgres_url, migrations=MIGRATIONS, name="inventory", pool=20)
    await database.start()
    await database.migrated()
    yield database
    await database.stop()


@pytest.fixture
async def api(postgres_url: str, redis_url: str) -> AsyncIterator[AsyncClient]:
    """The API of a running inventory service."""
    async with served(assemble(Settings(**environment(postgres_url, redis_url)))) as client:
        yield client
