"""One sitting as a conversation in lines. Refuses to print any explanation before the answer and the bet are logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.cli import given, reveal
from tutor.cli.ask import Command, Dialogue, Moved, one_of, quoted
from tutor.cli.render import counted, moment, say, span
from tutor.cli.start import ticks

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.quiz import Quiz, Reveal, Summary
    from tutor.study.session import Ask


class Sitting:
    """Asks what a quiz has to ask, until it is over."""

    def __init__(self, coach: Coach, quiz: Quiz) -> None:
        self._coach = coach
        self._quiz = quiz
        self._titles = {topic.id: topic.title for topic in coach.index.topics}
        self._dialogue = Dialogue(
            {
                ":skip": Command("leave this question out of this sitting", self._skip),
                ":suspend": Command("do not ask this question any more", self._suspend),
                ":flag": Command("note what is wrong with this question, as in: :flag the key is b", self._flag),
                ":undo": Command("take the last rating back", self._undo),
            }
        )

    def run(self) -> Summary:
        """Ask to the end.

        Raises: Ended when the learner leaves before.
        """
        while ask := self._quiz.ask:
            try:
                self._one(ask)
            except Moved:
                continue
        return self._quiz.end()

    def _one(self, ask: Ask) -> None:
        given.show(ask, self._titles)
        if answered := self._quiz.reveal:
            say("You have answered this:")
            say(quoted(reveal.given_text(answered)))
        else:
            answered = self._answer(ask)
        reveal.show(answered)
        self._rate(answered)

    def _answer(self, ask: Ask) -> Reveal:
        draft = self._quiz.draft if ask.question.kind == "open" else ""
        if draft:
            say("You had typed this; go on, or end it with a single dot:")
            say(quoted(draft))
        started = ticks()
        answer = given.read(self._dialogue, ask, draft, self._quiz.keep_draft)
        seconds = ticks() - started
        percent = self._dialogue.bet("How sure are you?") if answer else 0
        return self._quiz.answer(answer, percent, seconds)

    def _rate(self, answered: Reveal) -> None:
        from tutor.schedule.memory import Rating

        met = None
        question = answered.ask.question
        if question.kind == "open":
            suggested = reveal.points(answered)
            if answered.given:
                made = self._made(len(question.key_points), suggested)
                met = [question.key_points[number - 1].id for number in made]
            else:
                met = []
            answered = self._quiz.ticked(met)
            say(f"That makes {answered.grade.score:.0%} of the points.")
        cram = self._quiz.session.cram
        say()
        prompt = f"How was it? {reveal.ratings(answered, cram)}. Enter: {answered.rating.label} > "
        how = "Give a number from 1 to 4; the time says when it is asked again."
        choices = {str(int(rating)): rating for rating in Rating}
        self._quiz.rate(self._dialogue.ask(prompt, one_of(choices, answered.rating), how), met)
        if not cram and self._quiz.last:
            say(f"Next time in {span(self._quiz.last[2])}.")

    def _made(self, count: int, suggested: list[int]) -> list[int]:
        how = "The suggestions come from words in your text; you decide. Be strict: would a listener have heard it?"
        return self._dialogue.ticks("Which points did you make?", count, suggested, how)

    def _skip(self, rest: str) -> None:
        self._quiz.skip()
        say("Left out of this sitting.")
        raise Moved

    def _suspend(self, rest: str) -> None:
        question = self._quiz.session.current
        self._quiz.suspend()
        say(f"It will not be asked again. To bring it back: tutor suspended --lift {question}")
        raise Moved

    def _flag(self, rest: str) -> None:
        if not rest:
            say("Say what is wrong, such as: :flag option b is right as well")
            return
        self._quiz.flag(rest)
        say("Noted. All notes: tutor flags")

    def _undo(self, rest: str) -> None:
        if not self._quiz.undo():
            say("There is no rating to take back in this sitting.")
            return
        say("Taken back.")
        raise Moved


def show_summary(coach: Coach, summary: Summary) -> None:
    """Print a sitting in numbers, and what to read again."""
    say()
    say("Done. " + (f"{summary.retention:.0%} recalled at first" if summary.questions else "Nothing was rated"), end="")
    say(f": {counted(summary.questions, 'question')}, {counted(summary.asked, 'answer')},", end=" ")
    say(f"{round(summary.seconds / 60)} minutes of thinking.")
    if summary.came_back:
        say(f"Came back in this sitting: {', '.join(summary.came_back)}")
    if summary.missed:
        say("Missed at first:")
        for question in summary.missed:
            say(f"  {question}: {reading(coach, question)}")
    if summary.leeches:
        say("Forgotten again and again; repetition alone does not help, read these:")
        for question in summary.leeches:
            say(f"  {question}: {reading(coach, question)}")
    if summary.cram:
        say("This was cramming; the schedule is untouched.")
    say(f"Due now: {summary.due_now}.", end=" ")
    say(f"Next due: {moment(summary.next_due)}." if summary.next_due else "Nothing else is scheduled yet.")


def reading(coach: Coach, question: str) -> str:
    """The command that shows what to read about a question."""
    topic = next(entry.topic for entry in coach.index.entries if entry.id == question)
    there = next(other for other in coach.index.topics if other.id == topic)
    command = f"tutor recap {there.day or topic}"
    if not there.recap:
        return f"tutor quiz --question {question}"
    sections = coach.library.recap(topic).sections
    section = next((section.id for section in sections if question in section.questions), None)
    return f"{command} --section {section}" if section else command
