"""The payment's state machine, as functions of values: what an answer or a cancellation changes, and what comes next.

Refuses to do anything: no database, no network, no clock. So each rule about money can be read, and tested, alone.

    PENDING -> CAPTURED | DECLINED | UNKNOWN | VOIDED      UNKNOWN -> CAPTURED | DECLINED | VOIDED
    CAPTURED -> REFUNDED                                   DECLINED, REFUNDED, VOIDED are final
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Status = Literal["PENDING", "CAPTURED", "DECLINED", "UNKNOWN", "REFUNDED", "VOIDED"]
Step = Literal["charge", "ask", "void", "refund"]
# What a call to the provider taught us. "absent": it knows no such charge. "unclear": we learnt nothing.
Lesson = Literal["captured", "declined", "voided", "refunded", "absent", "unclear"]

OUTCOME: dict[Lesson, Status] = {
    "captured": "CAPTURED",
    "declined": "DECLINED",
    "voided": "VOIDED",
    "refunded": "REFUNDED",
}


@dataclass(frozen=True)
class Payment:
    """One order's payment as the database has it."""

    order_id: UUID
    payment_id: UUID
    amount_cents: int
    currency: str
    status: Status
    step: Step | None
    attempts: int
    decline_reason: str | None
    correlation_id: str
    causation_id: UUID
    traceparent: str | None

    @property
    def key(self) -> str:
        """The idempotency key at the provider: of the order, so that it survives even the loss of this row."""
        return f"order-{self.order_id}"


@dataclass(frozen=True)
class Answer:
    """What the provider said, with its reason when it declined."""

    lesson: Lesson
    reason: str | None = None


@dataclass(frozen=True)
class Change:
    """The state to write. `announce` says whether the world is told; `later` whether the step waits its backoff."""

    status: Status
    step: Step | None
    announce: bool = False
    later: bool = False


def cancel(payment: Payment) -> Change | None:
    """What a cancellation changes; None when there is nothing left to cancel or it is already being done."""
    if payment.status == "CAPTURED":
        return None if payment.step == "refund" else Change("CAPTURED", "refund")
    if payment.status not in ("PENDING", "UNKNOWN") or payment.step == "void":
        return None
    if payment.attempts == 0:
        return Change("VOIDED", None, announce=True)
    # A charge may be on its way, even now. Only the provider can say "closed" or "too late": after a local VOIDED
    # a charge that arrives late would take money for a cancelled order, and nobody would look again.
    return Change(payment.status, "void")


def learn(payment: Payment, answer: Answer) -> Change | None:
    """What the provider's answer changes in the payment as it is now; None for news that came too late.

    `payment` is read again, under lock, after the call: a cancellation or another worker may have been faster.
    """
    if payment.status == "CAPTURED":
        return _learn_of_refund(payment, answer)
    if payment.status not in ("PENDING", "UNKNOWN"):
        return None
    if answer.lesson == "unclear":
        # Said once: the payment is UNKNOWN from now on, until the provider is heard.
        return Change("UNKNOWN", payment.step, announce=payment.status == "PENDING", later=True)
    cancelled = payment.step == "void"
    if answer.lesson == "absent":
        # It has no such charge, so charging is safe; should the first request still arrive, it has the same key.
        return Change(payment.status, "void" if cancelled else "charge", later=True)
    status = OUTCOME[answer.lesson]
    if cancelled and status == "DECLINED":
        status = "VOIDED"
    return Change(status, "refund" if cancelled and status == "CAPTURED" else None, announce=True)


def _learn_of_refund(payment: Payment, answer: Answer) -> Change | None:
    if payment.step != "refund":
        return None
    if answer.lesson == "refunded":
        return Change("REFUNDED", None, announce=True)
    return Change("CAPTURED", "refund", later=True)
