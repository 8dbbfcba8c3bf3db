"""The rest of what faces call: plans, suspension, calibration; and a log that a stranger wrote into."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.core import RIGHT, WRONG, Desk, do, only
from tutor.coach.bodies import _SHAPES
from tutor.errors import UsageError
from tutor.schedule.memory import Rating
from tutor.study.queue import Filter


def test_calibration_counts_the_first_bet_of_a_sitting(desk: Desk) -> None:
    """A question that comes back was just explained: its later bets do not count; another sitting's does."""
    quiz = desk.coach().quiz(only("q-single"))
    quiz.answer(WRONG["q-single"], 90, 1.0)
    quiz.rate(Rating.AGAIN)
    quiz.answer(RIGHT["q-single"], 99, 1.0)
    quiz.rate(Rating.GOOD)
    it = desk.coach().calibration()
    assert [(bin_.said, bin_.right, bin_.count) for bin_ in it.bins] == [(90, 0.0, 1)]
    again = desk.coach().quiz(only("q-single", cram=True))
    again.answer(RIGHT["q-single"], 90, 1.0)
    again.rate(Rating.GOOD)
    assert desk.coach().calibration().bins[0].right == 50.0


def test_calibration_leaves_out_what_was_unknown_or_undone(desk: Desk) -> None:
    """No bet was made with "I do not know", nor when its question came back; an undone review never was."""
    quiz = desk.coach().quiz(only("q-single", "q-cloze"))
    quiz.answer("", 0, 1.0)
    quiz.rate(Rating.AGAIN)
    do(quiz)
    quiz.undo()
    assert desk.coach().calibration().count == 0
    quiz.rate(Rating.GOOD)
    do(quiz)
    assert desk.coach().calibration().count == 1


def test_a_plan_is_set_cleared_and_never_in_the_past(desk: Desk) -> None:
    """Today is allowed, yesterday is a usage error."""
    coach, today = desk.coach(), desk.clock.at.date()
    coach.plan(today)
    assert desk.coach().standing().days_left == 0
    with pytest.raises(UsageError, match="has passed"):
        coach.plan(today - timedelta(days=1))
    coach.plan(None)
    assert desk.coach().standing().interview is None


def test_unknown_questions_are_refused_with_a_suggestion(desk: Desk) -> None:
    """Suspending, unsuspending and flagging what is not in the pack logs nothing and suggests the nearest id."""
    coach = desk.coach()
    for act in (coach.suspend, coach.unsuspend, lambda id_: coach.flag(id_, "note")):
        with pytest.raises(UsageError, match="q-single"):
            act("q-singel")
    assert coach.first_time


def test_packs_do_not_see_each_others_events(desk: Desk) -> None:
    """Progress on another pack in the same store is not this one's."""
    do(desk.coach().quiz(only("q-single")))
    desk.edit("pack.yaml", "id: core-small", "id: other")
    assert desk.coach().first_time


def damaged(body: dict[str, Any], shape: dict[str, Any]) -> list[dict[str, Any]]:
    """The body without each key in turn, and with each key's value replaced by something else."""
    without = [{key: value for key, value in body.items() if key != gone} for gone in shape]
    others: list[Any] = [{"x": None}, -7.5, [{}]]
    return without + [{**body, key: other} for key in shape for other in others]


def test_a_log_that_a_stranger_wrote_into_does_not_stop_the_tutor(desk: Desk) -> None:
    """Of each kind of event, with each key missing or of another type: left out, named, and everything still works."""
    coach = desk.coach()
    quiz = coach.quiz(Filter())
    do(quiz, right=False)
    do(quiz)
    quiz.undo()
    quiz.skip()
    quiz.suspend()
    coach.unsuspend(coach.events[-1].body["question"])
    coach.flag("q-open", "?")
    coach.plan(desk.clock.at.date())
    mock = coach.mock("small-talk")
    mock.clarify("", [])
    for stage in mock.scenario.stages:
        mock.answer("x", 50, 1.0)
        for _ in stage.followups:
            mock.reply("", 0.0)
        mock.grade([], [])
    mock.finish({}, [])
    coach.mock("small-talk").abandon()
    examples = {event.kind: dict(event.body) for event in coach.events}
    examples["session-ended"] = {"session": quiz.session.id}
    step = {"lab": "lost-message", "step": "mend"}
    examples |= {kind: {"lab": "lost-message"} for kind in ("lab-started", "lab-finished", "lab-stopped")}
    examples |= {"lab-checked": {**step, "verdicts": {"a": "pass"}}, "lab-hinted": {**step, "level": 1}}
    examples |= {"lab-step-passed": {**step, "skipped": False}, "lab-solved": step}
    assert set(examples) == set(_SHAPES)
    before = desk.coach()
    expected = (before.history.reviews, before.standing().due_now, before.mocks(), before.calibration())
    strange = [(kind, "core-small", body) for kind, shape in _SHAPES.items() for body in damaged(examples[kind], shape)]
    strange.append(("teleported", "core-small", {"run": [1]}))
    written = desk.coach().log.append(*strange, ("dreamt", "core-small", {}))
    after = desk.coach()
    assert (after.history.reviews, after.standing().due_now, after.mocks(), after.calibration()) == expected
    assert after.unreadable == [event.id for event in written[:-1]]
    resumed = after.resume_quiz()
    assert resumed
    assert resumed.session == quiz.session
    assert after.mastery()
