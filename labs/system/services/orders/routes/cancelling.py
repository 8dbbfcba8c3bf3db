"""POST /orders/{id}/cancel.  Refuses to promise what is not decided yet: money and stock come back by the saga."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from chassis.identity.dependency import require
from chassis.identity.model import Identity
from chassis.problems import Problem, responses
from orders import changes, reading
from orders.decisions import cancelled
from orders.model import Reason
from orders.routes.access import database_of, missing, owner_filter
from orders.routes.schemas import OrderBody
from orders.views import as_json, row_view

router = APIRouter(tags=["orders"])


@router.post("/orders/{order_id}/cancel", response_model=OrderBody, responses=responses(401, 403, 404, 409, 422, 503))
async def cancel(
    request: Request, order_id: UUID, identity: Annotated[Identity, Depends(require("orders:cancel"))]
) -> Response:
    """Cancel an order, pending or confirmed.

    A repeat finds it cancelled and says so again with 200: cancelling asks for a state, not for a transition,
    and that makes it safe to repeat without a key.
    """
    async with database_of(request).transaction() as connection:
        # Whoever may see an order but not cancel it gets 403; who may not even see it, 404.
        seen = await reading.find(connection, order_id, owner_filter(identity, "orders:read:any"))
        if seen is None:
            raise missing()
        if owner_filter(identity, "orders:cancel:any") not in {None, seen["user_id"]}:
            raise Problem(403, "Not permitted", detail="Orders of others need the permission orders:cancel:any.")
        try:
            wish = cancelled(Reason.CANCELLED_BY_USER)
            await changes.apply(connection, order_id, wish, request.app.state.pace)
        except changes.Contended:
            raise Problem(409, "Conflict", detail="The order keeps changing.", headers={"Retry-After": "1"}) from None
        row = await reading.find(connection, order_id, None)
    assert row is not None  # orders are never deleted
    return Response(as_json(row_view(row)), media_type="application/json")
