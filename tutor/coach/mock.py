"""One mock interview, as a face drives it. Refuses to show expected points before the answer is locked in.

Everything given is logged at once; text still being typed is kept as a draft, so that an interrupted interview is
taken up with the half sentence in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tutor.errors import StoreError, UsageError
from tutor.interview.rubric import Result, result
from tutor.interview.run import Phase, Run, replay
from tutor.interview.suggest import suggest_clarifications, suggest_flags
from tutor.study.points import suggest_points

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.models.scenario import Scenario, Stage
    from tutor.event import Event


@dataclass(frozen=True, slots=True)
class PastMock:
    """An interview in a list. `result` is None while nothing was graded; `minutes` is time spent answering."""

    id: str
    scenario: str
    title: str
    started: datetime
    touched: datetime
    phase: Phase
    stage: int
    stages: int
    minutes: float
    ended: bool
    abandoned: bool
    result: Result | None

    @property
    def open(self) -> bool:
        """True when it can be taken up again."""
        return not (self.ended or self.abandoned)


class Mock:
    """An interview in progress, or one to look back at."""

    def __init__(self, coach: Coach, run: Run) -> None:
        self._coach = coach
        self.run = run

    @property
    def scenario(self) -> Scenario:
        """The script."""
        return self.run.scenario

    @property
    def phase(self) -> Phase:
        """What the candidate has to do next."""
        return self.run.phase

    @property
    def stage(self) -> Stage | None:
        """The stage being worked on, or None before the first and after the last."""
        return self.run.stage if self.run.clarified else None

    @property
    def followup(self) -> int:
        """The number, from 0, of the follow-up being asked in this stage."""
        stage = self.run.stage
        answer = self.run.answers.get(stage.id) if stage else None
        return len(answer.replies) if answer else 0

    @property
    def draft(self) -> str:
        """What was typed for this very place and not given yet."""
        return self._coach.log.draft(self._draft_name())

    @property
    def spent(self) -> float:
        """Seconds that were spent in this very place before it was left."""
        return float(self._coach.log.draft(f"{self._draft_name()}/seconds") or 0)

    def keep_draft(self, text: str, seconds: float = 0.0) -> None:
        """Keep what is being typed, and the seconds it took so far."""
        self._coach.log.keep_draft(self._draft_name(), text)
        if seconds:
            self._coach.log.keep_draft(f"{self._draft_name()}/seconds", f"{seconds:.1f}")

    def clarify(self, text: str, asked: Sequence[int]) -> None:
        """Log the clarifying questions typed, and which of the script's (by number, from 0) they cover.

        Raises: ValueError, as each of these verbs, when something else comes next.
        """
        self._expect(Phase.CLARIFY)
        self._record("clarified", {"text": text, "asked": list(asked)})

    def answer(self, text: str, confidence: int, seconds: float) -> None:
        """Lock in the answer to the current stage; `confidence` in percent that it makes the expected points."""
        self._expect(Phase.ANSWER)
        body = {"stage": self._stage().id, "text": text, "confidence": confidence, "seconds": round(seconds, 1)}
        self._record("stage-answered", body)

    def reply(self, text: str, seconds: float) -> None:
        """Lock in the reply to the current follow-up; an empty one counts as passed over."""
        self._expect(Phase.FOLLOWUP)
        body = {"stage": self._stage().id, "text": text, "seconds": round(seconds, 1)}
        self._record("followup-answered", body)

    def suggested(self) -> dict[str, str]:
        """Key points that the answer and replies of the current stage seem to make, with the words that show it."""
        stage = self._stage()
        answer = self.run.answers[stage.id]
        return suggest_points(stage.key_points, "\n".join((answer.text, *answer.replies)))

    def suggested_flags(self) -> dict[str, str]:
        """Red flags that what was said seems to raise, with the words that show it."""
        return suggest_flags(self.run)

    def suggested_clarifications(self, text: str) -> list[int]:
        """Numbers, from 0, of the script's clarifications that `text` seems to ask for."""
        return suggest_clarifications(self.scenario, text)

    def grade(self, met: Sequence[str], partly: Sequence[str]) -> None:
        """Log which key points of the current stage were made, whole or in part."""
        self._expect(Phase.GRADE)
        self._record("stage-graded", {"stage": self._stage().id, "met": list(met), "partly": list(partly)})

    def finish(self, criteria: Mapping[str, int], flags: Sequence[str]) -> Result:
        """Log the rubric grades (1 to 4 by criterion id) and red flags; missed points become due in the quiz.

        Everything that follows is logged with the grades, so that no interview ends by half.
        """
        self._expect(Phase.RUBRIC)
        if not all(grade in (1, 2, 3, 4) for grade in criteria.values()):
            raise ValueError(f"criteria are graded from 1 to 4; got {dict(criteria)}")
        ended = replace(self.run, criteria=dict(criteria), flags=tuple(flags), ended=True)
        feeds = [question for missed in result(ended).missed for question in missed.point.feeds]
        known = {entry.id for entry in self._coach.index.entries}
        questions = [question for question in dict.fromkeys(feeds) if question in known]
        news: list[tuple[str, dict[str, object]]] = [("fed", {"questions": questions})] if questions else []
        news.append(("interview-reported", {"markdown": _markdown(ended)}))
        self._record("interview-graded", {"criteria": dict(criteria), "flags": list(flags)}, *news)
        return self.result

    def abandon(self) -> None:
        """Give the interview up for good; what was said stays in the log."""
        if self.phase is Phase.DONE:
            raise ValueError("this interview is over")
        self._record("interview-abandoned", {})

    @property
    def result(self) -> Result:
        """The outcome as far as it was graded."""
        return result(self.run)

    @property
    def fed(self) -> list[str]:
        """Questions that became due because of this interview."""
        return [
            question
            for event in self._coach.events
            if event.kind == "fed" and event.body["run"] == self.run.id
            for question in event.body["questions"]
        ]

    def report(self) -> str:
        """The interview as Markdown: what was said, what was expected, what to learn next."""
        return _markdown(self.run)

    def _expect(self, phase: Phase) -> None:
        if self.phase is not phase:
            raise ValueError(f"this interview is at `{self.phase}`, not at `{phase}`")

    def _stage(self) -> Stage:
        stage = self.run.stage
        if stage is None:
            raise ValueError("every stage of this interview is graded")
        return stage

    def _draft_name(self) -> str:
        stage = self.run.stage
        return f"mock/{self.run.id}/{self.phase}/{stage.id if stage else ''}/{self.followup}"

    def _record(self, kind: str, body: Mapping[str, object], *more: tuple[str, Mapping[str, object]]) -> None:
        draft = self._draft_name()
        news = ((kind, {"run": self.run.id, **body}) for kind, body in ((kind, body), *more))
        for event in self._coach.record(*news):
            self.run.apply(event)
        with suppress(StoreError):  # what was given is kept; a draft that stays behind is no loss
            for name in (draft, f"{draft}/seconds"):
                self._coach.log.keep_draft(name, "")


def _markdown(run: Run) -> str:
    from tutor.reports.interview import interview_markdown

    return interview_markdown(run, result(run))


def start(coach: Coach, scenario: str) -> Mock:
    """Start an interview.

    Raises: UsageError when there is no such scenario.
    """
    script = coach.library.scenario(scenario)
    event = coach.record(("interview-started", {"scenario": scenario}))[0]
    return Mock(coach, Run(event.id, script, event.at, event.at))


def resume(coach: Coach, run: str) -> Mock:
    """Take up, or look back at, the interview whose id starts with `run`.

    Raises: UsageError when none or several start so.
    """
    found = [event for event in _started(coach) if event.id.casefold().startswith(run.casefold())]
    if len(found) != 1:
        many = f"{len(found)} interviews have ids that start" if found else "No interview has an id that starts"
        raise UsageError(f"{many} with `{run}`.", "List them with: tutor mock --list")
    return Mock(coach, _replayed(coach, found[0], _by_run(coach)))


def past(coach: Coach) -> list[PastMock]:
    """Every interview, latest first."""
    by_run = _by_run(coach)
    return [_past(_replayed(coach, event, by_run)) for event in reversed(_started(coach))]


def _past(run: Run) -> PastMock:
    return PastMock(
        id=run.id,
        scenario=run.scenario.id,
        title=run.scenario.title,
        started=run.started,
        touched=run.touched,
        phase=run.phase,
        stage=run.scenario.stages.index(run.stage) + 1 if run.stage else len(run.scenario.stages),
        stages=len(run.scenario.stages),
        minutes=run.seconds / 60,
        ended=run.ended,
        abandoned=run.abandoned,
        result=result(run) if run.grades else None,
    )


def _started(coach: Coach) -> list[Event]:
    known = {scenario.id for scenario in coach.index.scenarios}
    return [event for event in coach.events if event.kind == "interview-started" and event.body["scenario"] in known]


def _by_run(coach: Coach) -> dict[str, list[Event]]:
    by_run: dict[str, list[Event]] = {}
    for event in coach.events:
        if run := event.body.get("run"):
            by_run.setdefault(run, []).append(event)
    return by_run


def _replayed(coach: Coach, started: Event, by_run: Mapping[str, list[Event]]) -> Run:
    script = coach.library.scenario(started.body["scenario"])
    return replay(started.id, script, started.at, by_run.get(started.id, ()))
