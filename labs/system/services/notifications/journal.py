"""The notifications table: what was tried, by whom it is being tried, and how it ended.

Refuses to be held open while a provider is asked: claiming and recording are two transactions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Row, RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.cursor import Position
from notifications.model import Answer, Channel, Message

_SAME = "event_id = :event_id AND recipient = :recipient AND channel = :channel"
# Two deliveries at once both insert; one of them makes the row, the other waits for it and sees that it is claimed.
# A claim ends by itself, or a message whose worker has died would be claimed for ever.
_CLAIM = text(
    "INSERT INTO notifications (event_id, user_id, channel, recipient, template, attempts, claimed_until)"
    " VALUES (:event_id, :user_id, :channel, :recipient, :template, 1,"
    " clock_timestamp() + make_interval(secs => :lease))"
    " ON CONFLICT ON CONSTRAINT once_per_event_recipient_and_channel DO UPDATE"
    " SET attempts = notifications.attempts + 1, claimed_until = excluded.claimed_until"
    " WHERE notifications.status IN ('PENDING', 'FAILED') AND notifications.claimed_until <= clock_timestamp()"
    " RETURNING attempts"
)
_DONE = text(f"SELECT status IN ('SENT', 'REJECTED') FROM notifications WHERE {_SAME}")
# What the provider said for good is a fact, whoever learnt it.
_SETTLE = text(
    "UPDATE notifications SET status = :status, error = :reason, claimed_until = clock_timestamp(),"
    " sent_at = CASE WHEN :status = 'SENT' THEN clock_timestamp() END"
    f" WHERE {_SAME} AND status IN ('PENDING', 'FAILED')"
)
# A failure counts only for the claim it belongs to: the number of the attempt is its fencing token. Whoever was so slow
# that somebody else took over must not end the other's claim.
_FAIL = text(
    "UPDATE notifications SET status = 'FAILED', error = :reason, claimed_until = clock_timestamp()"
    f" WHERE {_SAME} AND status IN ('PENDING', 'FAILED') AND attempts = :attempt"
)
_COLUMNS = "id, event_id, channel, template, recipient, status, attempts, created_at, sent_at"
_FIRST = text(
    f"SELECT {_COLUMNS} FROM notifications WHERE user_id = :user_id ORDER BY created_at DESC, id DESC LIMIT :count"
)
_NEXT = text(
    f"SELECT {_COLUMNS} FROM notifications WHERE user_id = :user_id AND (created_at, id) < (:at, :id)"
    " ORDER BY created_at DESC, id DESC LIMIT :count"
)
_FAILING = text(
    "SELECT channel, error AS reason, count(*) AS count FROM notifications WHERE status = 'FAILED'"
    " GROUP BY channel, error ORDER BY channel, count(*) DESC, error"
)


@dataclass(frozen=True)
class Claim:
    """The right to send a message now, as its n-th attempt."""

    attempt: int


# "done": there is nothing left to send. "busy": somebody else is sending it.
Taken = Claim | Literal["done", "busy"]


async def claim(connection: AsyncConnection, message: Message, lease: float) -> Taken:
    """Take the message for that many seconds, unless it is done or somebody else has it."""
    values = {**_identity(message), "user_id": message.user_id, "template": message.template, "lease": lease}
    attempt = (await connection.execute(_CLAIM, values)).scalar_one_or_none()
    if attempt is not None:
        return Claim(attempt)
    done = (await connection.execute(_DONE, _identity(message))).scalar_one()
    return "done" if done else "busy"


async def record(connection: AsyncConnection, message: Message, taken: Claim, answer: Answer) -> bool:
    """Write down how the attempt ended; False when that is no news."""
    values: dict[str, object] = {**_identity(message), "reason": answer.reason}
    if answer.status == "FAILED":
        result = await connection.execute(_FAIL, {**values, "attempt": taken.attempt})
    else:
        result = await connection.execute(_SETTLE, {**values, "status": answer.status})
    return result.rowcount == 1


async def page(connection: AsyncConnection, user_id: UUID, count: int, after: Position | None) -> Sequence[RowMapping]:
    """Messages to one user, newest first, behind the given position."""
    values: dict[str, object] = {"user_id": user_id, "count": count}
    if after is None:
        return (await connection.execute(_FIRST, values)).mappings().all()
    return (await connection.execute(_NEXT, values | {"at": after.created_at, "id": after.id})).mappings().all()


async def failing(connection: AsyncConnection) -> Sequence[Row[tuple[Channel, str, int]]]:
    """How many messages of which channel failed last time, and why."""
    return (await connection.execute(_FAILING)).all()


def _identity(message: Message) -> dict[str, object]:
    return {"event_id": message.event_id, "recipient": message.recipient, "channel": message.channel}
