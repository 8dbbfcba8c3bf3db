"""Chooses what a part of an interview looks like. Refuses to keep any state: it follows from the interview alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.errors import UsageError
from tutor.interview.run import Phase
from tutor.tui.screens.mock_done import DonePane
from tutor.tui.screens.mock_grade import GradePane
from tutor.tui.screens.mock_rubric import RubricPane
from tutor.tui.screens.mock_say import SayPane
from tutor.tui.screens.mocks import before

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import Mock
    from tutor.content.models.pack import Tip
    from tutor.content.models.scenario import Stage

_TURNS = {"deeper": "The interviewer goes deeper", "failure": "The interviewer brings a failure"}


def pane_for(coach: Coach, mock: Mock) -> SayPane | GradePane | RubricPane | DonePane:
    """The pane for the phase that the interview is in."""
    if mock.phase is Phase.DONE:
        return DonePane(mock.run, mock.result, mock.fed, before(mock.run.id, coach.mocks()))
    if mock.phase is Phase.CLARIFY:
        tip = _moment(coach, "opening") or _moment(coach, "clarify")
        heading = "The interviewer opens. Type the questions you would ask first, one per line."
        return SayPane(heading, mock.scenario.prompt, tip=tip, draft=mock.draft)
    stage = mock.stage
    if stage is None:
        return RubricPane(mock.scenario, mock.suggested_flags())
    return _stage_pane(coach, mock, stage)


def _stage_pane(coach: Coach, mock: Mock, stage: Stage) -> SayPane | GradePane:
    if mock.phase is Phase.ANSWER:
        return SayPane(stage.title, stage.ask, tip=_tip(coach, stage.tip), draft=mock.draft, board=True)
    answer = mock.run.answers[stage.id]
    if mock.phase is Phase.GRADE:
        return GradePane(stage, answer, mock.suggested())
    probe = stage.followups[mock.followup]
    heading = f"{_TURNS[probe.turn]} ({mock.followup + 1} of {len(stage.followups)})"
    return SayPane(heading, probe.ask, draft=mock.draft, earlier=answer.text)


def _tip(coach: Coach, id_: str) -> Tip | None:
    """A tip; None when the pack has lost it, which must not end an interview."""
    try:
        return coach.library.tip(id_)
    except UsageError:
        return None


def _moment(coach: Coach, moment: str) -> Tip | None:
    tips = (_tip(coach, id_) for id_ in coach.index.tips)
    return next((tip for tip in tips if tip and tip.moment == moment), None)
