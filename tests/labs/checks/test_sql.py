"""The `sql` kind, against a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processes.postgres import Postgres
from tests.labs.checks.looking import check, looked, unmet
from tutor.labs.check import CannotLook
from tutor.labs.checks import sql
from tutor.labs.reach import Reach

STOCK = """
create table stock (sku text primary key, available int not null, price numeric, data jsonb, at timestamptz, id uuid);
insert into stock values
    ('MUG', 5, 12.50, '{"a": [1]}', '2026-03-02T12:00:00Z', '00000000-0000-4000-8000-000000000001'),
    ('CUP', 0, 3, null, null, null);
"""


@pytest.fixture
async def database(reach: Reach, postgres_url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A database of a service, with some stock; the checks' reader is its owner, so that nothing else refuses."""
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    await connection.execute(STOCK)
    reach.dsns = {"inventory": postgres_url}
    yield connection
    await connection.close()


async def ask(reach: Reach, query: str) -> Any:
    """What a look brings back."""
    return await looked(reach, "sql", service="inventory", query=query)


async def test_it_passes_and_fails_by_what_is_in_the_tables(database: Any, reach: Reach) -> None:
    """Rows as objects, the first of them, its first column, the first column of all, and how many."""
    seen = await ask(reach, "select sku, available from stock order by sku desc")
    right: dict[str, Any] = {
        "rows": {"contains": {"sku": "CUP", "available": 0}},
        "row": {"sku": "MUG", "available": {"ge": 5}},
        "value": "MUG",
        "column": ["MUG", "CUP"],
        "count": 2,
        "error": None,
    }
    assert unmet(right, seen) == []
    assert unmet({"count": 3, "row": {"available": 4}}, seen) == ["count", "row.available"]
    none = await ask(reach, "select * from stock where sku = 'NO'")
    assert unmet({"count": 0, "rows": {"empty": True}, "row": None, "value": None}, none) == []


async def test_values_come_as_plain_data(database: Any, reach: Reach) -> None:
    """Numbers are numbers, JSON is data, times and ids are text."""
    seen = await ask(reach, "select price, data, at, id, array[1, 2] as list from stock where sku = 'MUG'")
    assert seen.values["row"] == {
        "price": 12.5,
        "data": {"a": [1]},
        "at": "2026-03-02T12:00:00+00:00",
        "id": "00000000-0000-4000-8000-000000000001",
        "list": [1, 2],
    }


async def test_variables_are_literals(database: Any, reach: Reach) -> None:
    """Whatever a variable holds is a value to the database, of the type that is needed, and never SQL."""
    reach.variables |= {
        "sku": "MUG",
        "evil": "'; drop table stock; --",
        "id": "00000000-0000-4000-8000-000000000001",
        "ids": ["00000000-0000-4000-8000-000000000001"],
        "least": 5,
    }
    assert (await ask(reach, "select available from stock where sku = ${sku}")).values["value"] == 5
    assert (await ask(reach, "select count(*) from stock where sku = ${evil}")).values["value"] == 0
    assert (await ask(reach, "select sku from stock where id = ${id}")).values["value"] == "MUG"
    assert (await ask(reach, "select sku from stock where id = any(${ids})")).values["value"] == "MUG"
    assert (await ask(reach, "select sku from stock where available >= ${least}")).values["column"] == ["MUG"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=30) | st.lists(st.text(max_size=8), max_size=4))
async def test_every_text_survives_as_a_literal(value: Any, postgres: Postgres) -> None:
    """What comes back is what went in: nothing in a value ends the literal."""
    literal = sql.literal(value)
    clean = [one.replace("\0", "") for one in value] if isinstance(value, list) else value.replace("\0", "")
    access = postgres.access("postgres")
    dsn = f"postgresql://postgres:{postgres._password}@127.0.0.1:{access.port}/postgres"
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.fetchval(f"select {literal}::text{'[]' if isinstance(value, list) else ''}") == clean
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "query",
    [
        "with gone as (delete from stock returning *) select * from gone",
        "select nextval('numbers')",
        "with new as (insert into stock (sku, available) values ('X', 1) returning *) select * from new",
        "select set_config('transaction_read_only', 'off', false), 1 from stock for update",
    ],
)
async def test_nothing_is_written(database: Any, reach: Reach, query: str) -> None:
    """A query that would write is refused by the database, and is an error of the lab."""
    await database.execute("create sequence numbers")
    before = await database.fetch("select * from stock order by sku")
    with pytest.raises(CannotLook) as caught:
        await ask(reach, query)
    assert caught.value.part == "saga-db"
    assert await database.fetch("select * from stock order by sku") == before
    assert await database.fetchval("select is_called from numbers") is False


async def test_two_statements_are_none(database: Any, reach: Reach) -> None:
    """A second statement cannot end the transaction that protects the first."""
    with pytest.raises(CannotLook):
        await ask(reach, "select 1; commit; delete from stock")
    assert await database.fetchval("select count(*) from stock") == 2


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("select * from processed_events", "42P01"),
        ("select weight from stock", "42703"),
        ("select * from warehouse.stock", "42P01"),
        ("select passwd from pg_authid", "42501"),
    ],
)
async def test_what_is_missing_is_something_seen(database: Any, reach: Reach, query: str, error: str) -> None:
    """A table that the learner has yet to make fails the check; nothing that is expected of its rows holds."""
    seen = await ask(reach, query.replace("passwd", "rolpassword"))
    assert unmet({"error": error}, seen) == []
    assert unmet({"count": {"ge": 0}, "rows": {"len": 0}}, seen) == ["count", "rows"]
    assert error in seen.shown


async def test_a_query_that_takes_too_long_is_an_error(
    database: Any, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database itself ends it."""
    monkeypatch.setattr(sql, "QUERY_SECONDS", 0.1)
    with pytest.raises(CannotLook, match="statement timeout"):
        await ask(reach, "select pg_sleep(30)")


async def test_a_locked_table_is_an_error(database: Any, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it does when somebody else holds what is asked for; the other one is not disturbed."""
    monkeypatch.setattr(sql, "QUERY_SECONDS", 0.1)
    async with database.transaction():
        await database.execute("lock table stock in access exclusive mode")
        with pytest.raises(CannotLook):
            await ask(reach, "select * from stock")
        assert await database.fetchval("select count(*) from stock") == 2


async def test_too_many_rows_are_an_error(database: Any, reach: Reach) -> None:
    """A lab that wants to count lets the database count."""
    with pytest.raises(CannotLook, match="more than 1000 rows"):
        await ask(reach, "select * from generate_series(1, 100000)")


async def test_a_wrong_password_is_an_error(database: Any, reach: Reach) -> None:
    """It names the service, and not the password."""
    url = reach.dsns["inventory"]
    reach.dsns = {"inventory": url.replace("@", "-wrong@")}
    with pytest.raises(CannotLook, match="the database of inventory cannot be asked: password") as caught:
        await ask(reach, "select 1")
    assert url.split(":")[2].split("@")[0] not in str(caught.value)


async def test_an_outage_of_the_database_is_an_error(database: Any, reach: Reach, postgres: Postgres) -> None:
    """A server that is there and lets nobody in is none of the learner's doing."""
    name = reach.dsns["inventory"].rsplit("/", 1)[1]
    postgres.close(name)
    try:
        with pytest.raises(CannotLook):
            await ask(reach, "select 1")
    finally:
        postgres.open(name)


async def test_a_paused_server_is_an_error(
    database: Any, reach: Reach, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that accepts and never answers ends the look, and not the learner's patience."""
    monkeypatch.setattr(sql, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(sql, "QUERY_SECONDS", 1.5)
    postgres.child.pause()
    try:
        with pytest.raises(CannotLook, match="gave no answer in time"):
            await ask(reach, "select 1")
    finally:
        postgres.child.resume()


async def test_the_command_can_be_pasted(database: Any, reach: Reach) -> None:
    """psql with the address in the variable that `endpoints.env` has, and the query with its literals, readable."""
    reach.variables["sku"] = "MUG"
    seen = await ask(reach, "select available from stock where sku = ${sku}")
    assert seen.command == """psql "$SQL_INVENTORY" -c "select available from stock where sku = 'MUG'\""""
    assert reach.dsns["inventory"] not in seen.command + seen.shown


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("delete from stock", "a query reads"),
        ("explain analyze delete from stock", "a query reads"),
        ("select * from stock where sku = '${sku}'", "leave yours out"),
        ("", "at least 1 character"),
    ],
)
def test_a_mistake_is_named(query: str, says: str) -> None:
    """What a lab cannot mean is refused when it is read."""
    with pytest.raises(ValueError, match=says):
        check("sql", service="orders", query=query)


@pytest.mark.parametrize("query", ["select 1 where a like '%-' || ${b} || '@c'", "select 'a', ${b}, 'it''s', ${c}"])
def test_a_variable_between_two_texts_is_in_none_of_them(query: str) -> None:
    """What stands in quotes is what comes after an odd number of them."""
    check("sql", service="orders", query=query)
    with pytest.raises(ValueError, match="leave yours out"):
        check("sql", service="orders", query=f"{query} or d = 'e ${{f}}'")
