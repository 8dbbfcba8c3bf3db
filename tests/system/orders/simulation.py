"""One order and everybody it concerns, in memory: messages that arrive late, twice and out of order, calls that fail.

Orders and payments decide with their real, pure code; inventory and the provider are as small as their promises.
What a test chooses is only what happens next, from everything that could.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Literal
from uuid import UUID

from chassis.events.contracts import (
    CapturePayment,
    Contract,
    InventoryRejected,
    InventoryReleased,
    InventoryReserved,
    OrderCancelled,
    OrderCreated,
    PaymentVoided,
    RefundPayment,
    ReleaseInventory,
    ReserveInventory,
)
from orders.decisions import cancelled, decide
from orders.messages import facts, requests
from orders.model import Kind, Order, OrderEvent, Reason, Saga, Status, evolve, placed
from orders.news import as_news
from orders.steps import commands
from payments.announcements import event_of
from payments.model import Answer, Change, Lesson, Payment, Step, cancel, learn

ID = UUID("00000000-0000-4000-8000-000000000001")
PLACED = {
    "user_id": str(ID),
    "lines": [{"sku": "MUG-BLUE", "quantity": 2, "unit_price_cents": 899}],
    "total_cents": 1798,
    "currency": "EUR",
}
Action = Callable[[], None]


@dataclass
class Call:
    """One call of payments to the provider: whoever waits for it may give up before it arrives."""

    step: Step
    answer: Answer | None = None
    awaited: bool = True


class World:
    """The order, inventory, payments, the provider, and the messages between them."""

    def __init__(self, saga: Saga, *, in_stock: bool, solvent: bool) -> None:
        self.in_stock, self.solvent = in_stock, solvent
        self.reservation: Literal["RESERVED", "REJECTED", "RELEASED", "CANCELLED"] | None = None
        self.payment: Payment | None = None
        self.charge: Lesson | None = None
        self.captures = 0
        self.calls: list[Call] = []
        self.waiting: list[Contract] = []
        self.delivered: list[Contract] = []
        event = OrderEvent(Kind.PLACED, {**PLACED, "saga": saga.value})
        self.order = placed(str(ID), event)
        self._publish(facts(self.order, [event]), requests(self.order, commands(self.order)))

    # what may happen next

    def honest(self) -> list[Action]:
        """What goes on without anybody's fault: messages arrive, due steps are taken, calls are answered."""
        actions = [partial(self._deliver, message) for message in self.waiting]
        actions += [partial(self._arrive, call) for call in self.calls if call.answer is None]
        actions += [partial(self._answer, call) for call in self.calls if call.answer and call.awaited]
        return actions + ([self._claim] if self.payment and self.payment.step else [])

    def mischief(self) -> list[Action]:
        """What else may happen: repeats, calls given up, a change of mind, a deadline, an impatient orchestrator."""
        actions = [partial(self._handle, message) for message in self.delivered]
        for abandon in (self._give_up, self._time_out):
            actions += [partial(abandon, call) for call in self.calls if call.awaited]
        return [*actions, self._customer_cancels, self._deadline, self._ask_again]

    def settle(self) -> None:
        """Let everything that can still go on go on, until nothing can; payments' answers are heard by now."""
        for _ in range(1000):
            actions = self.honest()
            if not actions:
                return
            actions[0]()
        raise AssertionError("this never ends")

    # orders

    def _hear(self, news: OrderEvent) -> None:
        before = self.order
        events = decide(before, news)
        self.order = after = reduce(evolve, events, before)
        self._publish(facts(after, events), requests(after, commands(after) - commands(before)))

    def _customer_cancels(self) -> None:
        self._hear(cancelled(Reason.CANCELLED_BY_USER))

    def _deadline(self) -> None:
        """As the sweeper does it: what payments knows first, then the wish to cancel."""
        if self.order.status is Status.PENDING:
            known = event_of(self.payment) if self.payment else None
            if known is not None and known.type in {"payment.captured", "payment.declined", "payment.unknown"}:
                self._hear(as_news(known))
            self._hear(cancelled(Reason.TIMED_OUT))

    def _ask_again(self) -> None:
        self._publish(requests(self.order, commands(self.order)))

    # messages

    def _publish(self, *contracts: Iterable[Contract]) -> None:
        self.waiting += [one for some in contracts for one in some]

    def _deliver(self, message: Contract) -> None:
        self.waiting.remove(message)
        self.delivered.append(message)
        self._handle(message)

    def _handle(self, message: Contract) -> None:
        match message:
            case ReserveInventory():
                self._reserve("orchestration")
            case ReleaseInventory():
                self._release(commanded=True)
            case CapturePayment():
                self._capture(message.amount_cents)
            case RefundPayment():
                self._cancel(commanded=True)
            case _:
                self._react(message)

    def _react(self, fact: Contract) -> None:
        """Orders hears what the others say; without an orchestrator, the others act on facts by themselves."""
        if fact.type.startswith(("inventory.", "payment.")):
            self._hear(as_news(fact))
        match fact:
            case OrderCreated(saga="choreography"):
                self._reserve("choreography")
            case InventoryReserved(saga="choreography"):
                self._capture(fact.total_cents)
            case OrderCancelled(saga="choreography"):
                self._release(commanded=False)
                self._cancel(commanded=False)

    # inventory

    def _reserve(self, saga: Literal["choreography", "orchestration"]) -> None:
        if self.reservation is None:
            self.reservation = "RESERVED" if self.in_stock else "REJECTED"
        if self.reservation == "RESERVED":
            self._publish([InventoryReserved(order_id=ID, user_id=ID, total_cents=1798, saga=saga)])
        elif self.reservation == "REJECTED":
            self._publish([InventoryRejected(order_id=ID, missing=("MUG-BLUE",), saga=saga)])

    def _release(self, *, commanded: bool) -> None:
        changed = self.reservation in {None, "RESERVED"}
        if changed:
            self.reservation = "CANCELLED" if self.reservation is None else "RELEASED"
        if changed or commanded:
            self._publish([InventoryReleased(order_id=ID)])

    # payments

    def _capture(self, amount: int) -> None:
        if self.payment is None:
            self.payment = Payment(ID, ID, amount, "EUR", "PENDING", "charge", 0, None, "", ID, None)
        elif self.payment.status != "UNKNOWN":
            self._announce()

    def _cancel(self, *, commanded: bool) -> None:
        if self.payment is None:
            self.payment = Payment(ID, ID, 0, "EUR", "VOIDED", None, 0, None, "", ID, None)
            self._announce()
        elif change := cancel(self.payment):
            self._write(change)
        elif commanded and self.payment.step is None:
            if self.payment.status == "DECLINED":
                self._publish([PaymentVoided(order_id=ID)])
            else:
                self._announce()

    def _write(self, change: Change) -> None:
        assert self.payment is not None
        self.payment = replace(self.payment, status=change.status, step=change.step)
        if change.announce:
            self._announce()

    def _announce(self) -> None:
        contract = event_of(self.payment) if self.payment else None
        self._publish([contract] if contract else [])

    # payments' worker and the provider

    def _claim(self) -> None:
        assert self.payment is not None
        step = self.payment.step
        assert step is not None
        committed: Step = "ask" if step == "charge" else step
        self.payment = replace(self.payment, step=committed, attempts=self.payment.attempts + 1)
        self.calls.append(Call(step))

    def _arrive(self, call: Call) -> None:
        """The provider acts on the call; whether anybody still waits is not its business."""
        match call.step, self.charge:
            case "charge", None:
                self.charge = "captured" if self.solvent else "declined"
                self.captures += self.solvent
            case "void", None:
                self.charge = "voided"
            case "refund", "captured":
                self.charge = "refunded"
        call.answer = Answer(self.charge or "absent")
        if not call.awaited:
            self.calls.remove(call)

    def _answer(self, call: Call) -> None:
        assert call.answer is not None
        self.calls.remove(call)
        self._learn(call.answer)

    def _give_up(self, call: Call) -> None:
        """The worker died, so nothing is written; the call may still arrive."""
        call.awaited = False
        if call.answer is not None:
            self.calls.remove(call)

    def _time_out(self, call: Call) -> None:
        """The worker waits no longer, and writes that it does not know."""
        self._give_up(call)
        self._learn(Answer("unclear"))

    def _learn(self, answer: Answer) -> None:
        assert self.payment is not None
        if change := learn(self.payment, answer):
            self._write(change)


def outcome(order: Order) -> str:
    """How an order ended, in a word."""
    return order.reason.value if order.reason else order.status.value.lower()
