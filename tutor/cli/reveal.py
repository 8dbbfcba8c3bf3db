"""Lays an answered question open in plain lines. Refuses to be called before the answer is logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tutor.cli import prose
from tutor.cli.ask import quoted
from tutor.cli.diagram import draw
from tutor.cli.given import GAP, letter
from tutor.cli.render import say, span

if TYPE_CHECKING:
    from tutor.coach.quiz import Reveal
    from tutor.content.models.question import PredictQuestion, Question
    from tutor.study.grading import Part


def show(reveal: Reveal) -> None:
    """Print the verdict, each part with its reason, and the explanation; all but the points of an open answer."""
    say()
    say(verdict(reveal))
    say()
    if reveal.ask.question.kind != "open":
        _PARTS[reveal.ask.question.kind](reveal)
    _explain(reveal.ask.question)


def verdict(reveal: Reveal) -> str:
    """One sentence on how right the answer is."""
    if not reveal.given:
        return "You did not know; here is the answer."
    if reveal.ask.question.kind == "open":
        return "Your answer is kept. Compare it with the model answer."
    if reveal.grade.correct:
        return "Right."
    return f"Partly right: {reveal.grade.score:.0%}." if reveal.grade.score > 0 else "Wrong."


def points(reveal: Reveal) -> list[int]:
    """Print the model answer and the key points, numbered; returns the numbers that are suggested."""
    question = reveal.ask.question
    assert question.kind == "open"
    if reveal.given:
        say("Your answer:")
        say(quoted(str(reveal.given)))
        say()
    say("Model answer:")
    say(prose.plain(question.model_answer, "  "))
    say()
    say("Key points:")
    suggested = []
    for number, point in enumerate(question.key_points, 1):
        weight = f" (weight {point.weight})" if point.weight > 1 else ""
        say(prose.plain(point.text + weight, "    ").replace("    ", f"{number:>2}. ", 1))
        if point.id in reveal.suggested_points:
            suggested.append(number)
            say(f'    suggested, because you wrote: "{reveal.suggested_points[point.id]}"')
    say()
    return suggested


def ratings(reveal: Reveal, cram: bool) -> str:
    """The four ratings on one line, with the time until the question comes again."""
    words = []
    for rating, wait in reveal.intervals.items():
        words.append(f"{int(rating)} {rating.label}" + ("" if cram else f" ({span(wait)})"))
    return ", ".join(words)


def given_text(reveal: Reveal) -> str:
    """What the learner gave, in a line, as it was typed."""
    given, ask = reveal.given, reveal.ask
    if not given:
        return "-"
    if ask.question.kind in ("single", "multi", "predict"):
        return " ".join(sorted(letter(ask.arrangement.index(int(index))) for index in given))
    if ask.question.kind == "order":
        return " ".join(str(ask.arrangement.index(int(index)) + 1) for index in given)
    return given if isinstance(given, str) else " | ".join(map(str, given))


def _explain(question: Question) -> None:
    say(prose.plain(f"Why: {question.why}"))
    if question.kind == "predict":
        _unfold(question)
    if question.kind == "spot":
        say()
        say("As it should be:")
        say(prose.code(question.fixed.text, numbered=True))
    if question.diagram:
        say()
        say(draw(question.diagram))
    if question.interviewer_note:
        say()
        say(prose.plain(f"What the common version gets wrong: {question.interviewer_note}"))
    for followup in question.followups:
        say()
        say(prose.plain(f"Asked next: {followup.ask}"))
        say(prose.plain(f"Listen for: {followup.listen_for}", "  "))
    say()
    for source in question.sources:
        say(f"Source: {source.title}, {source.url}")


def _unfold(question: PredictQuestion) -> None:
    say()
    say(prose.plain(f"At once: {question.unfolds.immediate}"))
    say(prose.plain(f"Later: {question.unfolds.later}"))
    say(prose.plain(f"What an operator sees: {question.unfolds.operator_sees}"))


_CHOSEN = {
    (True, True): "right, you chose it",
    (True, False): "wrong, you chose it",
    (False, True): "right, but not chosen",
    (False, False): "wrong, not chosen",
}


def _choices(reveal: Reveal) -> None:
    for place, index in enumerate(reveal.ask.arrangement):
        part = reveal.grade.parts[index]
        mark = _CHOSEN[part.chosen, part.right] if reveal.given else ("right" if part.right else "wrong")
        say(prose.plain(f"{letter(place)}) [{mark}] {part.label}"))
        say(prose.plain(part.why, "   "))
        say()


def _faults(reveal: Reveal) -> None:
    for part in reveal.grade.parts:
        mark = _CHOSEN[part.chosen, part.right] if reveal.given else "right"
        say(f"[{mark}] {part.label}")
        say(prose.plain(part.why, "   "))
        say()


def _placed(reveal: Reveal) -> None:
    if reveal.given:
        for place, part in enumerate(reveal.grade.parts, 1):
            say(f"{place}. {part.label}: {'right' if part.right else f'belongs at {part.expected}'}")
        say()
    if not reveal.grade.correct:
        question = reveal.ask.question
        assert question.kind == "order"
        say("A right order:")
        place = 0
        for rank in question.sequence:
            group = (rank,) if isinstance(rank, str) else rank
            for entry in group:
                place += 1
                say(f"{place}. {entry}")
            if len(group) > 1:
                say(f"   ({place - len(group) + 1} to {place} may stand in any order)")
        say()


def _joined(reveal: Reveal) -> None:
    question = reveal.ask.question
    assert question.kind == "match"
    for number, (pair, part) in enumerate(zip(question.pairs, reveal.grade.parts, strict=True), 1):
        say(f"{number}. {pair.left}: {pair.right}{_mark(reveal, part)}")
        if part.why:
            say(prose.plain(part.why, "   "))
    say()


def _gaps(reveal: Reveal) -> None:
    question = reveal.ask.question
    assert question.kind == "cloze"
    for number, part in enumerate(reveal.grade.parts, 1):
        typed = f"; you typed: {part.label}" if reveal.given else ""
        say(f"Gap {number}: {part.expected}{_mark(reveal, part)}{typed}")
        if part.why and reveal.given:
            say(prose.plain(part.why, "   "))
    say()
    whole = GAP.sub(lambda gap: f"[{question.blanks[int(gap[1]) - 1].accept[0]}]", question.text)
    say(prose.plain(whole, "  "))
    say()


def _mark(reveal: Reveal, part: Part) -> str:
    if not reveal.given:
        return ""
    return " (right)" if part.right else " (you had this wrong)"


_PARTS: dict[str, Callable[[Reveal], None]] = {
    "single": _choices,
    "predict": _choices,
    "multi": _choices,
    "spot": _faults,
    "order": _placed,
    "match": _joined,
    "cloze": _gaps,
}
