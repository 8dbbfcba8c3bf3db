"""What one order makes of news, whatever news comes, in whatever sequence and however often."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.decisions import cancelled, decide
from orders.messages import facts, requests
from orders.model import Kind, Order, OrderEvent, Payment, Reason, Saga, Status, Stock, evolve, fold, placed
from orders.steps import Command, Step, commands, owed, step

ORDER_ID = "00000000-0000-4000-8000-000000000001"
PAYMENT_ID = "00000000-0000-4000-8000-000000000002"

_NEWS = [
    OrderEvent(Kind.STOCK_RESERVED, {}),
    OrderEvent(Kind.STOCK_REJECTED, {"missing": ["MUG-BLUE"]}),
    OrderEvent(Kind.STOCK_RELEASED, {}),
    OrderEvent(Kind.PAYMENT_CAPTURED, {"payment_id": PAYMENT_ID, "amount_cents": 1798}),
    OrderEvent(Kind.PAYMENT_DECLINED, {"reason": "insufficient_funds"}),
    OrderEvent(Kind.PAYMENT_UNKNOWN, {}),
    OrderEvent(Kind.PAYMENT_REFUNDED, {"payment_id": PAYMENT_ID}),
    OrderEvent(Kind.PAYMENT_VOIDED, {}),
    *(cancelled(reason) for reason in Reason),
]
RESERVED, REJECTED, RELEASED, CAPTURED, DECLINED, UNKNOWN, REFUNDED, VOIDED = _NEWS[:8]
BY_USER, TIMED_OUT = cancelled(Reason.CANCELLED_BY_USER), cancelled(Reason.TIMED_OUT)

sagas = st.sampled_from(Saga)
# Any news at any time, also what no honest participant would ever send.
histories = st.lists(st.sampled_from(_NEWS), max_size=12)


def first(saga: Saga) -> OrderEvent:
    """The event of two blue mugs."""
    lines = [{"sku": "MUG-BLUE", "quantity": 2, "unit_price_cents": 899}]
    data = {"user_id": ORDER_ID, "lines": lines, "total_cents": 1798, "currency": "EUR", "saga": saga.value}
    return OrderEvent(Kind.PLACED, data)


def told(saga: Saga, news: Iterable[OrderEvent]) -> tuple[Order, list[OrderEvent]]:
    """The order after all this news, and its history."""
    history = [first(saga)]
    order = placed(ORDER_ID, history[0])
    for one in news:
        events = decide(order, one)
        order = reduce(evolve, events, order)
        history += events
    return order, history


@given(sagas, histories)
def test_an_order_is_the_fold_of_its_history(saga: Saga, news: list[OrderEvent]) -> None:
    """Replaying the events gives the same order, and the version counts them."""
    order, history = told(saga, news)
    assert fold(ORDER_ID, history) == order
    assert order.version == len(history)


@given(sagas, histories, st.sampled_from(_NEWS))
def test_news_told_twice_counts_once(saga: Saga, before: list[OrderEvent], news: OrderEvent) -> None:
    """Whatever happened before: the repeat of any news decides nothing."""
    order, _ = told(saga, [*before, news])
    assert decide(order, news) == ()


@given(sagas, histories)
def test_no_order_is_confirmed_without_goods_and_money(saga: Saga, news: list[OrderEvent]) -> None:
    """CONFIRMED means reserved and captured, at the moment of confirming and for as long as it stays confirmed."""
    order = placed(ORDER_ID, first(saga))
    for one in news:
        order = reduce(evolve, decide(order, one), order)
        if order.status is Status.CONFIRMED:
            assert (order.stock, order.payment) == (Stock.RESERVED, Payment.CAPTURED)
            assert step(order) is Step.DONE


@given(sagas, histories)
def test_a_cancelled_order_stays_cancelled_and_says_why(saga: Saga, news: list[OrderEvent]) -> None:
    """There is no way back from CANCELLED, its first reason stays, and only cancelled orders have one."""
    order = placed(ORDER_ID, first(saga))
    for one in news:
        after = reduce(evolve, decide(order, one), order)
        assert (after.status is Status.CANCELLED) == (after.reason is not None)
        if order.status is Status.CANCELLED:
            assert (after.status, after.reason) == (Status.CANCELLED, order.reason)
        order = after


@given(sagas, histories)
def test_what_a_cancelled_order_holds_is_owed_back(saga: Saga, news: list[OrderEvent]) -> None:
    """Goods and money of a cancelled order keep its saga open until they are back; nothing else does."""
    order, _ = told(saga, [*news, BY_USER])
    assert order.status is Status.CANCELLED
    owes = owed(order)
    # An orchestrator has asked for goods from the first moment, so that silence may mean "reserved".
    perhaps = {Stock.RESERVED, Stock.NONE} if saga is Saga.ORCHESTRATION else {Stock.RESERVED}
    assert (Command.RELEASE in owes) == (order.stock in perhaps)
    assert (order.payment in {Payment.CAPTURED, Payment.UNKNOWN}) <= (Command.REFUND in owes)
    assert (step(order) is Step.DONE) == (not owes)
    assert commands(order) == (owes if saga is Saga.ORCHESTRATION else set())


@given(sagas, histories)
def test_capture_is_commanded_when_it_is_due(saga: Saga, news: list[OrderEvent]) -> None:
    """An orchestrated order asks for money when goods are reserved and money is unheard of; no other order asks."""
    order, _ = told(saga, news)
    captures = Command.CAPTURE in commands(order)
    due = (order.status, order.stock, order.payment) == (Status.PENDING, Stock.RESERVED, Payment.NONE)
    assert captures == (due and saga is Saga.ORCHESTRATION)


@pytest.mark.parametrize("saga", Saga)
@pytest.mark.parametrize(
    ("news", "status", "reason"),
    [
        ([RESERVED, CAPTURED], Status.CONFIRMED, None),
        ([CAPTURED, RESERVED], Status.CONFIRMED, None),
        ([RESERVED, UNKNOWN, CAPTURED], Status.CONFIRMED, None),
        ([RESERVED, CAPTURED, UNKNOWN], Status.CONFIRMED, None),
        ([REJECTED], Status.CANCELLED, Reason.OUT_OF_STOCK),
        ([RESERVED, DECLINED], Status.CANCELLED, Reason.PAYMENT_DECLINED),
        ([DECLINED], Status.CANCELLED, Reason.PAYMENT_DECLINED),
        ([RESERVED, UNKNOWN, DECLINED], Status.CANCELLED, Reason.PAYMENT_DECLINED),
        ([RESERVED, UNKNOWN], Status.PENDING, None),
        ([RESERVED, BY_USER], Status.CANCELLED, Reason.CANCELLED_BY_USER),
        ([RESERVED, CAPTURED, BY_USER], Status.CANCELLED, Reason.CANCELLED_BY_USER),
        ([RESERVED, CAPTURED, TIMED_OUT], Status.CONFIRMED, None),
        ([RESERVED, TIMED_OUT, CAPTURED], Status.CANCELLED, Reason.TIMED_OUT),
        ([RELEASED, REFUNDED, VOIDED], Status.PENDING, None),
        ([REJECTED, RESERVED, CAPTURED], Status.CANCELLED, Reason.OUT_OF_STOCK),
    ],
)
def test_the_ways_of_an_order(saga: Saga, news: list[OrderEvent], status: Status, reason: Reason | None) -> None:
    """The good end, the bad ends and their sequences, as one would draw them on a whiteboard."""
    order, _ = told(saga, news)
    assert (order.status, order.reason) == (status, reason)


def test_a_late_charge_of_a_cancelled_order_is_asked_back() -> None:
    """Cancelled while the charge was on its way: the refund is asked for at once, and again when money is heard of."""
    order, _ = told(Saga.ORCHESTRATION, [RESERVED, BY_USER])
    assert commands(order) == {Command.RELEASE, Command.REFUND}
    order, _ = told(Saga.ORCHESTRATION, [RESERVED, BY_USER, RELEASED, CAPTURED])
    assert (commands(order), step(order)) == ({Command.REFUND}, Step.COMPENSATING)
    order, _ = told(Saga.ORCHESTRATION, [RESERVED, BY_USER, RELEASED, CAPTURED, REFUNDED])
    assert (commands(order), step(order)) == (set(), Step.DONE)


@pytest.mark.parametrize("saga", Saga)
def test_goods_that_arrive_after_the_cancellation_are_owed_back(saga: Saga) -> None:
    """ "Reserved" that was overtaken by the cancellation opens the saga again, until "released" closes it."""
    order, _ = told(saga, [BY_USER, RESERVED])
    assert (order.stock, step(order)) == (Stock.RESERVED, Step.COMPENSATING)
    order, _ = told(saga, [BY_USER, RESERVED, RELEASED])
    assert (order.stock, step(order)) == (Stock.RELEASED, Step.DONE)
    order, _ = told(saga, [BY_USER, RELEASED, RESERVED])
    assert (order.stock, step(order)) == (Stock.RELEASED, Step.DONE)


@given(sagas, histories)
def test_only_what_concerns_others_is_published(saga: Saga, news: list[OrderEvent]) -> None:
    """Placed, confirmed and cancelled are facts for everybody; what others said themselves is not repeated."""
    order, history = told(saga, news)
    published = [contract.type for contract in facts(order, history)]
    names = {Kind.PLACED: "order.created", Kind.CONFIRMED: "order.confirmed", Kind.CANCELLED: "order.cancelled"}
    assert published == [names[event.kind] for event in history if event.kind in names]


def test_requests_come_in_a_fixed_sequence() -> None:
    """Stock before money, and each command carries what its receiver needs to act without asking back."""
    order, _ = told(Saga.ORCHESTRATION, [])
    asked = list(requests(order, set(Command)))
    assert [contract.type for contract in asked] == [
        "inventory.reserve",
        "payment.capture",
        "inventory.release",
        "payment.refund",
    ]
    assert asked[1].model_dump(include={"amount_cents", "currency"}) == {"amount_cents": 1798, "currency": "EUR"}
