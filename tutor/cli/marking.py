"""Grading a mock interview in lines: point by point, then criterion by criterion. Refuses one overall impression.

Ticks are kept as they are given, so that an interruption in the middle of grading loses none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tutor.cli import prose
from tutor.cli.ask import Dialogue, one_of, quoted
from tutor.cli.diagram import draw
from tutor.cli.render import say
from tutor.cli.tips import after

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import Mock
    from tutor.content.models.scenario import Criterion, Stage

V = TypeVar("V", str, int)

_TICKS = {"y": "y", "p": "p", "n": "n", "yes": "y", "partly": "p", "no": "n"}


class _Kept(dict[str, V]):
    """Marks given so far, kept as a draft under a name of their own."""

    def __init__(self, coach: Coach, name: str) -> None:
        super().__init__(json.loads(coach.log.draft(name) or "{}"))
        self._log, self._name = coach.log, name

    def ask(self, key: str, put: Callable[[], V]) -> V:
        """The mark under `key`, asked for only when it was not given yet."""
        if key not in self:
            self[key] = put()
            self._log.keep_draft(self._name, json.dumps(self))
        return self[key]

    def forget(self) -> None:
        """Drop the draft; the marks are in the log now."""
        self._log.keep_draft(self._name, "")


def grade_stage(coach: Coach, mock: Mock, dialogue: Dialogue) -> None:
    """Show the expected points beside what was said, ask for a tick for each, then show a strong answer."""
    stage = mock.run.stage
    assert stage
    answer = mock.run.answers[stage.id]
    say(f"\nYou said, on {stage.title}:")
    say(quoted("\n".join((answer.text, *answer.replies))))
    tip = coach.library.tip(stage.tip)
    say(f"\nThe tip was: {tip.title}\n{after(tip)}")
    say("\nWhat was expected. Did you make the point? y yes, p partly, n no.\n")
    suggested = mock.suggested()
    kept: _Kept[str] = _Kept(coach, f"mock/{mock.run.id}/ticks/{stage.id}")
    for number, point in enumerate(stage.key_points, 1):
        say(prose.plain(f"{number}. {point.text}"))
        found = suggested.get(point.id)
        if found:
            say(f'   suggested, because you wrote: "{found}"')
        kept.ask(point.id, partial(_tick, dialogue, "y" if found else "n"))
    met = [id_ for id_, tick in kept.items() if tick == "y"]
    mock.grade(met, [id_ for id_, tick in kept.items() if tick == "p"])
    kept.forget()
    _show_strong(stage)


def _tick(dialogue: Dialogue, default: str) -> str:
    how = "y: a listener heard it; p: half of it; n: not said. The suggestion comes from words in your text."
    return dialogue.ask(f"   y, p or n. Enter: {default} > ", one_of(_TICKS, default), how)


def _show_strong(stage: Stage) -> None:
    say("\nA strong answer:")
    say(prose.plain(stage.strong_answer, "  "))
    if stage.diagram:
        say()
        say(draw(stage.diagram))
    for followup in stage.followups:
        say()
        say(prose.plain(f"Follow-up: {followup.ask}"))
        say(prose.plain(f"Strong: {followup.strong}", "  "))


def grade_whole(coach: Coach, mock: Mock, dialogue: Dialogue) -> None:
    """Ask for a grade on each criterion and for red flags, and finish the interview."""
    script = mock.scenario
    say("\nThe rubric. Grade each criterion from 1 to 4.")
    kept: _Kept[int] = _Kept(coach, f"mock/{mock.run.id}/rubric")
    for criterion in script.rubric:
        kept.ask(criterion.id, partial(_criterion, dialogue, criterion))
    suggested_flags = mock.suggested_flags()
    say("\nRed flags. Did you say any of these?")
    suggested = []
    for number, flag in enumerate(script.red_flags, 1):
        say(prose.plain(f"{number}. {flag.text}"))
        say(prose.plain(flag.why, "   "))
        if flag.id in suggested_flags:
            suggested.append(number)
            say(f'   suggested, because you wrote: "{suggested_flags[flag.id]}"')
    raised = dialogue.ticks("Which?", len(script.red_flags), suggested, "Each red flag costs ten points.")
    mock.finish(dict(kept), [script.red_flags[number - 1].id for number in raised])
    kept.forget()


def _criterion(dialogue: Dialogue, criterion: Criterion) -> int:
    say()
    say(prose.plain(f"{criterion.text} ({criterion.dimension}, weight {criterion.weight})"))
    for grade, level in enumerate(criterion.levels, 1):
        say(prose.plain(f"{grade}. {level}", "  "))
    grades = {str(grade): grade for grade in range(1, 5)}
    return dialogue.ask("Grade, 1 to 4 > ", one_of(grades), "Give the number whose description fits best.")
