"""Looking at orders.  Refuses other people's, as if they did not exist."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import RowMapping

from chassis.cursor import Cursor, Position, position
from chassis.identity.dependency import require
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from orders import reading
from orders.routes.access import database_of, missing, owner_filter, user_of
from orders.routes.schemas import HistoryBody, OrderBody, OrderPage, StatusBody, TotalsBody
from orders.views import as_json, row_view, status_view

router = APIRouter(tags=["orders"])

Reader = Annotated[Identity, Depends(require("orders:read"))]
_LIST = responses(401, 403, 422, 503)
_ONE = responses(401, 403, 404, 422, 503)
_ANY = "orders:read:any"


@router.get("/orders", response_model=OrderPage, responses=_LIST)
async def page(
    request: Request,
    identity: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Cursor = None,
    user_id: Annotated[UUID | None, Query(description=f"Of somebody else; needs {_ANY}")] = None,
) -> Response:
    """Orders, newest first: one's own, or with the permission those of one other user."""
    owner = _whose(identity, user_id)
    after = position(cursor)
    async with database_of(request).transaction() as connection:
        rows = await reading.page(connection, owner, limit + 1, after)
    # One more than asked for tells whether there is a next page without counting anything.
    shown = rows[:limit]
    more = Position(shown[-1]["created_at"], shown[-1]["id"]).encode() if len(rows) > limit else None
    return _json({"items": [row_view(row) for row in shown], "next_cursor": more})


@router.get("/orders/totals", response_model=TotalsBody, responses=_LIST)
async def totals(
    request: Request,
    identity: Reader,
    user_id: Annotated[UUID | None, Query(description=f"Of somebody else; needs {_ANY}")] = None,
) -> Response:
    """The sums of a user."""
    owner = _whose(identity, user_id)
    async with database_of(request).transaction() as connection:
        row = await reading.totals(connection, owner)
    sums = row or {"placed": 0, "confirmed": 0, "cancelled": 0, "spent_cents": 0}
    return _json({"user_id": str(owner), **sums})


@router.get("/orders/{order_id}", response_model=OrderBody, responses=_ONE)
async def one(request: Request, order_id: UUID, identity: Reader) -> Response:
    """One order."""
    return _json(row_view(await _find(request, order_id, identity)))


@router.get("/orders/{order_id}/status", response_model=StatusBody, responses=_ONE)
async def status(request: Request, order_id: UUID, identity: Reader) -> Response:
    """Where one order stands."""
    return _json(status_view(await _find(request, order_id, identity)))


@router.get("/orders/{order_id}/history", response_model=HistoryBody, responses=_ONE)
async def history(request: Request, order_id: UUID, identity: Reader) -> Response:
    """What happened to one order, from the source of truth."""
    async with database_of(request).transaction() as connection:
        if await reading.find(connection, order_id, owner_filter(identity, _ANY)) is None:
            raise missing()
        rows = await reading.history(connection, order_id)
    events = [{**row, "data": json.loads(row["data"]), "occurred_at": row["occurred_at"].isoformat()} for row in rows]
    return _json({"id": str(order_id), "events": events})


async def _find(request: Request, order_id: UUID, identity: Identity) -> RowMapping:
    async with database_of(request).transaction() as connection:
        row = await reading.find(connection, order_id, owner_filter(identity, _ANY))
    if row is None:
        raise missing()
    return row


def _whose(identity: Identity, user_id: UUID | None) -> UUID:
    """A list has one owner.  Here 403 gives nothing away: it says nothing about whether that user exists."""
    if user_id is None:
        return user_of(identity)
    if not identity.may(_ANY) and user_id != user_of(identity):
        raise Problem(403, "Not permitted", detail=f"Orders of others need the permission {_ANY}.")
    return user_id


def _json(body: dict[str, Any]) -> Response:
    """The body as it is: the views make plain values, so the response model is for the published contract only."""
    return Response(as_json(body), media_type="application/json")
