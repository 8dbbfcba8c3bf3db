"""The scheduler is a fold: the same reviews give the same memory, and what is promised on a button is what happens."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core import START
from tutor.schedule.memory import LEECH_LAPSES, Rating, is_leech
from tutor.schedule.scheduler import STEP, Scheduler

GAPS = st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400))
REVIEWS = st.lists(st.tuples(st.sampled_from(Rating), GAPS), min_size=1, max_size=20)
scheduler = Scheduler()


def dated(reviews: list[tuple[Rating, timedelta]]) -> list[tuple[Rating, datetime]]:
    """Reviews with the gaps added up; a clock may run backwards."""
    at, out = START, []
    for rating, gap in reviews:
        at = min(max(at + gap, START - timedelta(days=3000)), START + timedelta(days=3000))
        out.append((rating, at))
    return out


@given(REVIEWS)
def test_the_same_reviews_give_the_same_memory(reviews: list[tuple[Rating, timedelta]]) -> None:
    """Two folds agree, also between two schedulers: nothing random is involved."""
    assert scheduler.fold(dated(reviews)) == Scheduler().fold(dated(reviews))


@given(REVIEWS, GAPS)
@settings(max_examples=60)
def test_due_times_make_sense(reviews: list[tuple[Rating, timedelta]], gap: timedelta) -> None:
    """Due is never before the review, and never earlier for a better rating, whatever the clock did."""
    memory = scheduler.fold(dated(reviews))
    assert memory
    afterwards = [scheduler.after(memory, rating, memory.last + gap) for rating in Rating]
    assert all(after.due > after.last == memory.last + gap for after in afterwards)
    assert [after.due for after in afterwards] == sorted(after.due for after in afterwards)


@given(REVIEWS, GAPS)
@settings(max_examples=60)
def test_recall_is_a_probability(reviews: list[tuple[Rating, timedelta]], gap: timedelta) -> None:
    """Recall lies within 0 and 1 at any time, and never grows by waiting."""
    memory = scheduler.fold(dated(reviews))
    assert memory
    at = memory.last + gap
    now, later = scheduler.recall(memory, at), scheduler.recall(memory, at + timedelta(days=30))
    assert 0 <= later <= now <= 1


@pytest.mark.parametrize("rating", Rating)
def test_a_clock_that_was_ahead_is_not_believed(rating: Rating) -> None:
    """A review dated before the last one counts as given at once after it, and due times count from its own time."""
    at = START - timedelta(days=900)
    first = scheduler.after(None, Rating.GOOD, START)
    after, at_once = scheduler.after(first, rating, at), scheduler.after(first, rating, START)
    assert (after.stability, after.difficulty, after.last) == (at_once.stability, at_once.difficulty, at)
    assert after.due - at == at_once.due - START


def test_a_miss_comes_back_within_the_sitting_and_a_success_in_days() -> None:
    """The one learning step is ten minutes; a first success skips it."""
    waits = {rating: scheduler.after(None, rating, START).due - START for rating in Rating}
    assert waits[Rating.AGAIN] == STEP
    assert waits[Rating.GOOD] >= timedelta(days=1)
    assert waits[Rating.EASY] > waits[Rating.GOOD]


def test_lapses_count_what_was_known_and_forgotten() -> None:
    """Misses while learning are no lapses; four real ones make a leech, three do not."""
    day = timedelta(days=10)
    fresh = scheduler.fold([(Rating.AGAIN, START), (Rating.AGAIN, START)])
    assert fresh and fresh.lapses == 0
    cycle = [(rating, START + number * day) for number in range(20) for rating in (Rating.GOOD, Rating.AGAIN)]
    three, four = scheduler.fold(cycle[:6]), scheduler.fold(cycle[: 2 * LEECH_LAPSES])
    assert three and four
    assert (three.lapses, is_leech(three)) == (3, False)
    assert (four.lapses, is_leech(four)) == (4, True)


def test_nothing_reviewed_is_no_memory() -> None:
    """An empty fold is None."""
    assert scheduler.fold([]) is None
