"""`python -m orders.replay` folds the whole history again and compares the projections with it; `--write` mends them.

Online: the history is folded into a table beside the real one while orders are placed and read as ever.  Only for
the end, what was appended meanwhile and the writing, writers wait; readers never do, because rows that are right are
not touched.  A projection that has been emptied, or has a new column to fill, is filled by the same command.

Refuses to change the history, and to write anything unless it is told to.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import make_url

from chassis.settings import DatabaseSettings, load
from orders.model import Kind, OrderEvent, fold
from orders.store import lines_json

_BATCH = 1000
_PATIENCE = 5.0
# Whoever wants writers is behind us in the queue for the lock, so we do not stand there for long.
_SESSION = {"application_name": "orders.replay", "lock_timeout": "5000"}
_COLUMNS = (
    "id, user_id, status, reason, stock, payment, payment_id, total_cents, currency, saga, lines, version,"
    " created_at, updated_at"
)
_FIELDS = _COLUMNS.replace(" ", "").split(",")
_BESIDE = "CREATE TEMP TABLE replayed (LIKE orders INCLUDING INDEXES)"
# The version is the number of events, so whatever the table beside has not seen yet shows by its version.
_BEHIND = """
SELECT told.order_id FROM (SELECT order_id, max(version) AS version FROM order_events GROUP BY order_id) AS told
LEFT JOIN replayed ON replayed.id = told.order_id
WHERE replayed.version IS DISTINCT FROM told.version ORDER BY told.order_id"""
_EVENTS = """
SELECT order_id, type, CAST(data AS text) AS data, occurred_at FROM order_events
WHERE order_id = ANY($1) ORDER BY order_id, version"""
# Waits for the writers at work and keeps new ones waiting; SELECT goes on.  One lock is enough, because each statement
# that writes the sums writes orders too, and a second would be a deadlock: they lock the two in either sequence.
_HOLD_WRITERS = "LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE"
_TOTALS = """
CREATE TEMP TABLE replayed_totals AS
SELECT user_id, count(*) AS placed, count(*) FILTER (WHERE status = 'CONFIRMED') AS confirmed,
       count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled,
       CAST(coalesce(sum(total_cents) FILTER (WHERE status = 'CONFIRMED'), 0) AS bigint) AS spent_cents
FROM replayed GROUP BY user_id"""


@dataclass(frozen=True)
class Projection:
    """A table that follows from the history, and the table that was made from it just now."""

    table: str
    replayed: str
    key: str
    columns: str

    @property
    def wrong(self) -> str:
        """The keys of rows that are missing, differ or should not be there."""
        return (
            f"SELECT coalesce(made.{self.key}, kept.{self.key}) AS key"
            f" FROM (SELECT {self.columns} FROM {self.replayed}) AS made"
            f" FULL JOIN (SELECT {self.columns} FROM {self.table}) AS kept ON kept.{self.key} = made.{self.key}"
            " WHERE made IS DISTINCT FROM kept ORDER BY key"
        )

    @property
    def mend(self) -> Sequence[str]:
        """Delete what should not be, write the rest as it should be; readers see all of it at once, at the commit."""
        excluded = ", ".join(f"excluded.{column.strip()}" for column in self.columns.split(","))
        return (
            f"DELETE FROM {self.table} WHERE {self.key} = ANY($1)"
            f" AND {self.key} NOT IN (SELECT {self.key} FROM {self.replayed})",
            f"INSERT INTO {self.table} ({self.columns})"
            f" SELECT {self.columns} FROM {self.replayed} WHERE {self.key} = ANY($1)"
            f" ON CONFLICT ({self.key}) DO UPDATE SET ({self.columns}) = ({excluded})",
        )


PROJECTIONS = (
    Projection("orders", "replayed", "id", _COLUMNS),
    Projection("user_order_totals", "replayed_totals", "user_id", "user_id, placed, confirmed, cancelled, spent_cents"),
)


async def replay(connection: asyncpg.Connection, *, write: bool) -> dict[str, list[UUID]]:
    """The keys of the rows that were wrong, by table; right again when `write` was asked for."""
    await connection.execute(_BESIDE)
    try:
        await _catch_up(connection)
        async with connection.transaction():
            await connection.execute(_HOLD_WRITERS)
            await _catch_up(connection)
            await connection.execute(_TOTALS)
            return {one.table: await _compare(connection, one, write) for one in PROJECTIONS}
    finally:
        await connection.execute("DROP TABLE IF EXISTS replayed, replayed_totals")


async def _compare(connection: asyncpg.Connection, projection: Projection, write: bool) -> list[UUID]:
    wrong = [row["key"] for row in await connection.fetch(projection.wrong)]
    for statement in projection.mend if write and wrong else ():
        await connection.execute(statement, wrong)
    return wrong


async def _catch_up(connection: asyncpg.Connection) -> None:
    """Fold what the table beside has not seen, a batch of whole orders at a time."""
    behind = [row["order_id"] for row in await connection.fetch(_BEHIND)]
    for start in range(0, len(behind), _BATCH):
        some = behind[start : start + _BATCH]
        events = await connection.fetch(_EVENTS, some)
        rows = [_row(order_id, list(group)) for order_id, group in groupby(events, key=lambda event: event["order_id"])]
        await connection.execute("DELETE FROM replayed WHERE id = ANY($1)", some)
        await connection.copy_records_to_table("replayed", columns=_FIELDS, records=rows)


def _row(order_id: UUID, events: Sequence[Any]) -> tuple[object, ...]:
    """One order as its events made it, in the sequence of the columns."""
    order = fold(str(order_id), [OrderEvent(Kind(event["type"]), json.loads(event["data"])) for event in events])
    assert order is not None  # a group has at least one event
    return (
        order_id,
        UUID(order.user_id),
        order.status.value,
        order.reason.value if order.reason else None,
        order.stock.value,
        order.payment.value,
        order.payment_id,
        order.total_cents,
        order.currency,
        order.saga.value,
        lines_json(order),
        order.version,
        events[0]["occurred_at"],
        events[-1]["occurred_at"],
    )


async def _run(url: str, write: bool) -> int:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        connection = await asyncpg.connect(dsn, timeout=_PATIENCE, server_settings=_SESSION)
        try:
            wrong = await replay(connection, write=write)
        finally:
            await connection.close(timeout=_PATIENCE)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        sys.stderr.write(f"Nothing was changed: {type(error).__name__}: {error}\n")
        return 2
    for table, keys in wrong.items():
        told = f"{len(keys)} wrong{', mended' if write and keys else ''}" if keys else "as its history says"
        sys.stdout.write(f"{table}: {told}\n")
        sys.stdout.writelines(f"  {key}\n" for key in keys[:10])
    return 0 if write or not any(wrong.values()) else 1


def main() -> int:
    """Compare, or mend; 1 when something is wrong and was left so, 2 when it could not be told."""
    parser = argparse.ArgumentParser(prog="python -m orders.replay", description="Orders' projections from its history")
    parser.add_argument("--write", action="store_true", help="mend what is wrong, not only tell")
    arguments = parser.parse_args()
    return asyncio.run(_run(load(DatabaseSettings).database_url, arguments.write))


if __name__ == "__main__":
    raise SystemExit(main())
