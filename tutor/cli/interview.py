"""One mock interview as a conversation in lines. Refuses to print what was expected before the answer is logged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tutor.cli import prose
from tutor.cli.ask import UNKNOWN, Command, Dialogue, one_of, quoted
from tutor.cli.marking import grade_stage, grade_whole
from tutor.cli.render import clock, heading, say
from tutor.cli.start import ticks
from tutor.cli.tips import before

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import Mock

_TYPE = (
    "Type as many lines as you like; a line with a single dot ends it, a single - says that you have nothing to say,"
    " :clear starts over, :pause stops the clock."
)


class _GivenUp(Exception):
    """The learner gave the interview up for good."""


class Watch:
    """Counts the seconds of one answer; it can be paused."""

    def __init__(self) -> None:
        self._started = ticks()
        self._paused = 0.0

    @property
    def seconds(self) -> float:
        """Seconds so far, without pauses."""
        return ticks() - self._started - self._paused

    def skip(self, seconds: float) -> None:
        """Leave `seconds` out of the count."""
        self._paused += seconds


class Interview:
    """Holds an interview, from wherever it stands to its end."""

    def __init__(self, coach: Coach, mock: Mock) -> None:
        self._coach = coach
        self._mock = mock
        self._watch = Watch()
        self._told = False
        self._dialogue = Dialogue(
            {
                ":pause": Command("stop the clock until you press Enter", self._pause),
                ":time": Command("how long this answer has taken so far", self._time),
                ":abandon": Command("give this interview up for good", self._abandon),
            }
        )

    def run(self) -> bool:
        """Go through every phase that is left; False when the interview was given up.

        Raises: Ended when the learner leaves before; everything is kept.
        """
        self._open()
        steps: dict[str, Callable[[], None]] = {
            "clarify": self._clarify,
            "answer": self._answer,
            "followup": self._reply,
            "grade": partial(grade_stage, self._coach, self._mock, self._dialogue),
            "rubric": partial(grade_whole, self._coach, self._mock, self._dialogue),
        }
        try:
            while not self._mock.run.ended:
                steps[self._mock.phase.value]()
        except _GivenUp:
            say("Given up; what you said stays in your log.")
            return False
        show_result(self._mock)
        return True

    def _open(self) -> None:
        script = self._mock.scenario
        say(heading(script.title))
        say(f"{script.level.value}, {script.minutes} minutes in {len(script.stages)} stages. For commands: ?")
        say()
        say(prose.plain(script.prompt))

    def _clarify(self) -> None:
        script = self._mock.scenario
        for tip in self._coach.library.tips():
            if tip.moment == "clarify":
                say(f"\nTip: {before(tip)}")
        say("\nWhich questions do you ask before you design anything? One per line is fine.")
        text = self._text()
        suggested = [number + 1 for number in self._mock.suggested_clarifications(text)]
        say("\nWhat the interviewer answers to the questions worth asking:")
        for number, clarification in enumerate(script.clarifications, 1):
            mark = " (suggested: you seem to have asked this)" if number in suggested else ""
            say(f"\n{number}. {clarification.ask}{mark}")
            say(prose.plain(f"Answer: {clarification.answer}", "   "))
            say(prose.plain(f"Worth asking, because: {clarification.why}", "   "))
        how = "Give the numbers of the questions that you typed in your own words."
        asked = self._dialogue.ticks("\nWhich of these did you ask?", len(script.clarifications), suggested, how)
        self._mock.clarify(text, [number - 1 for number in asked])

    def _answer(self) -> None:
        stage = self._mock.run.stage
        assert stage
        place = self._mock.scenario.stages.index(stage) + 1
        say(f"\nStage {place} of {len(self._mock.scenario.stages)}: {stage.title} ({stage.minutes} minutes)")
        say(f"\nTip: {before(self._coach.library.tip(stage.tip))}\n")
        say(prose.plain(stage.ask))
        text = self._text()
        seconds = self._watch.seconds
        say(f"Time: {clock(seconds)} of {stage.minutes} minutes.")
        percent = self._dialogue.bet("How sure are you that you made the expected points?")
        self._mock.answer(text, percent, seconds)

    def _reply(self) -> None:
        stage = self._mock.run.stage
        assert stage
        number = self._mock.followup
        followup = stage.followups[number]
        turn = "a failure" if followup.turn == "failure" else "deeper"
        say(f"\nFollow-up {number + 1} of {len(stage.followups)} ({turn}):")
        say(prose.plain(followup.ask))
        text = self._text()
        self._mock.reply(text, self._watch.seconds)

    def _text(self) -> str:
        """An answer, from the draft if there is one, empty when the learner has none; the clock runs from here."""
        draft = self._mock.draft
        if draft:
            say("You had typed this; go on, or end it with a single dot:")
            say(quoted(draft))
        elif not self._told:
            say(_TYPE)
            self._told = True
        self._watch = Watch()
        while True:
            text = self._dialogue.text(_TYPE, draft, self._mock.keep_draft)
            if text:
                return "" if text == UNKNOWN else text
            say("Nothing was typed. A single - says that you have nothing to say.")

    def _pause(self, rest: str) -> None:
        stopped = ticks()
        say(f"Paused at {clock(self._watch.seconds)}.")
        self._dialogue.ask("Enter goes on > ", str, "The clock stands still until you press Enter.")
        self._watch.skip(ticks() - stopped)

    def _time(self, rest: str) -> None:
        stage = self._mock.stage
        planned = f" of {stage.minutes} minutes for the stage" if stage else ""
        say(f"{clock(self._watch.seconds)}{planned}.")

    def _abandon(self, rest: str) -> None:
        choices = {"yes": True, "no": False, "y": True, "n": False}
        if self._dialogue.ask("Give it up for good? yes or no > ", one_of(choices), "It cannot be taken up again."):
            self._mock.abandon()
            raise _GivenUp


def show_result(mock: Mock) -> None:
    """Print the outcome of a finished interview, and what to learn next."""
    from tutor.interview.rubric import HOW_TOTAL

    result = mock.result
    say()
    say(heading(f"{mock.scenario.title}: {result.total:.0f} %, {result.band}"))
    flags = f", red flags {len(mock.run.flags)}" if mock.run.flags else ""
    say(f"Key points {result.points:.0f} %, rubric {result.rubric:.0f} %{flags}.")
    say(f"The total is {HOW_TOTAL}.")
    gap = round(result.expected) - round(result.points)
    say(f"You expected {result.expected:.0f} % and made {result.points:.0f} %: a gap of {gap:+d}.")
    say(f"Time: {clock(mock.run.seconds)} of {mock.scenario.minutes} minutes.")
    for stage in mock.scenario.stages:
        say(f"  {stage.title}: {result.stages[stage.id]:.0f} %")
    say("By dimension: " + ", ".join(f"{name} {share:.0f} %" for name, share in result.dimensions.items()))
    if result.missed:
        say("\nMissed:")
        for missed in result.missed:
            say(prose.plain(f"- {missed.point.text}" + (" (said in part)" if missed.partly else "")))
    if mock.fed:
        say(f"\nNow due in the quiz: {', '.join(mock.fed)}")
    say()
    say(prose.plain(mock.scenario.closing))
    say("\nFrom the interviewer's side:")
    say(prose.plain(mock.scenario.setting))
    say()
    say(prose.plain(mock.scenario.interviewer_note))
