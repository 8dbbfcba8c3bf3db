"""The projection of users: who can be reached where, and the events that wait for somebody to be known.

Refuses to be asked for anything but the recipient of an event: this is not a second directory of users.
"""

import logging
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.events.contracts import UserRegistered
from chassis.events.envelope import Event
from notifications.addresses import normal
from notifications.model import Channel, Recipient

logger = logging.getLogger(__name__)

_COLUMNS = "user_id, name, email, phone, device"
_LEARN = text(
    "INSERT INTO recipients (user_id, name, email, phone, device, registered_at)"
    " VALUES (:user_id, :name, :email, :phone, :device, now())"
    " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone,"
    f" device = excluded.device, registered_at = excluded.registered_at RETURNING {_COLUMNS}"
)
_FIND = text(f"SELECT {_COLUMNS} FROM recipients WHERE user_id = :user_id AND registered_at IS NOT NULL")
# Makes the row or locks the one there is, and waits for whoever else is doing so. To look, find nobody and put the
# event aside is not enough: user.registered could look for waiting events in between, and none would ever look again.
_MEET = text(
    "INSERT INTO recipients (user_id) VALUES (:user_id)"
    " ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id"
    f" RETURNING {_COLUMNS}, registered_at"
)
_WAIT = text("INSERT INTO waiting_events (event_id, user_id, event) VALUES (:event_id, :user_id, CAST(:event AS json))")
_RELEASE = text("DELETE FROM waiting_events WHERE user_id = :user_id RETURNING CAST(event AS text) AS event")


async def learn(connection: AsyncConnection, registered: UserRegistered) -> Recipient:
    """Remember somebody, with those addresses that can be used."""
    values = {
        "user_id": registered.user_id,
        "name": registered.name,
        "email": _usable("email", registered.email),
        "phone": _usable("sms", registered.phone),
        "device": _usable("push", registered.device),
    }
    return _recipient((await connection.execute(_LEARN, values)).one())


def _usable(channel: Channel, address: str | None) -> str | None:
    found = normal(channel, address)
    if address is not None and found is None:
        # Not a failure: nobody could mend it but the user, and it must not keep the other channels from them.
        logger.warning("an address for %s is none; the channel is not used", channel)
    return found


async def find_or_wait(connection: AsyncConnection, user_id: UUID, event: Event) -> Recipient | None:
    """Whom the event is about; None when nobody knows yet, and then the event waits."""
    row = (await connection.execute(_FIND, {"user_id": user_id})).first()
    if row is None:
        row = (await connection.execute(_MEET, {"user_id": user_id})).one()
        if row.registered_at is None:
            values = {"event_id": event.id, "user_id": user_id, "event": event.encode().decode()}
            await connection.execute(_WAIT, values)
            return None
    return _recipient(row)


async def released(connection: AsyncConnection, user_id: UUID) -> list[Event]:
    """The events that have waited for this user, in the order in which they happened; they wait no more."""
    rows = await connection.execute(_RELEASE, {"user_id": user_id})
    return sorted((Event.decode(row.event) for row in rows), key=lambda event: event.occurred_at)


def _recipient(row: Row[tuple[object, ...]]) -> Recipient:
    return Recipient(row.user_id, row.name, row.email, row.phone, row.device)
