"""A mock interview as a face drives it: phase by phase, taken up anywhere, ended whole, feeding the quiz."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.core import Desk, do, only
from tutor.coach.mock import Mock
from tutor.errors import StoreError, UsageError
from tutor.interview.run import Phase
from tutor.study.queue import Filter

GRADES = {"clear": 4, "sound": 3, "breaks": 2, "runs": 1}
SAID = {"scope": "I measure first.", "queue": "Watch the backlog.", "watch": "The oldest message."}


def step(mock: Mock) -> Phase:
    """Do whatever comes next; returns the phase that was left."""
    phase, stage = mock.phase, mock.run.stage
    if phase is Phase.CLARIFY:
        mock.clarify("How many orders arrive per second?", [0])
    elif phase is Phase.ANSWER and stage:
        mock.answer(SAID[stage.id], 70, 60.04)
    elif phase is Phase.FOLLOWUP:
        mock.reply("It depends.", 5.0)
    elif phase is Phase.GRADE:
        mock.grade(list(mock.suggested()), [])
    elif phase is Phase.RUBRIC:
        mock.finish(GRADES, [])
    return phase


def finished(desk: Desk) -> Mock:
    """A whole interview."""
    mock = desk.coach().mock("small-talk")
    while mock.phase is not Phase.DONE:
        step(mock)
    return mock


def test_the_phases_of_an_interview(desk: Desk) -> None:
    """Clarify; answer, follow-ups, grade for each stage; rubric; done. Stages and follow-ups are told."""
    mock = desk.coach().mock("small-talk")
    assert mock.stage is None
    seen = []
    while mock.phase is not Phase.DONE:
        seen.append(f"{mock.stage.id if mock.stage else '-'} {mock.phase} {mock.followup}")
        step(mock)
    assert seen == [
        "- clarify 0",
        "scope answer 0",
        "scope followup 0",
        "scope followup 1",
        "scope grade 2",
        "queue answer 0",
        "queue followup 0",
        "queue grade 1",
        "watch answer 0",
        "watch followup 0",
        "watch grade 1",
        "- rubric 0",
    ]


@pytest.mark.parametrize("steps", range(13))
def test_an_interview_is_taken_up_at_every_point(steps: int, desk: Desk) -> None:
    """After each step a tutor started anew has the same run, and a half sentence typed there is in place."""
    mock = desk.coach().mock("small-talk")
    for _ in range(steps):
        step(mock)
    mock.keep_draft("half a sen", 12.5)
    after = desk.coach().resume_mock(mock.run.id)
    assert after.run == mock.run
    assert (after.draft, after.spent) == ("half a sen", 12.5)
    step(after)
    if steps < 12:
        assert (after.draft, after.spent) == ("", 0.0)
        while after.phase is not Phase.DONE:
            step(after)
        assert after.result.total == finished(desk).result.total


WRONG_VERBS: dict[str, Callable[[Mock], object]] = {
    "clarify": lambda mock: mock.clarify("", []),
    "answer": lambda mock: mock.answer("", 50, 1.0),
    "followup": lambda mock: mock.reply("", 1.0),
    "grade": lambda mock: mock.grade([], []),
    "rubric": lambda mock: mock.finish({}, []),
    "abandon": lambda mock: mock.abandon(),
}


def test_nothing_is_logged_out_of_turn(desk: Desk) -> None:
    """A key pressed twice cannot answer, grade or finish twice: at each phase only its own verb is taken."""
    coach = desk.coach()
    mock = coach.mock("small-talk")
    for _ in range(13):
        before = len(coach.events)
        for name, verb in WRONG_VERBS.items():
            if name != mock.phase and not (name == "abandon" and mock.phase is not Phase.DONE):
                with pytest.raises(ValueError, match="interview"):
                    verb(mock)
        assert len(coach.events) == before
        step(mock)


def test_criteria_are_graded_from_one_to_four(desk: Desk) -> None:
    """Another grade is refused, and the interview stays open."""
    mock = desk.coach().mock("small-talk")
    while mock.phase is not Phase.RUBRIC:
        step(mock)
    for grade in (0, 5):
        with pytest.raises(ValueError, match="1 to 4"):
            mock.finish({**GRADES, "clear": grade}, [])
    assert desk.coach().resume_mock(mock.run.id).phase is Phase.RUBRIC


def test_missed_points_become_due_in_the_quiz(desk: Desk) -> None:
    """What the missed points feed is due at once, once each, and asked before anything new, until it is answered."""
    mock = finished(desk)
    assert mock.fed == ["q-cloze", "q-spot", "q-multi"]
    coach = desk.coach()
    assert coach.standing().due_now == 3
    quiz = coach.quiz(Filter(new=0))
    assert set(quiz.session.pending) == set(mock.fed)
    while quiz.ask:
        do(quiz)
    assert desk.coach().standing().due_now == 0


def test_an_interview_ends_whole_or_not_at_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grades, fed questions and report are one write: when it fails, the interview is still at its rubric."""
    coach = desk.coach()
    mock = coach.mock("small-talk")
    while mock.phase is not Phase.RUBRIC:
        step(mock)
    with monkeypatch.context() as patch:
        patch.setattr("tutor.store.log.new_id", lambda at, last: "00000000000000000000000000")
        with pytest.raises(StoreError):
            mock.finish(GRADES, [])
    assert mock.phase is Phase.RUBRIC
    assert desk.coach().resume_mock(mock.run.id).phase is Phase.RUBRIC
    mock.finish(GRADES, [])
    assert [event.kind for event in desk.coach().events[-3:]] == ["interview-graded", "fed", "interview-reported"]


def test_the_report_is_kept_as_it_was(desk: Desk) -> None:
    """The Markdown in the store is the report of the finished run."""
    mock = finished(desk)
    assert desk.coach().events[-1].body == {"run": mock.run.id, "markdown": mock.report()}


def test_suggestions(desk: Desk) -> None:
    """Points, flags and clarifications are found in the learner's words, in replies too; negations are not flags."""
    mock = desk.coach().mock("small-talk")
    typed = "How many orders arrive per second? And may the buyer wait for the result?"
    assert mock.suggested_clarifications(typed) == [0, 1]
    assert mock.suggested_clarifications("Hello.") == []
    mock.clarify("", [])
    mock.answer("I'd set timeouts. We never share one shared database.", 70, 1.0)
    mock.reply("I would retry forever.", 1.0)
    mock.reply("Then measure.", 1.0)
    assert mock.suggested() == {"timeout": "timeouts", "measure": "measure"}
    assert mock.suggested_flags() == {"forever": "retry forever"}


def test_past_interviews_are_listed_and_compared(desk: Desk) -> None:
    """Latest first; open, abandoned and ended told apart; results only where something was graded."""
    done = finished(desk)
    left = desk.coach().mock("small-talk")
    for _ in range(6):
        step(left)
    given_up = desk.coach().mock("small-talk")
    given_up.abandon()
    third, second, first = desk.coach().mocks()
    assert (first.id, first.ended, first.open, first.stage, first.stages) == (done.run.id, True, False, 3, 3)
    assert first.minutes == pytest.approx((3 * 60 + 4 * 5) / 60)
    assert first.result == done.result
    assert (second.id, second.open, second.stage, second.phase) == (left.run.id, True, 2, Phase.FOLLOWUP)
    assert second.result
    assert (third.abandoned, third.open, third.result) == (True, False, None)
    assert third.started <= third.touched


def test_interviews_are_found_by_the_start_of_their_id(desk: Desk) -> None:
    """Case does not matter; none and several are usage errors."""
    coach = desk.coach()
    run = coach.mock("small-talk").run.id
    assert coach.resume_mock(run[:20].lower()).run.id == run
    with pytest.raises(UsageError, match="No interview"):
        coach.resume_mock("zzz")
    desk.clock.pass_(seconds=5)
    coach.mock("small-talk")
    with pytest.raises(UsageError, match="2 interviews"):
        coach.resume_mock(run[:6])
    with pytest.raises(UsageError, match="no scenario `other`"):
        coach.mock("other")


def test_a_scenario_that_left_the_pack_takes_its_runs_along(desk: Desk) -> None:
    """Runs of a scenario that is gone are not listed and not resumed; nothing crashes, and nothing is deleted."""
    mock = finished(desk)
    kept = (desk.pack / "scenarios/small-talk.yaml").read_text()
    shutil.rmtree(desk.pack / "scenarios")
    desk.edit("checklist.yaml", "    scenarios: [small-talk]\n", "")
    coach = desk.coach()
    assert coach.mocks() == []
    with pytest.raises(UsageError, match="No interview"):
        coach.resume_mock(mock.run.id)
    assert coach.mastery()[0].evidence
    (desk.pack / "scenarios").mkdir()
    (desk.pack / "scenarios/small-talk.yaml").write_text(kept)
    assert len(desk.coach().mocks()) == 1


def test_a_stage_that_left_the_script_is_passed_over(desk: Desk) -> None:
    """A run whose first stages were renamed goes on with the script as it is now."""
    mock = desk.coach().mock("small-talk")
    for _ in range(7):
        step(mock)
    desk.edit("scenarios/small-talk.yaml", "- id: scope\n", "- id: scoping\n")
    after = desk.coach().resume_mock(mock.run.id)
    assert (after.phase, after.run.stage and after.run.stage.id) == (Phase.ANSWER, "scoping")
    assert desk.coach().mocks()[0].stage == 1
    assert after.report()


def test_the_best_finished_run_is_evidence(desk: Desk) -> None:
    """Of several runs the best counts, and only when it was finished."""
    finished(desk)
    best = desk.coach().mock("small-talk")
    best.clarify("", [])
    while stage := best.run.stage:
        best.answer("x", 50, 1.0)
        while best.phase is Phase.FOLLOWUP:
            best.reply("", 0.0)
        best.grade([point.id for point in stage.key_points], [])

    def shown() -> bool:
        return next(e.shown for e in desk.coach().mastery()[0].evidence if e.kind == "scenario")

    assert not shown()
    best.finish(dict.fromkeys(GRADES, 4), [])
    assert best.result.total == 100
    assert shown()


def test_quiz_and_mock_live_side_by_side(desk: Desk) -> None:
    """An interview in the middle of a sitting disturbs neither."""
    coach = desk.coach()
    quiz = coach.quiz(only("q-single", "q-multi"))
    do(quiz)
    finished(desk)
    after = desk.coach().resume_quiz()
    assert after
    assert after.session.asked == 1
