"""What an order makes of news: the state machine as a table, and the consequences.  Pure.

Refuses news that is old, repeated or out of place by deciding nothing.  Brokers deliver late, twice and in any
sequence; because every rule names the states it applies to, none of that needs a special case anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orders.model import Kind, Order, OrderEvent, Payment, Reason, Status, Stock, evolve

_OPEN = frozenset({Status.PENDING, Status.CANCELLED})  # still learning; a confirmed order has learnt everything
_OVER = frozenset({Status.CANCELLED})  # nobody takes back what nobody gave up


@dataclass(frozen=True)
class Rule:
    """News counts when the order has one of these statuses and the side it concerns is in one of these states."""

    statuses: frozenset[Status]
    before: frozenset[Stock] | frozenset[Payment] = frozenset()


_UNSETTLED = frozenset({Payment.NONE, Payment.UNKNOWN})

# An end state (rejected, released, declined, refunded, voided) is in no `before`: that is what makes a late
# "reserved" after "released", or a second "captured", harmless.
RULES: Mapping[Kind, Rule] = {
    Kind.STOCK_RESERVED: Rule(_OPEN, frozenset({Stock.NONE})),
    Kind.STOCK_REJECTED: Rule(_OPEN, frozenset({Stock.NONE})),
    # From NONE too: "released" may overtake "reserved", or answer a release of what was never reserved.
    Kind.STOCK_RELEASED: Rule(_OVER, frozenset({Stock.NONE, Stock.RESERVED})),
    Kind.PAYMENT_CAPTURED: Rule(_OPEN, _UNSETTLED),
    Kind.PAYMENT_DECLINED: Rule(_OPEN, _UNSETTLED),
    Kind.PAYMENT_UNKNOWN: Rule(_OPEN, frozenset({Payment.NONE})),
    Kind.PAYMENT_REFUNDED: Rule(_OVER, _UNSETTLED | {Payment.CAPTURED}),
    Kind.PAYMENT_VOIDED: Rule(_OVER, _UNSETTLED),
    Kind.CANCELLED: Rule(frozenset({Status.PENDING, Status.CONFIRMED})),
}

_CONCERNS_STOCK = frozenset({Kind.STOCK_RESERVED, Kind.STOCK_REJECTED, Kind.STOCK_RELEASED})


def counts(order: Order, news: Kind) -> bool:
    """Whether this news changes this order."""
    rule = RULES.get(news)
    if rule is None or order.status not in rule.statuses:
        return False
    if news is Kind.CANCELLED:
        return True
    return (order.stock if news in _CONCERNS_STOCK else order.payment) in rule.before


def decide(order: Order, news: OrderEvent) -> tuple[OrderEvent, ...]:
    """The events to append: the news itself and what follows from it, or nothing."""
    if not counts(order, news.kind):
        return ()
    # Only a customer undoes a confirmed order.  A deadline that fires late finds it confirmed and passes by.
    late = news.kind is Kind.CANCELLED and news.data["reason"] != Reason.CANCELLED_BY_USER
    if late and order.status is Status.CONFIRMED:
        return ()
    return (news, *_consequences(evolve(order, news)))


def _consequences(order: Order) -> tuple[OrderEvent, ...]:
    """What the order itself decides once both sides are known, in whichever sequence they answered."""
    if order.status is not Status.PENDING:
        return ()
    if order.stock is Stock.REJECTED:
        return (cancelled(Reason.OUT_OF_STOCK),)
    if order.payment is Payment.DECLINED:
        return (cancelled(Reason.PAYMENT_DECLINED),)
    if order.stock is Stock.RESERVED and order.payment is Payment.CAPTURED:
        return (OrderEvent(Kind.CONFIRMED, {}),)
    return ()


def cancelled(reason: Reason) -> OrderEvent:
    """The wish to cancel, which is also the event if it is granted."""
    return OrderEvent(Kind.CANCELLED, {"reason": reason.value})
