"""Payments over HTTP: how an order's payment stands.

Refuses to take or return money over HTTP: that is asked for by events, so that it is not lost when payments is down
and not repeated when an answer is.
"""

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from chassis.database import Database
from chassis.identity.dependency import require_or_caller
from chassis.problems import Problem, responses
from payments import ledger
from payments.model import Status

router = APIRouter()


class PaymentView(BaseModel):
    """A payment as orders and support see it; `status` UNKNOWN means that the provider has not answered yet."""

    payment_id: UUID
    order_id: UUID
    status: Status
    amount_cents: int
    currency: str
    decline_reason: str | None


@router.get(
    "/payments/by-order/{order_id}",
    responses=responses(401, 403, 404, 422, 503),
    dependencies=[Depends(require_or_caller("payments:read:any", "orders"))],
)
async def by_order(request: Request, order_id: UUID) -> PaymentView:
    """The payment of an order: 404 says that nobody has asked for one yet, and none was ever attempted."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        payment = await ledger.find(connection, order_id)
    if payment is None:
        raise Problem(404, "No payment for this order")
    return PaymentView.model_validate(payment, from_attributes=True)
