"""The table of signing keys. The unit of work is the caller's transaction.

Refuses to let a key sign at once when another one is known already: a successor is published first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Making the first key and rotating: one at a time, over all instances.
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_LOCK_KEY = 0x5C4E_3B01
_NOW = text("SELECT now()")
_PUBLISHED = text(
    "SELECT kid, private_key, created_at, signs_from, signs_until, published_until FROM signing_keys"
    " WHERE published_until IS NULL OR published_until > now() ORDER BY signs_from"
)
_FIRST = text(
    "INSERT INTO signing_keys (kid, private_key, signs_from) SELECT :kid, :private_key, now()"
    " WHERE NOT EXISTS (SELECT FROM signing_keys WHERE signs_until IS NULL)"
)
# The key without a successor gets one, unless it has not even begun to sign.
_LIMIT = text(
    "UPDATE signing_keys SET signs_until = now() + CAST(:lead AS interval),"
    " published_until = now() + CAST(:lead AS interval) + CAST(:keep AS interval)"
    " WHERE signs_until IS NULL AND signs_from <= now()"
)
_NEXT = text(
    "INSERT INTO signing_keys (kid, private_key, signs_from)"
    " VALUES (:kid, :private_key, now() + CAST(:lead AS interval))"
)
_FORGET = text("DELETE FROM signing_keys WHERE published_until < now()")


@dataclass(frozen=True)
class StoredKey:
    """A row."""

    kid: str
    private_key: bytes
    created_at: datetime
    signs_from: datetime
    signs_until: datetime | None
    published_until: datetime | None


async def published(connection: AsyncConnection) -> tuple[datetime, list[StoredKey]]:
    """The database's time, and every key that is published at that time."""
    now: datetime = (await connection.execute(_NOW)).scalar_one()
    rows = await connection.execute(_PUBLISHED)
    return now, [StoredKey(**row) for row in rows.mappings()]


async def add_first(connection: AsyncConnection, kid: str, sealed: bytes) -> bool:
    """A key that signs at once, which only the very first may; False when another instance was faster."""
    await connection.execute(_LOCK, {"key": _LOCK_KEY})
    return (await connection.execute(_FIRST, {"kid": kid, "private_key": sealed})).rowcount == 1


async def succeed(connection: AsyncConnection, kid: str, sealed: bytes, lead: timedelta, keep: timedelta) -> bool:
    """A successor that signs after `lead`; its predecessor stays published for `keep` after that.

    False while the last rotation has not come into effect: two successors would make the second one sign before its
    time, or leave the first with none.
    """
    await connection.execute(_LOCK, {"key": _LOCK_KEY})
    if (await connection.execute(_LIMIT, {"lead": lead, "keep": keep})).rowcount == 0:
        return False
    await connection.execute(_NEXT, {"kid": kid, "private_key": sealed, "lead": lead})
    return True


async def forget(connection: AsyncConnection) -> None:
    """Delete keys that nothing can need any more; a private key that is gone cannot leak."""
    await connection.execute(_FORGET)
