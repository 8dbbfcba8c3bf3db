"""The producer's half of reliable events: an event is a row of the same transaction as the change it tells of.

Saving and then publishing loses the event in a crash between the two; publishing first announces what may
be rolled back. A row commits or vanishes together with the change; the relay publishes it afterwards.

Refuses events without a contract, and refuses to publish: there is no way around the table.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.events.contracts import CONTRACTS
from chassis.events.envelope import Event

_INSERT = text("INSERT INTO outbox (event_id, subject, event) VALUES (:event_id, :subject, CAST(:event AS json))")


async def add(connection: AsyncConnection, event: Event) -> None:
    """Write the event in the caller's transaction."""
    if event.type not in CONTRACTS:
        raise ValueError(f"{event.type} has no contract")
    await connection.execute(
        _INSERT, {"event_id": event.id, "subject": event.subject, "event": event.encode().decode()}
    )
