"""Which event tells the world about a payment's state. Refuses to send: the outbox does."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import outbox
from chassis.events.contracts import (
    Contract,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentUnknown,
    PaymentVoided,
)
from chassis.events.envelope import new_event
from payments.model import Payment

NAME = "payments"


def event_of(payment: Payment) -> Contract | None:
    """The fact as a contract; None for PENDING, which is no outcome."""
    order_id = payment.order_id
    match payment.status:
        case "CAPTURED":
            return PaymentCaptured(order_id=order_id, payment_id=payment.payment_id, amount_cents=payment.amount_cents)
        case "DECLINED":
            return PaymentDeclined(order_id=order_id, reason=payment.decline_reason or "declined")
        case "UNKNOWN":
            return PaymentUnknown(order_id=order_id)
        case "REFUNDED":
            return PaymentRefunded(order_id=order_id, payment_id=payment.payment_id)
        case "VOIDED":
            return PaymentVoided(order_id=order_id)
        case _:
            return None


async def announce(connection: AsyncConnection, payment: Payment, cause: UUID) -> None:
    """Tell how the payment stands, because of the event `cause`."""
    contract = event_of(payment)
    if contract is not None:
        await tell(connection, contract, payment.order_id, cause)


async def tell(connection: AsyncConnection, contract: Contract, order_id: UUID, cause: UUID) -> None:
    """Write one event about the order into the outbox."""
    event = new_event(contract, subject=str(order_id), producer=NAME)
    # The worker has no event at hand, only the id of the one that asked for the payment.
    await outbox.add(connection, event.model_copy(update={"causation_id": cause}))
