"""Which payments have a step due, and who takes it: claims under a lease, safe between any number of instances.

Refuses to be part of a longer transaction: a claim is committed when it returns, before anything is sent.
"""

from typing import cast

import asyncpg

from payments.ledger import FIELDS
from payments.model import Payment, Step

# Each instance skips the rows that another one is claiming at this moment (SKIP LOCKED), and the lease, a due time in
# the future, keeps claimed rows away from the others for longer than any call may take. When a worker dies, its
# lease runs out and the row is due again.
#
# "charge" becomes "ask" with the claim, that is: committed BEFORE the charge is sent. Whoever finds the row after a
# crash cannot tell "not sent" from "sent and charged", so the only safe thing that is left to do is to ask.
CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT order_id AS due_order, step AS claimed FROM payments
    WHERE step IS NOT NULL AND due_at <= clock_timestamp()
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE payments
SET attempts = attempts + 1, step = CASE step WHEN 'charge' THEN 'ask' ELSE step END,
    due_at = clock_timestamp() + make_interval(secs => $1), updated_at = now()
FROM due WHERE order_id = due_order
RETURNING {", ".join(FIELDS)}, claimed
"""
COUNT = "SELECT step, count(*) AS total FROM payments WHERE step IS NOT NULL GROUP BY step"


async def claim(session: asyncpg.Connection, lease: float, limit: int) -> list[tuple[Payment, Step]]:
    """Up to `limit` payments that are due longest, each with the step to take now."""
    rows = await session.fetch(CLAIM, lease, limit)
    return [(Payment(**{name: row[name] for name in FIELDS}), cast(Step, row["claimed"])) for row in rows]


async def waiting(session: asyncpg.Connection) -> dict[str, int]:
    """How many payments wait for which step."""
    return {row["step"]: row["total"] for row in await session.fetch(COUNT)}
