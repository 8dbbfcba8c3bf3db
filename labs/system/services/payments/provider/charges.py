"""The provider's books. Refuses a second charge under one key, and any charge under a key that was voided before."""

from dataclasses import dataclass

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

COLUMNS = "key, amount_cents, currency, status, reason"
INSERT = text(
    "INSERT INTO provider.charges (key, amount_cents, currency, status, reason)"
    " VALUES (:key, :amount_cents, :currency, :status, :reason) ON CONFLICT (key) DO NOTHING"
)
FIND = text(f"SELECT {COLUMNS} FROM provider.charges WHERE key = :key")
REFUND = text("UPDATE provider.charges SET status = 'refunded' WHERE key = :key AND status IN ('captured', 'refunded')")


@dataclass(frozen=True)
class Charge:
    """What happened under one key."""

    key: str
    amount_cents: int
    currency: str
    status: str
    reason: str | None


async def enter(connection: AsyncConnection, charge: Charge) -> Charge:
    """Enter a charge, or a void, unless there is one under its key; return what is in the books then."""
    await connection.execute(INSERT, vars(charge))
    return _charge((await connection.execute(FIND, {"key": charge.key})).one())


async def find(connection: AsyncConnection, key: str) -> Charge | None:
    """What is in the books under this key."""
    row = (await connection.execute(FIND, {"key": key})).first()
    return None if row is None else _charge(row)


async def refund(connection: AsyncConnection, key: str) -> Charge | None:
    """Give the money back, once however often it is asked for; return what is in the books then."""
    await connection.execute(REFUND, {"key": key})
    return await find(connection, key)


def _charge(row: Row[tuple[str, int, str, str, str | None]]) -> Charge:
    return Charge(**row._mapping)
