"""Migrations: applied once, in order, by one of many instances, and never against a history that differs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from chassis import schema
from chassis.database import Database
from chassis.schema import MigrationRefused
from tests.system.messaging.databases import rows
from tests.system.messaging.waiting import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service's own migrations: one table."""
    (tmp_path / "0001_things.sql").write_text("CREATE TABLE things (id int PRIMARY KEY);")
    return tmp_path


def database(url: str, folder: Path) -> Database:
    """A database that is not started."""
    return Database(url, migrations=folder, pool=2, name="test")


async def _applied(database: Database) -> list[str]:
    return await rows(database, "SELECT name FROM schema_migrations ORDER BY applied_at, name")


async def test_the_chassis_comes_first_then_the_service(postgres_url: str, folder: Path) -> None:
    """All files in their order, each recorded with its checksum."""
    (folder / "0002_more.sql").write_text(
        "ALTER TABLE things ADD COLUMN name text;\nINSERT INTO things VALUES (1, 'a');"
    )
    one = database(postgres_url, folder)
    await one.start()
    try:
        assert await _applied(one) == [migration.name for migration in schema.read(folder)]
        assert (await _applied(one))[-2:] == ["service/0001_things.sql", "service/0002_more.sql"]
        assert await rows(one, "SELECT id, name FROM things") == [(1, "a")]
    finally:
        await one.stop()


async def test_instances_that_start_together_migrate_once(postgres_url: str, folder: Path) -> None:
    """Five at once, with a migration that takes its time: one applies it, the others wait and find it done."""
    (folder / "0002_slow.sql").write_text("SELECT pg_sleep(0.3);\nINSERT INTO things VALUES (1);")
    several = [database(postgres_url, folder) for _ in range(5)]
    await asyncio.gather(*(one.start() for one in several))
    try:
        for one in several:
            await one.check()
        assert await rows(several[0], "SELECT count(*) FROM things") == [1]
    finally:
        await asyncio.gather(*(one.stop() for one in several))


async def test_a_migration_may_take_longer_than_a_statement(
    postgres_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the client's nor the server's time limit for statements applies, nor to those who wait for the lock."""
    monkeypatch.setattr("chassis.database.STATEMENT_TIMEOUT_MS", 200)
    monkeypatch.setattr("chassis.database.COMMAND_TIMEOUT", 0.2)
    (folder / "0002_slow.sql").write_text("SELECT pg_sleep(0.5);")
    one, two = database(postgres_url, folder), database(postgres_url, folder)
    await asyncio.gather(one.start(), two.start())
    try:
        assert (await _applied(one))[-1] == "service/0002_slow.sql"
        await two.check()
    finally:
        await asyncio.gather(one.stop(), two.stop())


async def test_a_changed_file_is_refused(postgres_url: str, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two databases would differ under one version: the service does not start, and nothing else is applied."""
    one = database(postgres_url, folder)
    await one.start()
    (folder / "0001_things.sql").write_text("CREATE TABLE things (id bigint PRIMARY KEY);")
    (folder / "0002_more.sql").write_text("DROP TABLE things;")
    two = database(postgres_url, folder)
    try:
        with pytest.raises(MigrationRefused, match=r"service/0001_things.sql was changed after it had been applied"):
            await two.start()
        with pytest.raises(MigrationRefused):
            await two.check()
        assert "service/0002_more.sql" not in await _applied(one)
    finally:
        await one.stop()
        await two.stop()


async def test_line_endings_are_no_change(postgres_url: str, folder: Path) -> None:
    """git changes them from machine to machine."""
    (folder / "0001_things.sql").write_bytes(b"CREATE TABLE things\n(id int PRIMARY KEY);\n")
    one = database(postgres_url, folder)
    await one.start()
    await one.stop()
    (folder / "0001_things.sql").write_bytes(b"CREATE TABLE things\r\n(id int PRIMARY KEY);\r\n")
    two = database(postgres_url, folder)
    await two.start()
    await two.stop()


async def test_an_older_service_leaves_what_a_newer_one_added(postgres_url: str, folder: Path) -> None:
    """A rolling update runs both for a while; the older one finds files applied that it does not have."""
    newer = folder / "0002_newer.sql"
    newer.write_text("CREATE TABLE newer (id int);")
    one = database(postgres_url, folder)
    await one.start()
    newer.unlink()
    two = database(postgres_url, folder)
    await two.start()
    try:
        await two.check()
        assert await rows(two, "SELECT count(*) FROM newer") == [0]
    finally:
        await one.stop()
        await two.stop()


async def test_a_file_that_fails_leaves_nothing_and_is_named(
    postgres_url: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is one transaction. It is tried again, so a mended file is applied without a restart by hand elsewhere."""
    (folder / "0002_bad.sql").write_text("INSERT INTO things VALUES (7);\nINSERT INTO things VALUES (7);")
    one = database(postgres_url, folder)
    starting = asyncio.create_task(one.start())
    try:
        await until(lambda: "service/0002_bad.sql cannot be applied: duplicate key value" in caplog.text)
        connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
        assert await connection.fetchval("SELECT count(*) FROM things") == 0
        assert await connection.fetchval("SELECT count(*) FROM schema_migrations WHERE name ~ 'bad'") == 0
        await connection.execute("ALTER TABLE things DROP CONSTRAINT things_pkey")
        await connection.close()
        await starting
        await one.migrated()
        assert await rows(one, "SELECT count(*) FROM things") == [2]
        assert "(7)" not in caplog.text
    finally:
        starting.cancel()
        await one.stop()


@pytest.mark.parametrize("name", ["1_x.sql", "0001-x.sql", "0001_X.sql", "later.sql"])
def test_a_misnamed_file_is_refused(tmp_path: Path, name: str) -> None:
    """Its place in the order could not be known."""
    (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(MigrationRefused, match="migrations are named"):
        schema.read(tmp_path)
