"""The database of a service: limits that hold, outages that are 503s, and transactions that are whole or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from chassis import tracing
from chassis.database import Database, DatabaseUnavailable
from processes.postgres import Postgres
from tests.system.chassis.spans import forget, record
from tests.system.messaging.databases import MIGRATIONS, opened, rows
from tests.system.messaging.proxy import proxied
from tests.system.messaging.waiting import until

INSERT = text("INSERT INTO effects (event_id, subject) VALUES (gen_random_uuid(), :subject)")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A started database with a pool of two."""
    async with opened(postgres_url, pool=2) as database:
        yield database


async def _subjects(database: Database) -> list[str]:
    return await rows(database, "SELECT subject FROM effects ORDER BY id")


async def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    """The body returns: all is there. It raises: nothing is."""
    async with database.transaction() as connection:
        await connection.execute(INSERT, {"subject": "kept"})
    with pytest.raises(KeyError):
        async with database.transaction() as connection:
            await connection.execute(INSERT, {"subject": "dropped"})
            raise KeyError
    assert await _subjects(database) == ["kept"]


async def test_a_cancelled_request_rolls_back_and_gives_its_connection_back(database: Database) -> None:
    """The client went away, between two statements or in the middle of one: many times, with a pool of two."""

    async def work(statement: str, begun: asyncio.Event) -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, {"subject": "never"})
            begun.set()
            await connection.execute(text(statement))
            await asyncio.Event().wait()

    for statement in ("SELECT 1", "SELECT pg_sleep(30)") * 4:
        begun = asyncio.Event()
        task = asyncio.create_task(work(statement, begun))
        await begun.wait()
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await _subjects(database) == []
    await until(lambda: _sessions(database, 2))


async def test_a_statement_has_a_time_limit(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends what takes too long: 503, and the next request is served."""
    monkeypatch.setattr("chassis.database.STATEMENT_TIMEOUT_MS", 100)
    async with opened(postgres_url) as database:
        with pytest.raises(DatabaseUnavailable):
            await rows(database, "SELECT pg_sleep(30)")
        assert await rows(database, "SELECT 1") == [1]


async def test_a_server_that_answers_nothing_is_not_waited_for(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's own limit: 503, the connection is thrown away, and the next request gets another one."""
    monkeypatch.setattr("chassis.database.COMMAND_TIMEOUT", 0.2)
    async with opened(postgres_url, pool=1) as database:
        pid = await rows(database, "SELECT pg_backend_pid()")
        with pytest.raises(DatabaseUnavailable):
            await rows(database, "SELECT pg_sleep(30)")
        assert await rows(database, "SELECT pg_backend_pid()") != pid


async def test_a_pool_without_a_free_connection_is_a_503(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds none in time is told to come again; it does not wait for ever and does not become a 500."""
    monkeypatch.setattr(database._engine.pool, "_timeout", 0.1)
    async with database.transaction(), database.transaction():
        with pytest.raises(DatabaseUnavailable) as refused:
            async with database.transaction():
                raise AssertionError("there were two connections")
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "2"})
    assert await rows(database, "SELECT 1") == [1]


async def test_connections_that_the_server_closed_are_replaced(database: Database) -> None:
    """After a restart of the database the first request does not have to fail."""
    async with database.transaction() as one, database.transaction() as two:
        raw = [(await connection.get_raw_connection()).driver_connection for connection in (one, two)]
    await _cut(database)
    await until(lambda: all(connection is not None and connection.is_closed() for connection in raw))
    for _ in range(3):
        assert await rows(database, "SELECT 1") == [1]


async def test_a_commit_that_is_cut_off_is_a_503(database: Database) -> None:
    """Whether it happened cannot be known, so it must not look like a success."""
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$"
            )
        )
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION hold()"
            )
        )

    async def insert() -> None:
        async with database.transaction() as connection:
            await connection.execute(INSERT, {"subject": "lost"})

    inserting = asyncio.create_task(insert())
    await until(lambda: _found(database, "query = 'COMMIT;' AND wait_event = 'PgSleep'"))
    await _cut(database)
    with pytest.raises(DatabaseUnavailable):
        await inserting
    assert await _subjects(database) == []


async def test_a_statement_that_is_cut_off_is_a_503(database: Database) -> None:
    """The server was shut down under it."""
    asking = asyncio.create_task(rows(database, "SELECT pg_sleep(30)"))
    await until(lambda: _found(database, "wait_event = 'PgSleep'"))
    await _cut(database)
    with pytest.raises(DatabaseUnavailable):
        await asking


async def test_errors_of_the_caller_stay_what_they_are(database: Database) -> None:
    """A broken constraint or statement is no outage: the service decides what it means. Values are not shown."""
    async with database.transaction() as connection:
        await connection.execute(text("CREATE UNIQUE INDEX ON effects (subject)"))
        await connection.execute(INSERT, {"subject": "hunter2"})
    with pytest.raises(IntegrityError) as broken:
        async with database.transaction() as connection:
            await connection.execute(INSERT, {"subject": "hunter2"})
    assert "hunter2" not in str(broken.value).split("DETAIL", 1)[0]
    with pytest.raises(ProgrammingError):
        await rows(database, "SELECT nothing FROM nowhere")


async def test_a_database_that_is_down_at_the_start_is_waited_for(
    postgres: Postgres, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """start() returns, requests get 503, readiness says no; once it is there all is well, and no password is logged."""
    name = postgres_url.rsplit("/", 1)[1]
    postgres.close(name)
    database = Database(postgres_url, migrations=MIGRATIONS, name="test")
    starting = asyncio.create_task(database.start())
    await until(lambda: "cannot be prepared yet" in caplog.text)
    with pytest.raises(DatabaseUnavailable):
        await database.check()
    await asyncio.to_thread(postgres.open, name)
    await starting
    await database.migrated()
    await database.check()
    await database.stop()
    assert postgres_url.split(":")[2].split("@", maxsplit=1)[0] not in caplog.text


async def test_an_outage_while_running_is_a_503_until_it_ends(
    database: Database, postgres: Postgres, postgres_url: str
) -> None:
    """Neither a 500 nor a restart: the same pool goes on when the database is back."""
    name = postgres_url.rsplit("/", 1)[1]
    await asyncio.to_thread(postgres.close, name)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await database.check()
    await asyncio.to_thread(postgres.open, name)
    await database.check()


@pytest.mark.parametrize("limit", [0, 1, 50, 300, 500, 700])
async def test_a_connection_that_breaks_at_any_byte_is_a_503(postgres_url: str, limit: int) -> None:
    """While connecting, asking or committing: never another error, and the pool is whole afterwards."""
    async with proxied(postgres_url) as (proxy, url), opened(url, pool=2) as database:
        proxy.limit = limit
        proxy.cut()
        for _ in range(3):
            try:
                assert await rows(database, "SELECT 1") == [1]
            except DatabaseUnavailable:
                continue
        proxy.limit = 2**62
        proxy.cut()
        await until(database.check)
        async with database.transaction(), database.transaction():
            pass


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Every span that ends while the test runs."""
    yield record()
    forget()


async def test_each_statement_is_a_span_without_values(database: Database, spans: InMemorySpanExporter) -> None:
    """Under the span of the request; a failed one says so; what was sent as a parameter is nowhere in it."""
    with tracing.span("request", kind="server") as request:
        async with database.transaction() as connection:
            await connection.execute(INSERT, {"subject": "hunter2"})
        with pytest.raises(ProgrammingError):
            await rows(database, "SELECT nothing FROM nowhere")
        await rows(database, "SELECT 1")
    found = [span for span in spans.get_finished_spans() if span.name.startswith("postgresql")]
    assert [span.name for span in found] == ["postgresql INSERT", "postgresql SELECT", "postgresql SELECT"]
    assert [span.status.is_ok for span in found] == [True, False, True]
    assert {span.parent.span_id for span in found if span.parent} == {request.get_span_context().span_id}
    assert "hunter2" not in str([span.to_json() for span in found])


async def test_what_nobody_asked_for_is_no_trace(database: Database, spans: InMemorySpanExporter) -> None:
    """A timer of the service looks into its database: no trace of its own, which would hide those of requests."""
    await rows(database, "SELECT 1")
    assert spans.get_finished_spans() == ()


async def _cut(database: Database) -> None:
    """End every other session of this database."""
    session = database.session()
    async with session as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def _found(database: Database, where: str) -> bool:
    statement = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {where}"
    assert await rows(database, statement) == [1]
    return True


async def _sessions(database: Database, most: int) -> bool:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    assert (await rows(database, statement))[0] <= most
    return True
