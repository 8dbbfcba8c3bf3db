"""Grades an answer to any kind of question. Refuses to schedule, and never fully grades an open answer itself.

What a learner gives is plain data, so that it can be logged as it is:

    open               the text
    single, predict    [index of the option]
    multi              indices of the options
    order              indices into `question.entries`, in the order given
    match              for each left side in turn, the right side's text ("" for none)
    cloze              the text of each gap
    spot               line numbers, from 1
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tutor.schedule.memory import Rating
from tutor.study.gaps import fits

if TYPE_CHECKING:
    from tutor.content.models.question import (
        ClozeQuestion,
        MatchQuestion,
        MultiQuestion,
        OpenQuestion,
        OrderQuestion,
        PredictQuestion,
        Question,
        SingleQuestion,
        SpotQuestion,
    )

Given = str | list[int] | list[str]

CONFIDENCE = {1: (30, "a guess"), 2: (50, "unsure"), 3: (70, "likely"), 4: (90, "confident"), 5: (99, "certain")}
"""Keys for the bet before the reveal: percent, and the word for it."""

GOOD_SHARE = 0.8
HARD_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """One gradable part of an answer: `chosen` and `right` tell what was given and what fits; `why` explains."""

    label: str
    chosen: bool
    right: bool
    why: str
    expected: str = ""

    @property
    def ok(self) -> bool:
        """True when what was given is what fits."""
        return self.chosen == self.right


@dataclass(frozen=True, slots=True)
class Grade:
    """How right an answer is: `score` from 0 to 1, `correct` when nothing is missing."""

    score: float
    correct: bool
    parts: tuple[Part, ...]


def grade(question: Question, given: Given) -> Grade:
    """Grade an answer to any kind but `open`.

    Raises: ValueError for an open question, and for an answer that does not fit the question.
    """
    grader = _GRADERS.get(question.kind)
    if grader is None:
        raise ValueError("an open answer is graded point by point by the learner")
    wanted: type = str if question.kind in ("match", "cloze") else int
    if not isinstance(given, list) or any(type(part) is not wanted for part in given):
        raise ValueError(f"{question.id} ({question.kind}) does not take {str(given)[:80]!r}")
    return grader(question, given)


def grade_unknown(question: Question) -> Grade:
    """Grade "I do not know": nothing was chosen, so every part that is wanted is missing."""
    if question.kind == "open":
        return grade_points(question, ())
    if question.kind == "order":
        places = enumerate(question.entries, 1)
        return Grade(0.0, False, tuple(Part(entry, False, True, "", f"{place}") for place, entry in places))
    empty: dict[str, Given] = {}
    if question.kind == "match":
        empty["match"] = [""] * len(question.pairs)
    elif question.kind == "cloze":
        empty["cloze"] = [""] * len(question.blanks)
    return grade(question, empty.get(question.kind, []))


def grade_points(question: OpenQuestion, met: Sequence[str]) -> Grade:
    """Grade an open answer from the ids of the key points that the learner says it made."""
    parts = tuple(Part(point.text, point.id in met, True, "") for point in question.key_points)
    total = sum(point.weight for point in question.key_points)
    score = sum(point.weight for point in question.key_points if point.id in met) / total
    return Grade(score, score >= GOOD_SHARE, parts)


def suggest(kind: str, grade: Grade, confidence: int, seconds: float, reading: float) -> Rating:
    """The rating that fits a grade: a miss is Again, a hesitant or unsure success Hard, a swift sure one Easy.

    `confidence` is in percent, `seconds` is how long the answer took, `reading` how long reading takes.
    """
    if kind == "open":
        return _suggest_open(grade.score, confidence)
    if not grade.correct:
        return Rating.AGAIN
    if confidence <= CONFIDENCE[2][0] or seconds > 6 * reading + 30:
        return Rating.HARD
    if confidence >= CONFIDENCE[5][0] and seconds <= reading + 8:
        return Rating.EASY
    return Rating.GOOD


def _suggest_open(score: float, confidence: int) -> Rating:
    if score < HARD_SHARE:
        return Rating.AGAIN
    if score < GOOD_SHARE:
        return Rating.HARD
    return Rating.EASY if score >= 1 and confidence >= CONFIDENCE[5][0] else Rating.GOOD


def _single(question: SingleQuestion | PredictQuestion, given: list[int]) -> Grade:
    if len(given) > 1:
        raise ValueError(f"{question.id} takes one option; got {given}")
    parts = _option_parts(question, given)
    correct = all(part.ok for part in parts)
    return Grade(float(correct), correct, parts)


def _multi(question: MultiQuestion, given: list[int]) -> Grade:
    """Right choices minus wrong ones, over all right ones, never under 0."""
    parts = _option_parts(question, given)
    right = sum(part.chosen and part.right for part in parts)
    wrong = sum(part.chosen and not part.right for part in parts)
    score = max(0.0, (right - wrong) / sum(part.right for part in parts))
    return Grade(score, all(part.ok for part in parts), parts)


def _option_parts(question: SingleQuestion | MultiQuestion | PredictQuestion, given: list[int]) -> tuple[Part, ...]:
    if any(not 0 <= index < len(question.options) for index in given):
        raise ValueError(f"{question.id} has {len(question.options)} options; got {given}")
    return tuple(
        Part(option.text, index in given, option.correct, option.why) for index, option in enumerate(question.options)
    )


def _order(question: OrderQuestion, given: list[int]) -> Grade:
    """The share of neighbors that stand in a right order; entries of one rank may stand in any order."""
    entries = question.entries
    if sorted(given) != list(range(len(entries))):
        raise ValueError(f"{question.id} has {len(entries)} entries; got {given}")
    rank: dict[str, int] = {}
    for position, group in enumerate(question.sequence):
        for entry in (group,) if isinstance(group, str) else group:
            rank[entry] = position
    placed = [entries[index] for index in given]
    wanted = sorted(rank.values())
    parts = tuple(
        Part(entry, True, rank[entry] == wanted[position], "", expected=f"{wanted.index(rank[entry]) + 1}")
        for position, entry in enumerate(placed)
    )
    neighbors = sum(rank[one] <= rank[two] for one, two in pairwise(placed))
    correct = all(part.ok for part in parts)
    return Grade(1.0 if correct else 0.9 * neighbors / (len(placed) - 1), correct, parts)


def _match(question: MatchQuestion, given: list[str]) -> Grade:
    if len(given) != len(question.pairs):
        raise ValueError(f"{question.id} has {len(question.pairs)} pairs; got {len(given)}")
    sides = {"", *question.decoys, *(pair.right for pair in question.pairs)}
    if strange := set(given) - sides:
        raise ValueError(f"{question.id} has no right side {min(strange)!r}")
    parts = tuple(
        Part(f"{pair.left} — {right or '?'}", True, right == pair.right, pair.why or "", expected=pair.right)
        for pair, right in zip(question.pairs, given, strict=True)
    )
    return _share(parts)


def _cloze(question: ClozeQuestion, given: list[str]) -> Grade:
    if len(given) != len(question.blanks):
        raise ValueError(f"{question.id} has {len(question.blanks)} gaps; got {len(given)}")
    parts = []
    for blank, text in zip(question.blanks, given, strict=True):
        fit = fits(blank, text)
        parts.append(Part(text or "(empty)", True, fit.ok, fit.why, expected=_expected(blank.accept[0], blank.unit)))
    return _share(tuple(parts))


def _expected(text: str, unit: str | None) -> str:
    return f"{text} {unit}" if unit else text


def _spot(question: SpotQuestion, given: list[int]) -> Grade:
    lines = question.code.text.splitlines()
    faults = {fault.line: fault for fault in question.faults}
    if any(not 1 <= number <= len(lines) for number in given):
        raise ValueError(f"{question.id} has lines 1 to {len(lines)}; got {given}")
    chosen = set(given)
    named = sorted({*faults, *chosen})
    parts = tuple(
        Part(
            f"line {number}: {lines[number - 1].strip()}",
            number in chosen,
            number in faults,
            f"{faults[number].why} Instead: {faults[number].fix}" if number in faults else "This line is fine.",
        )
        for number in named
    )
    hits = sum(number in faults for number in chosen)
    score = max(0.0, (hits - (len(chosen) - hits)) / len(faults))
    return Grade(score, all(part.ok for part in parts), parts)


def _share(parts: tuple[Part, ...]) -> Grade:
    score = sum(part.ok for part in parts) / len(parts)
    return Grade(score, score == 1, parts)


_GRADERS: dict[str, Callable[[Any, Any], Grade]] = {
    "single": _single,
    "predict": _single,
    "multi": _multi,
    "order": _order,
    "match": _match,
    "cloze": _cloze,
    "spot": _spot,
}
