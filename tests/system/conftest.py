"""Real servers for the tests of the services: one PostgreSQL and one Valkey per test process, fresh data per test.

Refuses shared state: each test gets a database with a role of its own, and a logical Valkey database of its own.
Under pytest-xdist every worker starts its own servers on its own ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from processes.leash import Leash
from processes.postgres import Postgres
from processes.valkey import DATABASES, Valkey
from tests.system.harness.docker import DockerSystem

_numbers = count(1)


@pytest.fixture(scope="session")
def leash() -> Iterator[Leash]:
    """What ends the servers when the tests do, even by kill -9."""
    leash = Leash()
    yield leash
    leash.release()


@pytest.fixture(scope="session")
def postgres(leash: Leash) -> Iterator[Postgres]:
    """A PostgreSQL server for this test process."""
    server = Postgres(leash)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey(leash: Leash) -> Iterator[Valkey]:
    """A Valkey server for this test process, durable as a broker is."""
    server = Valkey("valkey", leash, durable=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def new_postgres_url(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """A factory of databases, each with its own role, as `postgresql+asyncpg://...`; dropped after the test."""
    made: list[str] = []

    def create() -> str:
        access = postgres.access(f"test_{next(_numbers)}")
        postgres.create(access)
        made.append(access.name)
        return access.url

    yield create
    for name in made:
        postgres.drop(name)


@pytest.fixture
def postgres_url(new_postgres_url: Callable[[], str]) -> str:
    """A fresh, empty database with its own role, as `postgresql+asyncpg://...`."""
    return new_postgres_url()


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """A fresh, empty logical database of a real Valkey, as `redis://...`."""
    return valkey.url(next(_numbers) % DATABASES)


@pytest.fixture(scope="session")
def in_docker() -> Iterator[DockerSystem]:
    """The whole system in Docker, every profile of it; shared by all tests that are marked `docker`."""
    yield from DockerSystem.started()
