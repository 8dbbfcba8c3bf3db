"""Every event and command of the shop, one frozen model each.

A contract is what a producer promises and a consumer may rely on. Reading is tolerant: unknown fields are
ignored, so a producer may add one without asking its consumers. Removing or renaming a field, or changing
what it means, is a new `version`.

Refuses floats for money: amounts are integer cents, because 0.1 + 0.2 is not 0.3.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.text import Long, Short

EVENTS = "shop.events"
COMMANDS = "shop.commands"

Cents = Annotated[int, Field(ge=0, lt=2**63)]
Quantity = Annotated[int, Field(gt=0, lt=2**31)]
Currency = Literal["EUR"]
Saga = Literal["choreography", "orchestration"]
CancelReason = Literal["out_of_stock", "payment_declined", "cancelled_by_user", "timed_out"]


class Contract(BaseModel):
    """The base of all contracts: `type` is the routing key, `exchange` where it is published."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    exchange: ClassVar[str] = EVENTS
    version: ClassVar[int] = 1


class Line(BaseModel):
    """One line of an order with the price of the moment it was placed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sku: Short
    quantity: Quantity
    unit_price_cents: Cents


class UserRegistered(Contract):
    """Somebody has an account now. The only event with personal data: a welcome needs an address."""

    type = "user.registered"

    user_id: UUID
    email: Long
    name: Long
    phone: Long | None = None
    device: Long | None = None


class OrderCreated(Contract):
    """An order is placed and waits for stock and payment."""

    type = "order.created"

    order_id: UUID
    user_id: UUID
    lines: tuple[Line, ...] = Field(min_length=1)
    total_cents: Cents
    currency: Currency = "EUR"
    saga: Saga


class OrderConfirmed(Contract):
    """Stock is reserved and the money is captured."""

    type = "order.confirmed"

    order_id: UUID
    user_id: UUID
    total_cents: Cents
    currency: Currency = "EUR"


class OrderCancelled(Contract):
    """The order will not happen; whoever did something for it undoes it."""

    type = "order.cancelled"

    order_id: UUID
    user_id: UUID
    reason: CancelReason
    saga: Saga


class InventoryReserved(Contract):
    """All lines of the order are set aside. Carries the amount, so that payments needs to ask nobody."""

    type = "inventory.reserved"

    order_id: UUID
    user_id: UUID
    total_cents: Cents
    currency: Currency = "EUR"
    saga: Saga


class InventoryRejected(Contract):
    """Nothing was set aside, because these articles are short."""

    type = "inventory.rejected"

    order_id: UUID
    missing: tuple[Short, ...]
    saga: Saga


class InventoryReleased(Contract):
    """What was set aside for the order is for sale again, or never will be set aside."""

    type = "inventory.released"

    order_id: UUID


class PaymentCaptured(Contract):
    """The money is ours."""

    type = "payment.captured"

    order_id: UUID
    payment_id: UUID
    amount_cents: Cents


class PaymentDeclined(Contract):
    """The provider said no, and no money moved."""

    type = "payment.declined"

    order_id: UUID
    reason: Short


class PaymentUnknown(Contract):
    """The provider did not answer in time: the money may have moved. Said once; the outcome follows."""

    type = "payment.unknown"

    order_id: UUID


class PaymentRefunded(Contract):
    """The captured money went back."""

    type = "payment.refunded"

    order_id: UUID
    payment_id: UUID


class PaymentVoided(Contract):
    """The order was cancelled before anything was captured; nothing will be."""

    type = "payment.voided"

    order_id: UUID


class ReserveInventory(Contract):
    """Set these lines aside; answered by inventory.reserved or inventory.rejected."""

    type = "inventory.reserve"
    exchange = COMMANDS

    order_id: UUID
    user_id: UUID
    lines: tuple[Line, ...] = Field(min_length=1)
    total_cents: Cents
    currency: Currency = "EUR"


class ReleaseInventory(Contract):
    """Undo the reservation; answered by inventory.released."""

    type = "inventory.release"
    exchange = COMMANDS

    order_id: UUID


class CapturePayment(Contract):
    """Charge the customer; answered by payment.captured, payment.declined or payment.unknown."""

    type = "payment.capture"
    exchange = COMMANDS

    order_id: UUID
    user_id: UUID
    amount_cents: Cents
    currency: Currency = "EUR"


class RefundPayment(Contract):
    """Give the money back, or never take it; answered by payment.refunded or payment.voided."""

    type = "payment.refund"
    exchange = COMMANDS

    order_id: UUID


class Notify(Contract):
    """What all three channels are told; `event_id` is the event that caused it and part of the dedupe key."""

    exchange = COMMANDS

    event_id: UUID
    user_id: UUID
    recipient: Long
    template: Short
    values: Mapping[Short, Long | int] = Field(default_factory=dict)


class NotifyEmail(Notify):
    """Send one mail."""

    type = "notify.email"


class NotifySms(Notify):
    """Send one text message."""

    type = "notify.sms"


class NotifyPush(Notify):
    """Send one push message to a device."""

    type = "notify.push"


CONTRACTS: Mapping[str, type[Contract]] = {
    contract.type: contract
    for contract in (
        UserRegistered,
        OrderCreated,
        OrderConfirmed,
        OrderCancelled,
        InventoryReserved,
        InventoryRejected,
        InventoryReleased,
        PaymentCaptured,
        PaymentDeclined,
        PaymentUnknown,
        PaymentRefunded,
        PaymentVoided,
        ReserveInventory,
        ReleaseInventory,
        CapturePayment,
        RefundPayment,
        NotifyEmail,
        NotifySms,
        NotifyPush,
    )
}
