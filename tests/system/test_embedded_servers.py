"""The servers that the other tests stand on. Refuses nothing else."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import pytest
from redis.asyncio import Redis


def _dsn(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_a_database_has_its_own_role(new_postgres_url: Callable[[], str]) -> None:
    """The role of one database can create tables there and cannot connect to another database."""
    one, other = new_postgres_url(), new_postgres_url()
    connection = await asyncpg.connect(_dsn(one))
    try:
        await connection.execute("CREATE TABLE thing (id int)")
    finally:
        await connection.close()
    forbidden = _dsn(one).rsplit("/", 1)[0] + "/" + other.rsplit("/", 1)[1]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(forbidden)


async def test_a_logical_valkey_is_empty_and_does_streams(redis_url: str) -> None:
    """A test starts with no keys and can use streams."""
    client = Redis.from_url(redis_url)
    try:
        assert await client.dbsize() == 0
        assert await client.xadd("s", {"a": "b"})
    finally:
        await client.aclose()
