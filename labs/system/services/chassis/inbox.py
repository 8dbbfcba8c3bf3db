"""The consumer's half: an event that a subscription has handled is never handled again.

The row is written in the transaction of the handler. Either both commit or neither does, so a crash between
handling and acknowledging ends in a duplicate delivery that is recognised, not in a second charge.

Refuses to look first and insert later: two deliveries at once would both look, and both see nothing.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# A duplicate in another transaction that has not ended yet makes this wait for its end: then it is either a
# duplicate (it committed) or ours (it rolled back).
_INSERT = text("INSERT INTO inbox (subscription, event_id) VALUES (:subscription, :event_id) ON CONFLICT DO NOTHING")


async def first_time(connection: AsyncConnection, subscription: str, event_id: UUID) -> bool:
    """Claim the event for this transaction; False when the subscription has handled it already."""
    result = await connection.execute(_INSERT, {"subscription": subscription, "event_id": event_id})
    return result.rowcount == 1
