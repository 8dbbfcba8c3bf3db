"""What was sent to whom, over HTTP. Refuses to send anything: that is asked for by events, so that none is lost.

Refuses whole addresses too: whoever may look at somebody's messages sees which address was used, not the address.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import RowMapping

from chassis.cursor import Cursor, Position, position
from chassis.database import Database
from chassis.identity.dependency import current_identity
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from notifications import journal
from notifications.addresses import masked
from notifications.model import Channel, Status

router = APIRouter(tags=["notifications"])

_ANY = "users:read:any"


class Notification(BaseModel):
    """One message; `attempts` says how often it was tried, and `recipient` is masked."""

    id: UUID
    event_id: UUID
    channel: Channel
    template: str
    recipient: str
    status: Status
    attempts: int
    created_at: datetime
    sent_at: datetime | None


class NotificationPage(BaseModel):
    """Some messages, newest first; `next_cursor` leads to the next ones and is null at the end."""

    items: list[Notification]
    next_cursor: str | None


@router.get("/notifications", responses=responses(401, 403, 422, 503))
async def page(
    request: Request,
    identity: Annotated[Identity, Depends(current_identity)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Cursor = None,
    user_id: Annotated[UUID | None, Query(description=f"Of somebody else; needs {_ANY}")] = None,
) -> NotificationPage:
    """Messages, newest first: to oneself, or with the permission those to one other user."""
    whose, after = _whose(identity, user_id), position(cursor)
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        rows = await journal.page(connection, whose, limit + 1, after)
    # One more than asked for tells whether there is a next page without counting anything.
    items = [_shown(row) for row in rows[:limit]]
    more = Position(items[-1].created_at, items[-1].id).encode() if len(rows) > limit else None
    return NotificationPage(items=items, next_cursor=more)


def _whose(identity: Identity, user_id: UUID | None) -> UUID:
    """A list has one owner. Here 403 gives nothing away: it says nothing about whether that user exists."""
    own = _own(identity)
    if user_id is not None and user_id != own and not identity.may(_ANY):
        raise Problem(403, "Not permitted", detail=f"Messages to others need the permission {_ANY}.")
    if (whose := user_id or own) is None:
        raise Problem(403, "Not permitted", detail="Only users are sent messages.")
    return whose


def _own(identity: Identity) -> UUID | None:
    try:
        return UUID(identity.subject) if identity.kind == "user" else None
    except ValueError:
        return None


def _shown(row: RowMapping) -> Notification:
    return Notification.model_validate({**row, "recipient": masked(row["channel"], row["recipient"])})
