"""The rules about money, each alone: what an answer or a cancellation changes in a payment."""

from __future__ import annotations

import uuid
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.model import Answer, Change, Lesson, Payment, Status, Step, cancel, learn

ID = uuid.uuid4()
UNSETTLED = {"PENDING", "UNKNOWN"}
STATES: list[tuple[Status, Step | None]] = [
    *((status, step) for status in ("PENDING", "UNKNOWN") for step in ("charge", "ask", "void")),
    ("CAPTURED", None),
    ("CAPTURED", "refund"),
    ("DECLINED", None),
    ("REFUNDED", None),
    ("VOIDED", None),
]
answers = st.sampled_from(get_args(Lesson)).map(Answer)


def payment(status: Status, step: Step | None, attempts: int = 1) -> Payment:
    """A payment in this state."""
    return Payment(ID, ID, 299, "EUR", status, step, attempts, None, "", ID, None)


payments = st.builds(
    lambda state, attempts: payment(state[0], state[1], attempts), st.sampled_from(STATES), st.integers(1, 9)
)


@given(payments, answers)
def test_an_answer_leads_to_a_state_that_exists(before: Payment, answer: Answer) -> None:
    """Unsettled means that a step is left, settled that none is: no payment is ever forgotten or worked on for ever."""
    change = learn(before, answer) or Change(before.status, before.step)
    assert (change.status, change.step) in STATES


@given(payments, answers)
def test_what_is_final_stays(before: Payment, answer: Answer) -> None:
    """Declined, voided and refunded hear nothing any more, and captured only of a refund that was asked for."""
    change = learn(before, answer)
    if before.status in {"DECLINED", "VOIDED", "REFUNDED"} or (before.status, before.step) == ("CAPTURED", None):
        assert change is None
    elif before.status == "CAPTURED" and change:
        assert change.status == ("REFUNDED" if answer.lesson == "refunded" else "CAPTURED")


@given(payments, answers)
def test_the_world_hears_of_outcomes_and_once_of_doubt(before: Payment, answer: Answer) -> None:
    """Announced is each change of status, and nothing else."""
    change = learn(before, answer)
    if change:
        assert change.announce == (change.status != before.status)


@given(payments, answers)
def test_a_cancelled_payment_is_never_charged_again(before: Payment, answer: Answer) -> None:
    """Once called off, no answer leads back to a charge, and captured money goes back."""
    called_off = cancel(before) or Change(before.status, before.step)
    after = learn(payment(called_off.status, called_off.step), answer) or called_off
    assert after.step != "charge"
    assert after.status != "CAPTURED" or after.step == "refund"


@given(payments)
def test_calling_off_twice_is_calling_off_once(before: Payment) -> None:
    """The second finds nothing to do."""
    first = cancel(before)
    if first:
        assert cancel(payment(first.status, first.step)) is None


@pytest.mark.parametrize(
    ("step", "lesson", "change"),
    [
        ("ask", "captured", Change("CAPTURED", None, announce=True)),
        ("ask", "declined", Change("DECLINED", None, announce=True)),
        ("ask", "voided", Change("VOIDED", None, announce=True)),
        ("ask", "absent", Change("PENDING", "charge", later=True)),
        ("ask", "unclear", Change("UNKNOWN", "ask", announce=True, later=True)),
        ("void", "captured", Change("CAPTURED", "refund", announce=True)),
        ("void", "declined", Change("VOIDED", None, announce=True)),
        ("void", "voided", Change("VOIDED", None, announce=True)),
        ("void", "absent", Change("PENDING", "void", later=True)),
        ("void", "unclear", Change("UNKNOWN", "void", announce=True, later=True)),
    ],
)
def test_the_answers_to_a_charge(step: Step, lesson: Lesson, change: Change) -> None:
    """With the payment still wanted, and with the order cancelled meanwhile."""
    assert learn(payment("PENDING", step), Answer(lesson)) == change


def test_nothing_sent_is_nothing_to_undo() -> None:
    """A payment that no worker has taken yet is voided here; one that may have been sent, by the provider."""
    assert cancel(payment("PENDING", "charge", attempts=0)) == Change("VOIDED", None, announce=True)
    assert cancel(payment("PENDING", "charge", attempts=1)) == Change("PENDING", "void")


def test_the_key_belongs_to_the_order() -> None:
    """Two rows of one order, say after a restore, could not charge twice."""
    assert payment("PENDING", "charge").key == f"order-{ID}"
