"""Turns a graded answer into rows to read, by kind of question. Refuses to grade: it draws what `study` decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tutor.tui.widgets.marks import NO, YES
from tutor.tui.widgets.prose import inline, muted
from tutor.tui.widgets.rows import Row, letters

if TYPE_CHECKING:
    from tutor.coach.quiz import Reveal
    from tutor.study.grading import Part

Note = tuple[str, Content]


def part_rows(reveal: Reveal) -> list[Row]:
    """Each part of the answer: what was chosen, what is right, and why. Nothing for an open question."""
    rows = _ROWS.get(reveal.ask.question.kind)
    return rows(reveal) if rows else []


def unknown(reveal: Reveal) -> bool:
    """True when the learner said "I do not know"."""
    return reveal.given == ""


def verdict(reveal: Reveal) -> Content:
    """The outcome in words, with its mark."""
    grade = reveal.grade
    if unknown(reveal):
        return Content.styled(f"{NO} You did not know this one. Now you will.", "bold $warning")
    if reveal.ask.question.kind == "open":
        return Content.styled(f"Your answer makes {grade.score:.0%} of the points.", "bold $primary")
    if grade.correct:
        return Content.styled(f"{YES} Right.", "bold $success")
    partly = f" {grade.score:.0%} of it is." if grade.score > 0 else ""
    return Content.styled(f"{NO} Not right.{partly}", "bold $error")


def _options(reveal: Reveal) -> list[Row]:
    parts = reveal.grade.parts
    labels = letters(len(parts))
    return [_option(parts[number], labels[place]) for place, number in enumerate(reveal.ask.arrangement)]


def _option(part: Part, letter: str) -> Row:
    if part.chosen:
        tag, style = ("Your choice, right.", "bold $success") if part.right else ("Your choice, wrong.", "bold $error")
    else:
        tag, style = ("Right, not chosen.", "bold $success") if part.right else ("Wrong.", "$foreground 70%")
    mark = YES if part.right else NO if part.chosen else " "
    text = inline(part.label).stylize("bold") if part.chosen else inline(part.label)
    return Row(text, f"{mark} {letter}", (("", Content.assemble((tag, style), " ", muted(part.why))),), blank=True)


def _order(reveal: Reveal) -> list[Row]:
    rows: list[Row] = []
    places = _places(reveal.ask.question)
    if not unknown(reveal):
        rows.append(_heading("Your order"))
        rows += [
            Row(inline(part.label), f"{_sign(part)} {place}.", _where(part, places[part.label]))
            for place, part in enumerate(reveal.grade.parts, 1)
        ]
    if not reveal.grade.correct:
        rows += [Row(Content(""), heading=True), _heading("The order that works")]
        rows += [
            Row(inline(entry), f"  {place}.", _free(span) if place == span[-1] else ())
            for place, (entry, span) in enumerate(places.items(), 1)
        ]
    return rows


def _places(question: Any) -> dict[str, range]:
    """Each entry in a right order, with the places (from 1) that are right for it: several where ranks tie."""
    places: dict[str, range] = {}
    for rank in question.sequence:
        entries = (rank,) if isinstance(rank, str) else rank
        first = len(places) + 1
        places |= dict.fromkeys(entries, range(first, first + len(entries)))
    return places


def _where(part: Part, places: range) -> tuple[Note, ...]:
    return () if part.ok else (("", Content.styled(f"belongs at {_spelled(places, 'or')}", "$foreground 70%")),)


def _free(places: range) -> tuple[Note, ...]:
    """Said once, under the last entry of a tied group."""
    if len(places) == 1:
        return ()
    return (("", Content.styled(f"({_spelled(places, 'and')} may stand in any order)", "$foreground 70%")),)


def _spelled(places: range, joint: str) -> str:
    if len(places) == 1:
        return f"{places[0]}"
    return f"{places[0]} {joint if len(places) == 2 else 'to'} {places[-1]}"


def _match(reveal: Reveal) -> list[Row]:
    question: Any = reveal.ask.question
    given = reveal.given or [""] * len(question.pairs)
    rows = []
    for pair, right, part in zip(question.pairs, given, reveal.grade.parts, strict=True):
        notes: list[Note] = []
        if not part.ok:
            notes.append(("you joined", inline(right) if right else Content("nothing")))
        notes.append(("belongs to", inline(pair.right)))
        notes.append(("", muted(part.why)))
        rows.append(Row(inline(pair.left).stylize("bold"), _sign(part), tuple(notes), blank=True))
    return rows


def _cloze(reveal: Reveal) -> list[Row]:
    rows = []
    for number, part in enumerate(reveal.grade.parts, 1):
        notes: list[Note] = [] if part.ok else [("right is", Content.styled(part.expected, "bold"))]
        if part.why:
            notes.append(("", muted(part.why)))
        text = "" if unknown(reveal) else str(reveal.given[number - 1])
        typed = Content.assemble("you typed ", (text, "bold")) if text else Content("nothing typed")
        rows.append(Row(typed, f"{_sign(part)} [{number}]", tuple(notes), blank=True))
    return rows


def _spot(reveal: Reveal) -> list[Row]:
    rows = []
    for part in reveal.grade.parts:
        said = "You marked it." if part.chosen else "You did not mark it."
        fault = "Faulty." if part.right else "Fine."
        notes = (("", Content.assemble((f"{fault} {said} ", "bold"), muted(part.why if part.right else ""))),)
        rows.append(Row(Content(part.label), _sign(part), notes, blank=True))
    return rows


def _sign(part: Part) -> str:
    return YES if part.ok else NO


def _heading(text: str) -> Row:
    return Row(Content.styled(text, "bold $primary"), heading=True)


_ROWS: dict[str, Callable[[Reveal], list[Row]]] = {
    "single": _options,
    "predict": _options,
    "multi": _options,
    "order": _order,
    "match": _match,
    "cloze": _cloze,
    "spot": _spot,
}
