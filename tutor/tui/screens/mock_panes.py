"""Chooses what a part of an interview looks like. Refuses to keep any state: it follows from the interview alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.interview.run import Phase
from tutor.tui.screens.mock_clarify import AskedPane
from tutor.tui.screens.mock_done import DonePane
from tutor.tui.screens.mock_grade import GradePane
from tutor.tui.screens.mock_rubric import RubricPane
from tutor.tui.screens.mock_say import SayPane
from tutor.tui.screens.mock_tips import opening_tip, tip_of
from tutor.tui.screens.mocks import before
from tutor.tui.screens.named import prompt_of

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import Mock
    from tutor.content.models.scenario import Stage

FED_SHOWN = 5
"""How many of the questions that became due are named."""
_TURNS = {"deeper": "The interviewer goes deeper", "failure": "The interviewer brings a failure"}


def pane_for(coach: Coach, mock: Mock) -> SayPane | GradePane | RubricPane | DonePane:
    """The pane for the phase that the interview is in."""
    if mock.phase is Phase.DONE:
        fed = mock.fed
        shown = [prompt_of(coach, id_) for id_ in fed[:FED_SHOWN]]
        return DonePane(mock.run, mock.result, len(fed), shown, before(mock.run.id, coach.mocks()))
    if mock.phase is Phase.CLARIFY:
        heading = "The interviewer opens. Type the questions you would ask first, one per line."
        return SayPane(heading, mock.scenario.prompt, tip=opening_tip(coach), draft=mock.draft)
    stage = mock.stage
    if stage is None:
        return RubricPane(mock.scenario, mock.suggested_flags())
    return _stage_pane(coach, mock, stage)


def asked_pane(coach: Coach, mock: Mock, text: str) -> AskedPane:
    """What was asked, beside what was worth asking."""
    suggested = mock.suggested_clarifications(text)
    return AskedPane(text, mock.scenario.clarifications, suggested, opening_tip(coach))


def _stage_pane(coach: Coach, mock: Mock, stage: Stage) -> SayPane | GradePane:
    if mock.phase is Phase.ANSWER:
        return SayPane(stage.title, stage.ask, tip=tip_of(coach, stage.tip), draft=mock.draft, board=True)
    answer = mock.run.answers[stage.id]
    if mock.phase is Phase.GRADE:
        return GradePane(stage, answer, mock.suggested(), tip_of(coach, stage.tip))
    probe = stage.followups[mock.followup]
    heading = f"{_TURNS[probe.turn]} ({mock.followup + 1} of {len(stage.followups)})"
    return SayPane(heading, probe.ask, draft=mock.draft, earlier=answer.text)
