"""One run of a scenario, as far as it has come. Refuses clocks and storage: it is a fold over its own events.

A run goes clarify -> (answer -> followup* -> grade) for each stage -> rubric -> done, and can be left and taken up
again at any point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tutor.event import Event

if TYPE_CHECKING:
    from tutor.content.models.scenario import Scenario, Stage


class Phase(StrEnum):
    """What the candidate has to do next."""

    CLARIFY = "clarify"
    ANSWER = "answer"
    FOLLOWUP = "followup"
    GRADE = "grade"
    RUBRIC = "rubric"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StageAnswer:
    """What a candidate said in a stage, the bet in percent that it covers the points, and the seconds it took."""

    text: str
    confidence: int
    seconds: float
    replies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageGrade:
    """The key points that the candidate says the answer made, whole or in part, by id."""

    met: tuple[str, ...]
    partly: tuple[str, ...]


@dataclass(slots=True)
class Run:
    """One run of `scenario`. `asked` holds the numbers of the clarifications asked, `clarifying` what was typed."""

    id: str
    scenario: Scenario
    started: datetime
    touched: datetime
    clarified: bool = False
    clarifying: str = ""
    asked: tuple[int, ...] = ()
    answers: dict[str, StageAnswer] = field(default_factory=dict)
    grades: dict[str, StageGrade] = field(default_factory=dict)
    criteria: dict[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    ended: bool = False
    abandoned: bool = False

    @property
    def stage(self) -> Stage | None:
        """The first stage that is not graded yet."""
        return next((stage for stage in self.scenario.stages if stage.id not in self.grades), None)

    @property
    def phase(self) -> Phase:
        """What comes next."""
        if self.ended or self.abandoned:
            return Phase.DONE
        if not self.clarified:
            return Phase.CLARIFY
        stage = self.stage
        if stage is None:
            return Phase.RUBRIC
        answer = self.answers.get(stage.id)
        if answer is None:
            return Phase.ANSWER
        return Phase.FOLLOWUP if len(answer.replies) < len(stage.followups) else Phase.GRADE

    @property
    def seconds(self) -> float:
        """Time spent answering, without pauses."""
        return sum(answer.seconds for answer in self.answers.values())

    def apply(self, event: Event) -> None:
        """Take in one more event of this run; other kinds are ignored."""
        handler = _HANDLERS.get(event.kind)
        if handler:
            handler(self, event.body)
            self.touched = event.at

    def _clarified(self, body: Mapping[str, Any]) -> None:
        self.clarified, self.clarifying, self.asked = True, body["text"], tuple(body["asked"])

    def _stage_answered(self, body: Mapping[str, Any]) -> None:
        self.answers[body["stage"]] = StageAnswer(body["text"], body["confidence"], body["seconds"])

    def _followup_answered(self, body: Mapping[str, Any]) -> None:
        said = self.answers.get(body["stage"])
        if said is None:
            return  # of a stage that was not answered: another tutor wrote it, and nothing is lost by leaving it out
        replies, seconds = (*said.replies, body["text"]), said.seconds + body["seconds"]
        self.answers[body["stage"]] = StageAnswer(said.text, said.confidence, seconds, replies)

    def _stage_graded(self, body: Mapping[str, Any]) -> None:
        self.grades[body["stage"]] = StageGrade(tuple(body["met"]), tuple(body["partly"]))

    def _interview_graded(self, body: Mapping[str, Any]) -> None:
        self.criteria, self.flags, self.ended = dict(body["criteria"]), tuple(body["flags"]), True

    def _interview_abandoned(self, body: Mapping[str, Any]) -> None:
        self.abandoned = True


_HANDLERS = {
    "clarified": Run._clarified,
    "stage-answered": Run._stage_answered,
    "followup-answered": Run._followup_answered,
    "stage-graded": Run._stage_graded,
    "interview-graded": Run._interview_graded,
    "interview-abandoned": Run._interview_abandoned,
}


def replay(id_: str, scenario: Scenario, started: datetime, events: Iterable[Event]) -> Run:
    """The run as it stands after its events, oldest first."""
    run = Run(id_, scenario, started, started)
    for event in events:
        run.apply(event)
    return run
