"""What events add up to: memories, what is due and fed and missed, and that an undo leaves no trace."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.core import START, event, reviewed
from tutor.event import Event
from tutor.schedule.memory import Rating
from tutor.schedule.scheduler import Scheduler
from tutor.study.history import History

DAY = timedelta(days=1)
scheduler = Scheduler()


def history(*events: Event) -> History:
    """What these events add up to."""
    return History(scheduler, events)


def view(it: History, now: datetime) -> object:
    """Everything a screen could show of the history."""
    ids = ("a", "b")
    return (
        [(it.memory(q), it.due(q, now), it.missed(q), it.leech(q), it.of(q)) for q in ids],
        (it.reviews, it.fed, it.days(), it.suspended),
    )


def test_cram_does_not_touch_the_memory() -> None:
    """A crammed answer is remembered as a miss, and neither schedules the question nor settles what fed it."""
    fed = event("fed", run="r", questions=["a"])
    it = history(fed, reviewed("a", 1, START + DAY, cram=True))
    assert it.memory("a") is None
    assert it.missed("a")
    assert it.due("a", START + DAY) == START
    assert len(it.reviews) == 1


def test_a_miss_is_the_last_review() -> None:
    """Missed means missed the last time, not ever."""
    assert history(reviewed("a", 1)).missed("a")
    assert not history(reviewed("a", 1), reviewed("a", 3)).missed("a")
    assert not history().missed("a")


def test_fed_questions_are_due_until_reviewed() -> None:
    """An unseen fed question is due at once, a seen one as well; a review settles it; feeding again makes it due."""
    it = history(reviewed("a", 4), event("fed", START + DAY, run="r", questions=["a", "b"]))
    assert it.due("a", START + DAY) == it.due("b", START + DAY) == START + DAY
    assert set(it.fed) == {"a", "b"}
    it.apply(reviewed("a", 4, START + 2 * DAY))
    due = it.due("a", START + 2 * DAY)
    assert due and due > START + 3 * DAY
    assert set(it.fed) == {"b"}
    it.apply(event("fed", START + 3 * DAY, run="r2", questions=["a"]))
    assert it.due("a", START + 3 * DAY) == START + 3 * DAY


def test_an_undo_feeds_again() -> None:
    """Taking back the review of a fed question makes it due as it was."""
    fed, review = event("fed", run="r", questions=["a"]), reviewed("a", 4, START + DAY)
    it = history(fed, review)
    assert not it.fed
    it.apply(event("undone", START + DAY, event=review.id, question="a"))
    assert it.due("a", START + DAY) == START


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(0, 20), st.booleans()), max_size=8))
def test_undo_restores_exactly(reviews: list[tuple[str, int, int, bool]]) -> None:
    """After any history, one more review and its undo leave everything a screen shows as it was."""
    at, events = START, [event("fed", run="r", questions=["b"])]
    for question, rating, days, cram in reviews:
        at += days * DAY
        events.append(reviewed(question, rating, at, cram=cram))
    before = view(history(*events), at + DAY)
    for question in "ab":
        more = reviewed(question, 1, at + DAY)
        it = history(*events, more)
        assert view(it, at + DAY) != before
        it.apply(event("undone", at + DAY, event=more.id, question=question))
        assert view(it, at + DAY) == before


def test_an_undo_that_sorts_before_its_review_still_counts() -> None:
    """Merged logs of machines with different clocks may tell of the undo first."""
    review = reviewed("a", 1)
    assert view(history(event("undone", event=review.id, question="a"), review), START) == view(history(), START)


def test_preview_bends_towards_the_interview() -> None:
    """The intervals on the buttons are those that will come true, interview included."""
    planned = event("planned", interview=(START + 6 * DAY).date().isoformat())
    it = history(reviewed("a", 4, START - 30 * DAY), planned)
    preview = it.preview("a", START)
    assert preview[Rating.EASY] == preview[Rating.GOOD] == 3 * DAY
    assert preview[Rating.AGAIN] < timedelta(hours=1)
    it.apply(reviewed("a", 4))
    assert it.due("a", START) == START + preview[Rating.EASY]


def test_a_plan_can_be_set_and_cleared() -> None:
    """The last word on the interview's date counts."""
    set_, cleared = event("planned", interview="2026-12-10"), event("planned", interview=None)
    assert history(set_).interview == date(2026, 12, 10)
    assert history(set_, cleared).interview is None


def test_suspending_and_flagging_add_up() -> None:
    """Suspension can be lifted; each flag's note is kept."""
    it = history(*(event(kind, question="a") for kind in ("suspended", "unsuspended", "suspended")))
    assert it.suspended == {"a"}
    it.apply(event("unsuspended", question="a"))
    it.apply(event("unsuspended", question="b"))
    assert it.suspended == set()
    for note in ("one", "two"):
        it.apply(event("flagged", question="a", note=note))
    assert it.flagged == {"a": ["one", "two"]}


def test_leeches_are_found_at_the_fourth_lapse() -> None:
    """Known and forgotten four times makes a leech; three times does not."""
    reviews = [reviewed("a", rating, START + day * 10 * DAY) for day in range(4) for rating in (3, 1)]
    assert not history(*reviews[:6]).leech("a")
    assert history(*reviews).leech("a")


def test_events_from_the_future_of_tutor_are_ignored() -> None:
    """A kind of event that this version does not know says nothing to it."""
    assert view(history(event("teleported", datetime(2030, 1, 1, tzinfo=UTC), question="a")), START) == view(
        history(), START
    )
