"""A sitting as a face drives it: every kind, logged before revealed, and taken up wherever it was cut off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.core import RIGHT, WRONG, Desk, aside, do, only
from tutor.coach.bodies import readable
from tutor.coach.coach import Coach
from tutor.coach.quiz import UNKNOWN, Quiz
from tutor.errors import NothingToAsk
from tutor.schedule.memory import Rating
from tutor.study.queue import Filter


def state(quiz: Quiz) -> dict[str, Any]:
    """Everything a face would draw, but for what moves with the clock."""
    reveal = quiz.reveal
    return {
        "session": quiz.session,
        "ask": quiz.ask,
        "reveal": reveal and (reveal.given, reveal.confidence, reveal.grade, reveal.rating, reveal.suggested_points),
        "last": quiz.last and quiz.last[:2],
        "summary": (quiz.summary().asked, quiz.summary().missed, quiz.summary().came_back, quiz.summary().seconds),
    }


def resumed(desk: Desk) -> Quiz:
    """The sitting in a tutor that was started anew."""
    quiz = desk.coach().resume_quiz()
    assert quiz
    return quiz


def test_every_kind_is_asked_revealed_and_rated(desk: Desk) -> None:
    """All eight kinds, right: graded right, suggested at least Good, and none comes back."""
    coach = desk.coach()
    quiz = coach.quiz(Filter())
    kinds = set()
    while ask := quiz.ask:
        assert quiz.reveal is None
        kinds.add(ask.question.kind)
        reveal = quiz.answer(RIGHT[ask.question.id], 70, 5.0)
        assert (reveal.grade.score, reveal.grade.correct, reveal.rating) == (1.0, True, Rating.GOOD)
        assert list(reveal.intervals) == list(Rating)
        quiz.rate(reveal.rating)
    summary = quiz.end()
    assert len(kinds) == summary.questions == summary.asked == 8
    assert (summary.retention, summary.missed, summary.came_back, summary.seconds) == (1.0, (), (), 40.0)
    assert all(readable(event) for event in coach.log.events())
    assert desk.coach().resume_quiz() is None


def test_an_answer_is_logged_before_it_is_revealed(desk: Desk) -> None:
    """The log of a second tutor holds the answer as soon as `answer` returns, with bet, time and what was given."""
    quiz = desk.coach().quiz(only("q-multi"))
    quiz.answer([0, 2], 90, 12.34)
    event = desk.coach().events[-1]
    assert event.kind == "answered"
    body = {key: event.body[key] for key in ("question", "given", "confidence", "seconds")}
    assert body == {"question": "q-multi", "given": [0, 2], "confidence": 90, "seconds": 12.3}


@pytest.mark.parametrize("id_", RIGHT)
def test_not_knowing_is_a_miss_without_a_bet(id_: str, desk: Desk) -> None:
    """Of any kind, "I do not know" is graded 0, suggested Again, and no bet is logged whatever the face passes."""
    quiz = desk.coach().quiz(only(id_))
    reveal = quiz.answer(UNKNOWN, 90, 1.0)
    assert (reveal.grade.score, reveal.rating, reveal.confidence) == (0.0, Rating.AGAIN, 0)
    assert state(resumed(desk))["reveal"] == state(quiz)["reveal"]


def test_an_answer_that_does_not_fit_is_refused_and_not_logged(desk: Desk) -> None:
    """Places that do not exist raise ValueError; the question can still be answered."""
    quiz = desk.coach().quiz(only("q-single"))
    with pytest.raises(ValueError, match="q-single"):
        quiz.answer([7], 70, 1.0)
    assert [event.kind for event in desk.coach().events] == ["session-started"]
    do(quiz)


def test_nothing_can_be_rated_before_it_is_answered(desk: Desk) -> None:
    """Rating first is an error of the face, and logs nothing."""
    quiz = desk.coach().quiz(only("q-single"))
    with pytest.raises(ValueError, match="nothing was answered"):
        quiz.rate(Rating.GOOD)
    assert len(desk.coach().events) == 1


def test_points_ticked_decide_over_an_open_answer(desk: Desk) -> None:
    """Suggestions are shown with the learner's words; what is ticked is what is graded and logged."""
    quiz = desk.coach().quiz(only("q-open"))
    reveal = quiz.answer("It decouples in time, and POST is not idempotent.", 70, 60.0)
    assert reveal.suggested_points == {"time": "decouples in time"}
    assert (reveal.grade.score, reveal.rating) == (0.4, Rating.AGAIN)
    ticked = quiz.ticked(["time", "peaks", "twice"])
    assert (ticked.grade.score, ticked.rating) == (1.0, Rating.GOOD)
    quiz.rate(Rating.GOOD, ["time", "peaks"])
    body = desk.coach().events[-1].body
    assert (body["met"], body["score"], body["correct"]) == (["time", "peaks"], 0.8, True)


def test_the_interval_on_the_button_is_what_happens(desk: Desk) -> None:
    """The previewed wait for a rating is the wait after it, with an interview ahead as well."""
    coach = desk.coach()
    coach.plan((desk.clock.at + timedelta(days=4)).date())
    quiz = coach.quiz(only("q-single"))
    reveal = quiz.answer([0], 99, 1.0)
    quiz.rate(Rating.EASY)
    assert quiz.last
    assert quiz.last[:2] == ("q-single", Rating.EASY)
    assert reveal.intervals[Rating.EASY] == timedelta(days=2)
    assert timedelta(0) <= reveal.intervals[Rating.EASY] - quiz.last[2] < timedelta(minutes=1)


def play(quiz: Quiz, verb: str, *args: object) -> str:
    """Do what returns nothing, inside an expression."""
    getattr(quiz, verb)(*args)
    return verb


STEPS: dict[str, Callable[[Quiz], object]] = {
    "start": lambda quiz: None,
    "answered": lambda quiz: quiz.answer(RIGHT[quiz.session.current or ""], 70, 5.0),
    "answered wrong": lambda quiz: quiz.answer(WRONG[quiz.session.current or ""], 99, 5.0),
    "rated": do,
    "missed": lambda quiz: do(quiz, right=False, rating=Rating.AGAIN),
    "rated and undone": lambda quiz: (do(quiz), quiz.undo()),
    "missed and undone": lambda quiz: (do(quiz, right=False), quiz.undo()),
    "undone and rated again": lambda quiz: (do(quiz), quiz.undo(), play(quiz, "rate", Rating.AGAIN)),
    "skipped": lambda quiz: quiz.skip(),
    "answered and skipped": lambda quiz: (quiz.answer(RIGHT[quiz.session.current or ""], 70, 5.0), play(quiz, "skip")),
    "suspended": lambda quiz: quiz.suspend(),
    "skipped and undone": lambda quiz: (do(quiz), play(quiz, "skip"), quiz.undo()),
    "in the returns": lambda quiz: [do(quiz, right=False) for _ in range(7)],
    "into the second return": lambda quiz: [do(quiz, right=False, rating=Rating.AGAIN) for _ in range(11)],
    "undone to the start": lambda quiz: (do(quiz), do(quiz), quiz.undo(), quiz.undo(), quiz.undo()),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("before", [0, 2])
def test_a_sitting_is_taken_up_exactly_where_it_was_cut_off(name: str, before: int, desk: Desk) -> None:
    """After anything, a tutor started anew shows the same: question, arrangement, reveal, last rating, numbers."""
    quiz = desk.coach().quiz(Filter())
    for _ in range(before):
        do(quiz)
    STEPS[name](quiz)
    assert state(resumed(desk)) == state(quiz)


def test_a_resumed_sitting_goes_on_to_the_same_end(desk: Desk) -> None:
    """Restarted before each step, a sitting with misses asks the same questions as one that was never cut off."""
    straight = desk.coach("other.db").quiz(Filter())
    asked: list[str] = []
    while straight.ask:
        asked.append(do(straight, right=len(asked) not in (0, 3, 8)))
    desk.coach().quiz(Filter())
    cut: list[str] = []
    while quiz := desk.coach().resume_quiz():
        cut.append(do(quiz, right=len(cut) not in (0, 3, 8)))
    assert cut == asked
    assert len(cut) == 11


def test_undo_restores_memory_and_lets_rate_again(desk: Desk) -> None:
    """After undo the question is answered and not rated; the memory is as before; the second rating counts."""
    coach = desk.coach()
    quiz = coach.quiz(only("q-single"))
    do(quiz, right=False)
    assert coach.history.missed("q-single")
    assert quiz.undo()
    assert coach.history.memory("q-single") is None
    assert quiz.reveal
    assert quiz.reveal.given == WRONG["q-single"]
    quiz.rate(Rating.GOOD)
    assert [review.rating for review in desk.coach().history.reviews] == [Rating.GOOD]
    assert quiz.undo()
    assert not quiz.undo()


def test_a_question_that_was_removed_from_the_pack_is_passed_over(desk: Desk) -> None:
    """Whether rated, missed, current or still to come: the sitting goes on without it."""
    quiz = desk.coach().quiz(Filter())
    first = do(quiz, right=False, rating=Rating.AGAIN)
    for _ in range(2):
        do(quiz)
    assert quiz.ask
    current = quiz.ask.question.id
    quiz.answer(RIGHT[current], 70, 1.0)
    for gone in (first, current):
        file = "questions/talk.yaml" if f"id: {gone}\n" in (desk.pack / "questions/talk.yaml").read_text() else None
        desk.edit(file or "questions/fail.yaml", f"id: {gone}\n", f"id: {gone}-new\n")
        for other in ("checklist.yaml", "recap/talk.yaml", "scenarios/small-talk.yaml"):
            text = (desk.pack / other).read_text()
            (desk.pack / other).write_text(text.replace(f"{gone},", f"{gone}-new,").replace(f"{gone}]", f"{gone}-new]"))
    after = resumed(desk)
    assert after.reveal is None
    rest = []
    while after.ask:
        rest.append(do(after))
    assert not {first, current, f"{first}-new", f"{current}-new"} & set(rest)
    assert len(rest) == 4


def test_a_pack_that_shrinks_while_misses_are_on_their_way_back(desk: Desk) -> None:
    """Removing a question moves the returns; ratings logged in the old order are still taken in."""
    quiz = desk.coach().quiz(Filter())
    ids = [do(quiz, right=False, rating=Rating.AGAIN) for _ in range(7)]
    gone = ids[2]
    file = next(f for f in ("talk", "fail") if f"id: {gone}\n" in (desk.pack / f"questions/{f}.yaml").read_text())
    desk.edit(f"questions/{file}.yaml", f"id: {gone}\n", f"id: {gone}-new\n")
    for other in ("checklist.yaml", "recap/talk.yaml", "scenarios/small-talk.yaml"):
        text = (desk.pack / other).read_text()
        (desk.pack / other).write_text(text.replace(f"{gone},", f"{gone}-new,").replace(f"{gone}]", f"{gone}-new]"))
    after = resumed(desk)
    assert after.session.asked == 7 - ids.count(gone)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      - {text: Nothing at all, why: That is a message.}\n", ""),
        ("text: The broker, why: No broker", "text: Some broker, why: No broker"),
        (
            "- {text: The answer, correct: true, why: That is what",
            "- {text: An answer, correct: true, why: That is what",
        ),
    ],
    ids=["fewer options", "another wrong option", "another right option"],
)
def test_an_answer_to_another_wording_is_asked_afresh(old: str, new: str, desk: Desk) -> None:
    """A question edited between answer and rating is asked again: the numbers might mean other options now."""
    desk.edit(
        "questions/talk.yaml", "why: That is a message.}\n", "why: That is a message.}\n      - {text: X, why: Y}\n"
    )
    quiz = desk.coach().quiz(only("q-single"))
    quiz.answer([2], 70, 1.0)
    desk.edit("questions/talk.yaml", old, new)
    after = resumed(desk)
    assert after.reveal is None
    assert after.ask
    do(after)


def test_undo_to_another_wording_asks_afresh(desk: Desk) -> None:
    """Taking back a rating whose question was edited since leaves it current, and not answered."""
    do(desk.coach().quiz(only("q-single", "q-multi")))
    desk.edit("questions/talk.yaml", "text: The broker", "text: Some broker")
    after = resumed(desk)
    assert after.undo()
    assert after.reveal is None
    assert after.ask
    assert after.ask.question.id == "q-single"


def test_an_old_or_odd_answer_is_asked_afresh(desk: Desk) -> None:
    """An answer in the log that no question takes, of whatever tutor or hand, is not revealed and does not crash."""
    coach = desk.coach()
    quiz = coach.quiz(only("q-order"))
    body = {"session": quiz.session.id, "question": "q-order", "confidence": 70, "seconds": 1.0}
    for given in ([0, 1], ["a"], "text", [9, 9, 9, 9, 9]):
        coach.record(("answered", {**body, "given": given}))
        assert resumed(desk).reveal is None


@pytest.mark.parametrize(("hours", "open_"), [(23, True), (25, False), (-2, True)])
def test_a_sitting_is_open_for_a_day(hours: int, open_: bool, desk: Desk) -> None:
    """After more than 24 hours a sitting is not taken up; a clock set back does not matter."""
    do(desk.coach().quiz(Filter()))
    desk.clock.pass_(hours=hours)
    assert (desk.coach().resume_quiz() is not None) is open_


def test_starting_a_sitting_ends_the_open_one(desk: Desk) -> None:
    """Only the newest main sitting can be taken up, also after that one was ended."""
    first = desk.coach().quiz(only("q-single", "q-multi"))
    second = desk.coach().quiz(only("q-cloze"))
    assert resumed(desk).session.id == second.session.id != first.session.id
    second.end()
    assert desk.coach().resume_quiz() is None


@pytest.mark.parametrize("by", [aside("q-cloze"), Filter(missed=True)], ids=["named", "missed"])
def test_a_sitting_on_the_side_leaves_the_main_one_open(by: Filter, desk: Desk) -> None:
    """A section's questions, or missed ones, asked in between are taken up only while an answer waits for its rating;
    otherwise the main sitting goes on, even when the one on the side was started later and has questions left.
    """
    main = desk.coach().quiz(only("q-single", "q-cloze", "q-multi"))
    do(main, right=False)
    side = desk.coach().quiz(by)
    assert resumed(desk).session.id == main.session.id
    assert side.ask
    side.answer(RIGHT[side.ask.question.id], 70, 1.0)
    waiting = resumed(desk)
    assert (waiting.session.id, waiting.session.side) == (side.session.id, True)
    waiting.rate(Rating.AGAIN)
    assert waiting.ask
    after = resumed(desk)
    assert (after.session.id, after.session.side) == (main.session.id, False)
    after.end()
    assert desk.coach().resume_quiz() is None


def test_a_main_sitting_older_than_a_day_stays_closed_behind_one_on_the_side(desk: Desk) -> None:
    """Starting something on the side does not make an old sitting young."""
    desk.coach().quiz(only("q-single", "q-multi"))
    desk.clock.pass_(hours=25)
    desk.coach().quiz(aside("q-cloze"))
    assert desk.coach().resume_quiz() is None


def test_a_sitting_is_taken_up_by_its_id(desk: Desk) -> None:
    """A face that just started a sitting on the side opens that very one; one that is over is not opened."""
    desk.coach().quiz(only("q-single", "q-multi"))
    side = desk.coach().quiz(aside("q-cloze"))
    again = desk.coach().resume_quiz(side.session.id)
    assert again
    assert again.session == side.session
    again.end()
    assert desk.coach().resume_quiz(side.session.id) is None
    assert desk.coach().resume_quiz("nope") is None


def test_a_finished_sitting_is_not_taken_up(desk: Desk) -> None:
    """With nothing left to ask there is nothing to resume, ended or not."""
    do(desk.coach().quiz(only("q-single")))
    assert desk.coach().resume_quiz() is None


def test_a_question_suspended_elsewhere_is_not_asked_on_resume(desk: Desk) -> None:
    """Suspending from another screen counts for the open sitting too."""
    desk.coach().quiz(only("q-single", "q-cloze"))
    desk.coach().suspend("q-single")
    after = resumed(desk)
    assert do(after) == "q-cloze"
    assert after.ask is None


def test_two_tutors_in_one_sitting_lose_nothing(desk: Desk) -> None:
    """Both take up the same sitting and rate the same question: both ratings are kept, and a third one resumes."""
    desk.coach().quiz(only("q-single", "q-multi", "q-cloze"))
    one, two = resumed(desk), resumed(desk)
    do(one)
    do(two, right=False)
    do(one)
    two.undo()
    three = desk.coach()
    assert [review.question for review in three.history.reviews] == ["q-cloze", "q-single"]
    quiz = three.resume_quiz()
    assert quiz
    assert quiz.ask


def test_two_tutors_on_one_store_see_each_other_after_refresh(desk: Desk) -> None:
    """What one writes, the other sees when it looks anew."""
    one, two = desk.coach(), desk.coach()
    assert two.first_time
    do(one.quiz(only("q-single")))
    two.refresh()
    assert not two.first_time
    assert two.standing().reviewed_today == 1


def test_cram_leaves_the_schedule_alone(desk: Desk) -> None:
    """A crammed answer is logged and schedules nothing; the sitting is cram again after resume."""
    coach = desk.coach()
    quiz = coach.quiz(only("q-single", "q-multi", cram=True))
    do(quiz)
    after = resumed(desk)
    assert after.session.cram
    do(after)
    assert after.summary().cram
    fresh = desk.coach()
    assert len(fresh.history.reviews) == 2
    assert fresh.history.memory("q-single") is None
    assert fresh.standing().unseen == 8


def test_a_summary_adds_up(desk: Desk) -> None:
    """One miss that is mended and one right: half recalled, one missed, one came back, the time of all three."""
    quiz = desk.coach().quiz(only("q-single", "q-cloze"))
    do(quiz, right=False)
    do(quiz)
    do(quiz)
    summary = quiz.summary()
    assert (summary.asked, summary.questions, summary.retention) == (3, 2, 0.5)
    assert summary.missed == summary.came_back == ("q-cloze",)
    assert (summary.seconds, summary.leeches, summary.cram) == (15.0, (), False)
    assert summary.next_due


def test_missed_replays_what_was_missed(desk: Desk) -> None:
    """`missed` asks only that; with nothing missed it says so."""
    coach = desk.coach()
    with pytest.raises(NothingToAsk, match="Nothing was missed"):
        coach.quiz(Filter(missed=True))
    quiz = coach.quiz(only("q-single", "q-cloze"))
    do(quiz, right=False)
    do(quiz)
    assert desk.coach().quiz(Filter(missed=True)).session.pending == ["q-cloze"]


def test_having_nothing_to_ask_says_why(desk: Desk) -> None:
    """No such question, all suspended, all caught up: three sentences, and no sitting is logged."""
    coach = desk.coach()
    with pytest.raises(NothingToAsk, match="fits these options"):
        coach.quiz(only("no-such"))
    do(coach.quiz(only("q-single")), rating=Rating.EASY)
    with pytest.raises(NothingToAsk, match=r"All caught up\. The next one is due .* tutor quiz --cram"):
        coach.quiz(only("q-single"))
    coach.suspend("q-single")
    with pytest.raises(NothingToAsk, match="suspended"):
        coach.quiz(only("q-single"))
    assert sum(event.kind == "session-started" for event in coach.events) == 1


def test_drafts_of_open_answers_survive(desk: Desk) -> None:
    """Half a sentence is there after a restart, and gone once it was given."""
    desk.coach().quiz(only("q-open")).keep_draft("half a sen")
    after = resumed(desk)
    assert after.draft == "half a sen"
    after.answer("half a sentence", 50, 1.0)
    assert resumed(desk).draft == ""


def test_a_flag_is_noted(desk: Desk) -> None:
    """A flag on the current question keeps the note with its id, and does not leave the question."""
    quiz = desk.coach().quiz(only("q-spot"))
    quiz.flag("line 3 too?")
    coach: Coach = desk.coach()
    assert coach.history.flagged == {"q-spot": ["line 3 too?"]}
    assert quiz.ask
