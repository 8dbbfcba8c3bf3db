"""Payments with a database of its own and a provider behind a real socket that can be told to misbehave."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import AsyncClient

from chassis.database import Database
from chassis.faults import Faults
from chassis.identity.service_keys import hash_key
from chassis.server import Listener, bind
from chassis.service import Service, ops_app
from payments.app import MIGRATIONS, assemble
from payments.settings import Settings
from tests.system.harness.inprocess import environment, served
from tests.system.harness.tables import Row, rows

TIMEOUT = 0.4
ORDERS_KEY, GATEWAY_KEY = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """The empty, migrated database of payments."""
    database = Database(postgres_url, migrations=MIGRATIONS, name="payments", pool=20)
    await database.start()
    await database.migrated()
    yield database
    await database.stop()


@dataclass
class Provider:
    """The stub, as a test steers it and looks into its books."""

    url: str
    client: AsyncClient
    database: Database

    async def behaves(self, **conduct: Any) -> None:
        """From now on like this; well, without arguments."""
        answer = await self.client.put("/behaviour", json=conduct)
        assert answer.status_code == 200, answer.text

    async def books(self) -> list[Row]:
        """Every charge there is."""
        return await rows(self.database, "SELECT key, amount_cents, status FROM provider.charges ORDER BY created_at")


@pytest.fixture
async def service(postgres_url: str, redis_url: str) -> AsyncIterator[Service]:
    """Payments, assembled and not started; its operations port, where the stub lives, is open."""
    listening = bind("OPS_PORT", "127.0.0.1", 0)
    settings = Settings(
        **environment(postgres_url, redis_url),
        ops_port=listening.getsockname()[1],
        faults="on",
        provider_timeout=TIMEOUT,
        service_keys=f"orders=sha256:{hash_key(ORDERS_KEY)};gateway=sha256:{hash_key(GATEWAY_KEY)}",
    )
    service = assemble(settings)
    ops = Listener(ops_app(service, Faults()))
    await ops.open(listening)
    yield service
    await ops.close(1.0)


@pytest.fixture
async def api(service: Service) -> AsyncIterator[AsyncClient]:
    """The API of the running service."""
    async with served(service) as client:
        yield client


@pytest.fixture
async def provider(service: Service, database: Database) -> AsyncIterator[Provider]:
    """The stub behind its socket, on the database of this test, without the rest of the service."""
    (own,) = (part for part in service.components if isinstance(part, Database))
    await own.start()
    url = f"http://127.0.0.1:{service.settings.ops_port}/provider"
    async with AsyncClient(base_url=url, timeout=10) as client:
        yield Provider(url, client, database)
    await own.stop()
