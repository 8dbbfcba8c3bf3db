"""Asks a service's database. Refuses everything that writes: the transaction is read-only, and so is the role.

    kind: sql
    service: inventory
    query: select available, reserved from stock where sku = ${sku}
    expect: {row: {available: {delta: -1}}, count: 1}

`${name}` becomes a literal, quoted as SQL wants it; leave the quotes out. A list becomes an array, as in
`where id = any(${ids})`. A table or a right that is missing is something seen: `error` holds the SQLSTATE (`42P01`,
`42501`), and the other values are nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, StringConstraints

from tutor.labs.arguments import VARIABLE
from tutor.labs.asking import within
from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.checks.plain import plain
from tutor.labs.reach import Reach

if TYPE_CHECKING:
    from asyncpg import Connection

SERVERS: Mapping[str, str] = {"users": "users-db", "orders": "orders-db"}
"""The part that holds a service's database; the other services share `saga-db`."""

CONNECT_SECONDS = 5.0
QUERY_SECONDS = 5.0
MAX_ROWS = 1000

_SEEN = ("42P01", "42703", "42501", "3F000", "42883")
"""Undefined table, column, function; no right; no such schema. The learner's work decides about them."""

_READS = re.compile(r"^\s*(select|with|table|values|show)\b", re.IGNORECASE)
_IN_QUOTES = re.compile(r"^[^']*(?:'[^']*'[^']*)*'[^']*\$\{")
"""A variable after an odd number of quotes. Between two texts, as in `'a' || ${b} || 'c'`, it is in none of them."""


def _reads(query: str) -> str:
    if not _READS.match(query):
        raise ValueError("a query reads: begin it with select, with, table, values or show")
    if _IN_QUOTES.search(query):
        raise ValueError("`${...}` becomes a literal with its own quotes; leave yours out, and join texts with ||")
    return query


Query = Annotated[str, StringConstraints(min_length=1, max_length=5000), AfterValidator(_reads)]


class SqlCheck(Check):
    """One query."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "rows": "the rows, each an object by column",
        "row": "the first row, nothing when there is none",
        "value": "the first column of the first row",
        "column": "the first column of every row",
        "count": "how many rows there are",
        "error": "the SQLSTATE of what the database refused, nothing when it answered",
    }

    kind: Literal["sql"]
    service: Literal["users", "orders", "inventory", "payments", "notifications"]
    query: Query

    @property
    def part(self) -> str:
        """The part that is asked."""
        return SERVERS.get(self.service, "saga-db")

    async def look(self, reach: Reach) -> Observation:
        """Ask once, in a transaction that cannot write."""
        query = filled(self.query, reach)
        variable = f"SQL_{self.service.upper()}"
        command = f'psql "${variable}" -c {reach.hiding().word(query)}'
        async with within(CONNECT_SECONDS + QUERY_SECONDS - 1.0, f"the database of {self.service}", self.part):
            values = await self._asked(reach.dsn(self.service), query)
        shown = values.pop("message", None) or json.dumps(values.get("rows"), indent=1, ensure_ascii=False)
        return Observation(values, command=command, shown=reach.hiding().text(shown)[:4000])

    async def _asked(self, dsn: str, query: str) -> dict[str, Any]:
        import asyncpg

        failed = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
        try:
            # `prefer` begins with a question that only a PostgreSQL answers. Without it, bytes that are no protocol are
            # taken for messages, and asyncpg reads them for ever without letting anybody else run.
            connection = await asyncpg.connect(
                dsn.replace("postgresql+asyncpg://", "postgresql://"), timeout=CONNECT_SECONDS, ssl="prefer"
            )
        except (*failed, ValueError) as error:
            raise CannotLook(f"the database of {self.service} cannot be asked: {_said(error)}", self.part) from None
        try:
            return _values(await _rows(connection, query))
        except failed as error:
            code = getattr(error, "sqlstate", None)
            if code in _SEEN:
                return {"rows": None, "row": None, "value": None, "column": None, "count": None, "error": code,
                        "message": f"{code}: {error}"}  # fmt: skip
            raise CannotLook(f"the database of {self.service} refuses the query: {_said(error)}", self.part) from None
        finally:
            connection.terminate()


async def _rows(connection: Connection[Any], query: str) -> list[dict[str, Any]]:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    async with connection.transaction(readonly=True):
        await connection.execute(f"SET LOCAL statement_timeout = {int(QUERY_SECONDS * 1000)}")
        cursor = await connection.cursor(query)
        found = await cursor.fetch(MAX_ROWS + 1)
    if len(found) > MAX_ROWS:
        raise CannotLook(f"the query brings more than {MAX_ROWS} rows; let the database count")
    return [{name: plain(value) for name, value in row.items()} for row in found]


def _values(rows: list[dict[str, Any]]) -> dict[str, Any]:
    column = [next(iter(row.values()), None) for row in rows]
    return {
        "rows": rows,
        "row": rows[0] if rows else None,
        "value": column[0] if column else None,
        "column": column,
        "count": len(rows),
        "error": None,
    }


def filled(query: str, reach: Reach) -> str:
    """The query with each `${name}` as a literal. Raises: CannotLook when one is not known."""
    return VARIABLE.sub(lambda found: literal(reach.variable(found[1])), query)


def literal(value: Any) -> str:
    """A value as SQL writes it; a text stays of unknown type, so that the database takes it for what it needs."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"'{value}'" if isinstance(value, float) else str(value)
    if isinstance(value, list | tuple):
        return literal("{" + ",".join(_element(one) for one in value) + "}")
    text = json.dumps(value) if isinstance(value, Mapping) else str(value)
    return "'" + text.replace("\0", "").replace("'", "''") + "'"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it gave no answer in time"
    if isinstance(error, ConnectionError):
        return "it does not speak as a PostgreSQL does" if "SSL" in str(error) else "it does not accept connections"
    return (str(error) or type(error).__name__).splitlines()[0][:200]
