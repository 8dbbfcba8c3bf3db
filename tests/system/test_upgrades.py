"""Each service's database, made by its migrations from nothing and from every version before: the same in the end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

import inventory.app
import orders.app
import payments.app
from chassis import schema
from chassis.database import Database
from orders.model import Status
from tests.system.harness.tables import rows
from tests.system.orders.shop import BY_USER, CAPTURED, RESERVED, tell

FOLDERS = {"orders": orders.app.MIGRATIONS, "inventory": inventory.app.MIGRATIONS, "payments": payments.app.MIGRATIONS}
VERSIONS = [(name, number) for name, folder in FOLDERS.items() for number in range(len(list(folder.glob("*.sql"))))]
_OURS = "NOT IN ('pg_catalog', 'information_schema')"
_CATALOGUE = f"""
SELECT table_schema || '.' || table_name AS place, column_name AS name,
       concat_ws(' ', data_type, is_nullable, column_default) AS shape
FROM information_schema.columns WHERE table_schema {_OURS}
UNION ALL SELECT schemaname || '.' || tablename, indexname, indexdef FROM pg_indexes WHERE schemaname {_OURS}
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid > 0
UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'schema_migrations', name, checksum FROM schema_migrations
ORDER BY 1, 2, 3"""


async def migrated_to(url: str, folder: Path, version: int) -> None:
    """A database as a release left it that had so many of the service's own files."""
    files = [one for one in schema.read(folder) if one.name.startswith("chassis/")]
    own = [one for one in schema.read(folder) if one.name.startswith("service/")]
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await schema.migrate(connection, files + own[:version])
    finally:
        await connection.close()


async def upgraded(url: str, name: str) -> Database:
    """The database after today's service has started on it."""
    database = Database(url, migrations=FOLDERS[name], name=name)
    await database.start()
    await database.migrated()
    return database


async def catalogue(url: str, name: str) -> list[tuple[str, str, str]]:
    """Every column, index, constraint and trigger of it."""
    database = await upgraded(url, name)
    try:
        return [(row["place"], row["name"], row["shape"]) for row in await rows(database, _CATALOGUE)]
    finally:
        await database.stop()


@pytest.mark.parametrize(("name", "version"), VERSIONS)
async def test_every_version_becomes_the_present_one(
    new_postgres_url: Callable[[], str], name: str, version: int
) -> None:
    """Whatever release ran last, today's schema comes out, to the last constraint; a second start changes nothing."""
    fresh, old = new_postgres_url(), new_postgres_url()
    await migrated_to(old, FOLDERS[name], version)
    expected = await catalogue(fresh, name)
    assert len(expected) > 20
    assert await catalogue(old, name) == expected
    assert await catalogue(old, name) == expected


OLD_ORDERS: list[tuple[str, str, str, str | None]] = [
    ("PENDING", "NONE", "NONE", None),
    ("PENDING", "RESERVED", "UNKNOWN", None),
    ("CONFIRMED", "RESERVED", "CAPTURED", None),
    ("CANCELLED", "RESERVED", "CAPTURED", "cancelled_by_user"),
    ("CANCELLED", "REJECTED", "NONE", "out_of_stock"),
]


async def test_orders_from_before_there_were_sagas_get_theirs(postgres_url: str) -> None:
    """Each is in the step that its row tells of; the pending ones have a deadline, and news about them counts."""
    await migrated_to(postgres_url, FOLDERS["orders"], 2)
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    ids = [await _old_order(connection, *order) for order in OLD_ORDERS]
    await connection.close()
    database = await upgraded(postgres_url, "orders")
    try:
        found = await rows(database, "SELECT order_id, step, due_at, finished_at FROM sagas")
        steps = {
            row["order_id"]: (row["step"], row["due_at"] is not None, row["finished_at"] is not None) for row in found
        }
        assert [steps[order_id] for order_id in ids] == [
            ("reserving", True, False),
            ("charging", True, False),
            ("done", False, True),
            ("compensating", True, False),
            ("done", False, True),
        ]
        assert (await tell(database, ids[0], RESERVED, CAPTURED)).status is Status.CONFIRMED
        assert (await tell(database, ids[1], BY_USER)).status is Status.CANCELLED
    finally:
        await database.stop()


async def _old_order(
    connection: asyncpg.Connection, status: str, stock: str, payment: str, reason: str | None
) -> uuid.UUID:
    order_id, user_id = uuid.uuid4(), uuid.uuid4()
    lines = [{"sku": "STICKER", "quantity": 1, "unit_price_cents": 299}]
    placed = {"user_id": str(user_id), "lines": lines, "total_cents": 299, "currency": "EUR", "saga": "choreography"}
    await connection.execute(
        "INSERT INTO orders VALUES ($1, $2, $3, $4, $5, $6, NULL, 299, 'EUR', 'choreography', $7, 1, now(), now())",
        *(order_id, user_id, status, reason, stock, payment, json.dumps(lines)),
    )
    await connection.execute(
        "INSERT INTO order_events VALUES ($1, 1, 'placed', $2, now(), 'c', NULL)", order_id, json.dumps(placed)
    )
    await connection.execute("INSERT INTO user_order_totals VALUES ($1, 1, 0, 0, 0)", user_id)
    return order_id
