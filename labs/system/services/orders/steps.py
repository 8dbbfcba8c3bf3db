"""Where the saga of an order stands and what is still owed: both follow from the order.  Pure.

Refuses to keep a second truth.  The stored saga row holds only what the order cannot know (attempts, due times);
the step is computed, so after a crash the orchestrator continues from the history and not from its own memory.
"""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum

from orders.model import Order, Payment, Saga, Status, Stock


class Step(StrEnum):
    """What the saga waits for."""

    RESERVING = "reserving"
    CHARGING = "charging"
    COMPENSATING = "compensating"
    DONE = "done"


class Command(StrEnum):
    """What the orchestrator asks of the others.  Each is idempotent per order at its receiver."""

    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"


_NOTHING: Set[Command] = frozenset()


def owed(order: Order) -> Set[Command]:
    """The compensations that a cancelled order still waits for."""
    if order.status is not Status.CANCELLED:
        return _NOTHING
    # An orchestrated order has asked for stock from its first moment; "not heard of yet" may mean "reserved".
    maybe_reserved = order.saga is Saga.ORCHESTRATION and order.stock is Stock.NONE
    release = order.stock is Stock.RESERVED or maybe_reserved
    # The same for money: once charging could begin, silence is no proof that nothing was taken.
    maybe_charged = order.charging and order.payment is Payment.NONE
    refund = order.payment in {Payment.CAPTURED, Payment.UNKNOWN} or maybe_charged
    return frozenset(command for command, due in ((Command.RELEASE, release), (Command.REFUND, refund)) if due)


def step(order: Order) -> Step:
    """The step this order is in."""
    if order.status is Status.PENDING:
        return Step.CHARGING if order.stock is Stock.RESERVED else Step.RESERVING
    return Step.COMPENSATING if owed(order) else Step.DONE


def commands(order: Order) -> Set[Command]:
    """What an orchestrator has to have asked for by now.  A choreographed order asks nobody: facts do."""
    if order.saga is Saga.CHOREOGRAPHY:
        return _NOTHING
    if order.status is not Status.PENDING:
        return owed(order)
    if order.stock is Stock.NONE:
        return frozenset({Command.RESERVE})
    # UNKNOWN means that payments has the request and is finding out.  Asking again could only charge twice.
    return frozenset({Command.CAPTURE}) if order.payment is Payment.NONE else _NOTHING
