"""Real servers for all tests that want one: PostgreSQL, Valkey and RabbitMQ per test process, fresh data per test.

Refuses shared state: each test gets a database with a role of its own, a logical Valkey database of its own, a virtual
host of its own. What no test asks for is never started.
Under pytest-xdist every worker starts its own servers on its own ports.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import settings

from processes.leash import Leash
from processes.postgres import Postgres
from processes.rabbitmq import RabbitMQ
from processes.valkey import DATABASES, Valkey

settings.register_profile("tests", deadline=None)  # a deadline would assert a wall clock
settings.load_profile("tests")

# A shell starts what runs in its background without Ctrl-C, and every process started from there inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

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


@pytest.fixture(scope="session")
def rabbitmq(leash: Leash) -> Iterator[RabbitMQ]:
    """A RabbitMQ server for this test process, with its management API; for tests marked `rabbitmq`."""
    server = RabbitMQ(leash, management=True)
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
