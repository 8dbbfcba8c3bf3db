"""What a sitting asks, and in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import START, event, reviewed
from tutor.content.index import Entry
from tutor.event import Event
from tutor.schedule.scheduler import STEP, Scheduler
from tutor.study.history import History
from tutor.study.queue import LEARN_AHEAD, MAX_QUEUE, Filter, build, due_now

ENTRIES = [
    Entry("a1", "a", "open", "junior"),
    Entry("a2", "a", "single", "mid"),
    Entry("a3", "a", "single", "senior"),
    Entry("b1", "b", "open", "mid"),
    Entry("b2", "b", "cloze", "mid"),
]
LATER = START + timedelta(days=100)
scheduler = Scheduler()


def queue(*events: Event, **wanted: object) -> list[str]:
    """What is asked a hundred days on."""
    return build(ENTRIES, History(scheduler, events), Filter(**wanted), LATER)  # type: ignore[arg-type]


def test_new_questions_take_turns_between_topics() -> None:
    """Unseen questions come in the pack's order, interleaved by topic."""
    assert queue() == ["a1", "b1", "a2", "b2", "a3"]


def test_due_comes_first_and_oldest_first() -> None:
    """Due questions precede new ones; within a topic the one that waited longest comes first."""
    seen = [
        reviewed("a3", 3),
        reviewed("b2", 3, START + timedelta(days=2)),
        reviewed("a2", 3, START + timedelta(days=1)),
    ]
    assert queue(*seen) == ["a3", "b2", "a2", "a1", "b1"]


def test_what_is_not_due_is_not_asked() -> None:
    """A question answered just now waits; one due within twenty minutes does not."""
    assert "a1" not in queue(reviewed("a1", 4, LATER))
    soon = History(scheduler, [reviewed("a1", 1, LATER)])
    assert due_now(soon, "a1", LATER)
    assert timedelta(minutes=20) == LEARN_AHEAD > STEP
    assert not due_now(soon, "a1", LATER - LEARN_AHEAD)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"topics": frozenset({"b"})}, ["b1", "b2"]),
        ({"kinds": frozenset({"open"})}, ["a1", "b1"]),
        ({"levels": frozenset({"mid"}), "kinds": frozenset({"single"})}, ["a2"]),
        ({"questions": frozenset({"b2", "no-such"})}, ["b2"]),
        ({"limit": 2}, ["a1", "b1"]),
        ({"limit": 0}, ["a1", "b1", "a2", "b2", "a3"]),
        ({"limit": -3}, ["a1", "b1", "a2", "b2", "a3"]),
        ({"new": 1}, ["a1"]),
        ({"new": 0}, []),
        ({"new": -1}, []),
        ({"missed": True}, []),
        ({"topics": frozenset({"none"})}, []),
    ],
)
def test_filters_and_limits(wanted: dict[str, object], ids: list[str]) -> None:
    """Each filter narrows what is asked; a limit of 0 or less is none."""
    assert queue(**wanted) == ids


def test_new_bounds_only_the_unseen() -> None:
    """With `new=0` what is due is still asked."""
    assert queue(reviewed("a2", 3), new=0) == ["a2"]


def test_missed_asks_only_what_was_missed_last_time() -> None:
    """A miss that was mended is left out, one made in cram is not; whether it is due does not matter."""
    events = [reviewed("a1", 1), reviewed("a1", 3), reviewed("b1", 1, LATER), reviewed("a2", 1, cram=True)]
    assert sorted(queue(*events, missed=True)) == ["a2", "b1"]


def test_cram_asks_everything_weakest_first() -> None:
    """Cram asks what is not due as well: unseen first, then by falling risk."""
    events = [reviewed("a1", 4, LATER), reviewed("b1", 4, START)]
    assert queue(*events, cram=True)[-2:] == ["b1", "a1"]
    assert len(queue(*events, cram=True)) == 5


@pytest.mark.parametrize("wanted", [{}, {"cram": True}, {"missed": True}])
def test_suspended_questions_are_never_asked(wanted: dict[str, object]) -> None:
    """No kind of sitting asks a suspended question."""
    assert "a1" not in queue(reviewed("a1", 1), event("suspended", question="a1"), **wanted)


def test_an_undone_first_review_makes_a_question_new_again() -> None:
    """After undo the question counts as unseen."""
    review = reviewed("a1", 3)
    assert queue(review, event("undone", event=review.id, question="a1"), new=1) == ["a1"]


def test_fed_questions_are_due_and_not_new() -> None:
    """A question fed by an interview is asked even when no new ones are wanted."""
    assert queue(event("fed", run="r", questions=["b2"]), new=0) == ["b2"]


@given(st.integers(0, 1200), st.integers(-5, 2000))
def test_a_queue_holds_no_doubles_and_respects_its_bounds(count: int, limit: int) -> None:
    """However large the pack, at most the limit, at most what a sitting holds, each question once."""
    entries = [Entry(f"q{n}", f"t{n % 7}", "open", "mid") for n in range(count)]
    ids = build(entries, History(scheduler), Filter(limit=limit), START)
    assert len(ids) == len(set(ids)) == min(count, limit if limit > 0 else MAX_QUEUE, MAX_QUEUE)
