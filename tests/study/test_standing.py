"""Where a learner stands, on the learner's own calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.core import PACK, START, event, reviewed, zone
from tutor.content.index import Index
from tutor.content.library import Library
from tutor.event import Event
from tutor.schedule.scheduler import Scheduler
from tutor.study.history import History
from tutor.study.standing import Mastery, Standing, mastery, standing

DAY = timedelta(days=1)
scheduler = Scheduler()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """What the small pack holds."""
    return Library(PACK, tmp_path_factory.mktemp("cache")).index


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    """Calendars in Greenwich, unless a test says otherwise."""
    with zone("UTC"):
        yield


def at(index: Index, now: datetime, *events: Event) -> Standing:
    """The standing at `now`."""
    return standing(index, History(scheduler, events), now)


def test_nothing_done_yet(index: Index) -> None:
    """A fresh learner has eight unseen questions, no recall, no streak, no date."""
    it = at(index, START)
    assert (it.total, it.unseen, it.due_now, it.streak, it.next_due) == (8, 8, 0, 0, None)
    assert [(topic.seen, topic.recall, topic.on_the_day) for topic in it.topics] == [(0, None, None)] * 2
    assert (it.interview, it.days_left, it.new_per_day) == (None, None, None)


def test_what_is_due_now_today_and_this_week(index: Index) -> None:
    """A miss is due in minutes, not now, a good answer in days; all count where they belong."""
    events = [reviewed("q-single", 1), reviewed("q-multi", 3)]
    it = at(index, START, *events)
    assert (it.due_now, it.due_today, it.due_week, it.seen, it.unseen) == (0, 1, 2, 2, 6)
    assert it.next_due == START + timedelta(minutes=10)
    assert it.reviewed_today == 2
    later = at(index, START + timedelta(minutes=10), *events)
    assert (later.due_now, sum(topic.due for topic in later.topics)) == (1, 1)


def test_what_comes_back_after_midnight_is_not_due_today(index: Index) -> None:
    """At five to twelve, what comes back in ten minutes is tomorrow's, and counts in the week."""
    late = datetime(2026, 3, 2, 23, 55, tzinfo=UTC)
    it = at(index, late, reviewed("q-single", 1, late))
    assert (it.due_now, it.due_today, it.due_week) == (0, 0, 1)


def test_a_question_fed_by_a_mock_is_due_and_still_unseen(index: Index) -> None:
    """Seen means reviewed: a mock that missed a point makes its question due, and the learner has not met it yet."""
    it = at(index, START, event("fed", run="r", questions=["q-single"]), reviewed("q-multi", 3))
    assert (it.due_now, it.seen, it.unseen) == (1, 1, 7)
    assert sum(topic.seen for topic in it.topics) == 1


def test_suspended_questions_do_not_count_as_due_or_unseen(index: Index) -> None:
    """A suspended question is listed, and counted nowhere else but in the total."""
    it = at(index, START + 9 * DAY, reviewed("q-single", 1), event("suspended", question="q-single"))
    assert (it.due_now, it.unseen, it.total, it.suspended) == (0, 7, 8, ("q-single",))


def test_recall_of_a_topic_counts_unseen_as_nothing(index: Index) -> None:
    """One of four questions just answered gives a quarter; on the day of the interview it will be less."""
    planned = event("planned", interview=(START + 30 * DAY).date().isoformat())
    talk = at(index, START, reviewed("q-single", 3), planned).topics[0]
    assert talk.recall == pytest.approx(0.25)
    assert talk.on_the_day is not None
    assert 0 < talk.on_the_day < 0.25


def test_the_interview_spreads_new_questions(index: Index) -> None:
    """Eight unseen and four days left are two a day; after the day there is no plan any more."""
    planned = event("planned", interview=(START + 4 * DAY).date().isoformat())
    it = at(index, START, planned)
    assert (it.days_left, it.new_per_day) == (4, 2)
    assert at(index, START + 4 * DAY, planned).days_left == 0
    assert at(index, START + 5 * DAY, planned).interview is None


@pytest.mark.parametrize(
    ("ago", "streak"), [([], 0), ([0], 1), ([1], 1), ([2], 0), ([0, 1, 2], 3), ([1, 2], 2), ([0, 2], 1), ([0, 0, 1], 2)]
)
def test_streaks(ago: list[int], streak: int, index: Index) -> None:
    """Days in a row up to today; until tonight, yesterday's streak still stands."""
    assert at(index, START, *(reviewed("q-single", 3, START - days * DAY) for days in ago)).streak == streak


@pytest.mark.parametrize("month_day", [(3, 30), (10, 26)], ids=["spring", "autumn"])
def test_a_streak_survives_a_change_of_clocks(month_day: tuple[int, int], index: Index) -> None:
    """Half past midnight, day after day, over the days of 23 and of 25 hours in Berlin."""
    with zone("Europe/Berlin"):
        local = [datetime(2026, *month_day, 0, 30) + number * DAY for number in range(-3, 2)]  # noqa: DTZ001
        events = [reviewed("q-single", 3, moment.astimezone(UTC)) for moment in local]
        assert at(index, events[-1].at, *events).streak == 5


@pytest.mark.parametrize(("name", "streak"), [("UTC", 1), ("Pacific/Auckland", 2), ("America/Los_Angeles", 1)])
def test_days_are_local(name: str, streak: int, index: Index) -> None:
    """10:00 and 13:00 UTC are one day in London, and two in Auckland."""
    with zone(name):
        events = [reviewed("q-single", 3, START.replace(hour=hour)) for hour in (10, 13)]
        assert at(index, START.replace(hour=14), *events).streak == streak


@pytest.mark.parametrize(
    ("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (6, 1, 24)], ids=["short", "long", "usual"]
)
def test_today_ends_at_local_midnight(month: int, day: int, hours: int, index: Index) -> None:
    """On days of 23 and 25 hours too, today ends when the local date changes, and the week six days later."""
    with zone("Europe/Berlin"):
        start = datetime(2026, month, day).astimezone(UTC)
        end = start + timedelta(hours=hours)
        inside = event("fed", end - timedelta(minutes=1), run="r", questions=["q-single"])
        outside = event("fed", end + timedelta(minutes=1), run="r", questions=["q-multi"])
        it = at(index, start + timedelta(hours=1), inside, outside)
        assert (it.due_today, it.due_week) == (1, 2)
        week = (datetime(2026, month, day) + 7 * DAY).astimezone(UTC)  # noqa: DTZ001
        edges = [
            event("fed", week + timedelta(minutes=minutes), run="r", questions=[id_])
            for minutes, id_ in ((-1, "q-single"), (1, "q-multi"))
        ]
        assert at(index, start + timedelta(hours=1), *edges).due_week == 1


def shown(index: Index, *events: Event, best: float | None = None, now: datetime = START) -> list[Mastery]:
    """The checklist at `now`."""
    return mastery(index, History(scheduler, events), {} if best is None else {"small-talk": best}, {}, now)


@pytest.mark.parametrize(
    ("ratings", "days", "shown_", "note"),
    [
        ([], 0, False, "not answered yet"),
        ([3], 0, True, "recall 100%"),
        ([2], 0, False, "recall 100%, but it was hard"),
        ([3, 1], 0, False, "missed the last time"),
        ([3], 60, False, "fading"),
    ],
)
def test_evidence_of_a_question(ratings: list[int], days: int, shown_: bool, note: str, index: Index) -> None:
    """Only a question recalled well, lately, and without effort is evidence; the note says what is missing."""
    events = [reviewed("q-cloze", rating) for rating in ratings]
    (evidence,) = shown(index, *events, now=START + days * DAY)[1].evidence
    assert evidence.shown is shown_
    assert note in evidence.note


@pytest.mark.parametrize(
    ("best", "shown_", "note"),
    [(None, False, "not finished"), (69.9, False, "70 % is a hire"), (70.0, True, "best 70")],
)
def test_evidence_of_a_scenario(best: float | None, shown_: bool, note: str, index: Index) -> None:
    """A scenario is evidence from a hire on."""
    evidence = next(one for one in shown(index, best=best)[0].evidence if one.kind == "scenario")
    assert evidence.shown is shown_
    assert note in evidence.note


def test_labs_that_are_coming_do_not_hold_mastery_back(index: Index) -> None:
    """All questions and scenarios shown is mastered, with the lab listed and not counted."""
    it = shown(index, reviewed("q-single", 3), reviewed("q-open", 3), best=90.0)[0]
    assert (it.shown, len(it.counted), len(it.evidence), it.mastered) == (3, 3, 4, True)
    assert not shown(index, reviewed("q-single", 3), best=90.0)[0].mastered
