"""What a lab's verbs tell is recorded as it passes: progress, evidence, and questions that become due."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.core import Desk
from tutor.coach.coach import Coach
from tutor.coach.labs import LabSession, finished
from tutor.labs import news
from tutor.labs.verdict import CheckReport, StepReport, Verdict


def _session(coach: Coach, *questions: str) -> LabSession:
    lab = SimpleNamespace(id="lost-message", debrief=SimpleNamespace(questions=questions))
    found: Any = SimpleNamespace(lab=lab)
    site: Any = SimpleNamespace()
    return LabSession(coach, found, site)


def _checked(*verdicts: Verdict) -> news.Checked:
    reports = tuple(CheckReport(f"c{number}", "T", verdict) for number, verdict in enumerate(verdicts))
    return news.Checked(StepReport("mend", reports))


def _kinds(coach: Coach) -> list[str]:
    return [event.kind for event in coach.events]


def test_each_piece_is_in_the_log_before_it_is_handed_on(desk: Desk) -> None:
    """A verdict that was seen is one that was kept."""
    coach = desk.coach()
    session = _session(coach)
    stream = session.told(iter([_checked(Verdict.PASS, Verdict.FAIL)]))
    next(stream)
    logged = desk.coach().events[-1]
    assert (logged.kind, logged.body["verdicts"]) == ("lab-checked", {"c0": "pass", "c1": "fail"})


def test_a_finished_lab_makes_its_questions_due_and_counts_as_evidence(desk: Desk) -> None:
    """Only questions that the pack has; the evidence is whole when nothing was done in the learner's place."""
    coach = desk.coach()
    session = _session(coach, "q-open", "not-in-this-pack")
    briefed = news.Briefed("lost-message", Path("w"), (), fresh=True)
    list(session.told(iter([briefed, news.StepPassed("see", "mend"), news.StepPassed("mend", "")])))
    again = desk.coach()
    assert _kinds(again) == ["lab-started", "lab-step-passed", "lab-step-passed", "lab-finished", "fed"]
    assert again.events[-1].body["questions"] == ["q-open"]
    assert finished(again) == {"lost-message": "done"}
    assert again.standing().due_now >= 1


def test_help_is_kept_beside_the_evidence(desk: Desk) -> None:
    """A step whose solution was shown, or that was skipped, is said; doing it again without help is whole evidence."""
    coach = desk.coach()
    session = _session(coach)
    shown = news.SolutionShown("see", "", (), ())
    briefed = news.Briefed("lost-message", Path("w"), (), fresh=True)
    list(session.told(iter([briefed, shown, news.StepPassed("see", "")])))
    assert finished(coach)["lost-message"] == "done, with the solution of 1 step"
    list(session.told(iter([news.Stopped("lost-message", None), briefed, news.StepPassed("see", "", skipped=True)])))
    assert finished(coach)["lost-message"] == "done, with the solution of 1 step"
    list(session.told(iter([news.Stopped("lost-message", None), briefed, news.StepPassed("see", "")])))
    assert finished(coach)["lost-message"] == "done"


def test_a_lab_that_is_stopped_for_another_one_is_recorded_as_itself(desk: Desk) -> None:
    """The verb was the other one's."""
    coach = desk.coach()
    list(_session(coach).told(iter([news.Stopped("first-flight", None)])))
    assert [(event.kind, event.body) for event in coach.events] == [("lab-stopped", {"lab": "first-flight"})]


def test_closing_what_is_told_closes_the_verb(desk: Desk) -> None:
    """Ctrl-C reaches the verb, which cleans up."""
    closed = []

    def verb() -> Iterator[news.News]:
        try:
            yield news.Said("one")
            yield news.Said("two")
        finally:
            closed.append(True)

    stream: Any = _session(desk.coach()).told(verb())
    next(stream)
    stream.close()
    assert closed == [True]
