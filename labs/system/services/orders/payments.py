"""Asking payments how it ended, before an overdue order is given up.

Refuses to take silence for an answer: "no such payment" and "no reply" are different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from chassis.http import Client, UpstreamError
from orders.model import Kind, OrderEvent


class Silent(Exception):
    """Payments cannot be asked now."""


class _Answer(BaseModel):
    status: Literal["PENDING", "CAPTURED", "DECLINED", "UNKNOWN", "REFUNDED", "VOIDED"]
    payment_id: UUID
    amount_cents: Annotated[int, Field(ge=0)]
    decline_reason: str | None = None


@dataclass
class Payments:
    """The payments service, as far as orders needs it."""

    client: Client

    async def outcome(self, order_id: UUID) -> OrderEvent | None:
        """What payments knows, as news for the order; None when there is no outcome.  Raises Silent."""
        try:
            response = await self.client.request("GET", f"/payments/by-order/{order_id}")
        except UpstreamError as error:
            raise Silent from error
        if response.status == 404:
            return None
        if response.status != 200:
            raise Silent(f"payments answered {response.status}")
        try:
            return _news(_Answer.model_validate_json(response.body))
        except ValidationError as error:
            raise Silent("payments answered with something else") from error


def _news(answer: _Answer) -> OrderEvent | None:
    match answer.status:
        case "CAPTURED":
            return OrderEvent(
                Kind.PAYMENT_CAPTURED, {"payment_id": str(answer.payment_id), "amount_cents": answer.amount_cents}
            )
        case "DECLINED":
            return OrderEvent(Kind.PAYMENT_DECLINED, {"reason": answer.decline_reason or "declined"})
        case "UNKNOWN":
            return OrderEvent(Kind.PAYMENT_UNKNOWN, {})
        case _:
            # PENDING: nothing is known yet.  REFUNDED, VOIDED: only of cancelled orders, and those are told by event.
            return None
