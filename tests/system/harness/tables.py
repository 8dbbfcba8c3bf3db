"""What a service's database holds, as plain rows. Refuses to interpret them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from chassis.database import Database

Row = dict[str, Any]


async def rows(database: Database, statement: str, **values: object) -> list[Row]:
    """The rows of one statement, in a transaction of its own."""
    async with database.transaction() as connection:
        result = await connection.execute(text(statement), values)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


async def published(database: Database, subject: object = None) -> list[Row]:
    """The events in the outbox, in the sequence in which they will be sent; of one subject if it is given."""
    found = await rows(database, "SELECT subject, CAST(event AS text) AS event FROM outbox ORDER BY id")
    return [json.loads(row["event"]) for row in found if subject is None or row["subject"] == str(subject)]


async def types(database: Database, subject: object = None) -> list[str]:
    """Their types only."""
    return [event["type"] for event in await published(database, subject)]
