"""Orders with a database of its own: as functions on a transaction, and as a running service behind its API."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from chassis.database import Database
from chassis.events.bus import connect
from orders.app import MIGRATIONS, assemble
from orders.model import Saga
from orders.settings import Settings
from tests.system.harness.inprocess import NOWHERE, environment, served
from tests.system.orders.shop import Customer


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """The empty, migrated database of orders."""
    database = Database(postgres_url, migrations=MIGRATIONS, name="orders")
    await database.start()
    await database.migrated()
    yield database
    await database.stop()


@pytest.fixture
def saga() -> Saga:
    """Who leads the orders that are placed through the API; tests may choose otherwise."""
    return Saga.CHOREOGRAPHY


@pytest.fixture
async def api(postgres_url: str, redis_url: str, saga: Saga) -> AsyncIterator[AsyncClient]:
    """The API of a running orders service."""
    settings = Settings(**environment(postgres_url, redis_url), payments_url=NOWHERE, saga=saga)
    bus = connect(settings.events_url, service="orders", instance="test", prefetch=20)
    async with served(assemble(settings, bus)) as client:
        yield client


@pytest.fixture
def ada(api: AsyncClient) -> Customer:
    """A customer."""
    return Customer(api, uuid.uuid4())


@pytest.fixture
def bob(api: AsyncClient) -> Customer:
    """Another customer."""
    return Customer(api, uuid.uuid4())


@pytest.fixture
def support(api: AsyncClient) -> Customer:
    """Somebody of the support, who may read and cancel any order."""
    return Customer(api, uuid.uuid4(), "support")
