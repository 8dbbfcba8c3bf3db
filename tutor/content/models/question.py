"""The eight kinds of question. Refuses answers and grades: those belong to `study`."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from tutor.content.models.base import Code, Followup, KeyPoint
from tutor.shapes import Level, Line, Slug, Source, Strict, Text, Whole, unique

M = TypeVar("M", bound="Strict")

MAX_RIGHT_SIDES = 12
"""What a `match` question may offer; each right side is chosen by its letter."""

MAX_SPOT_LINES = 60


class Option(Strict):
    """One choice. `why` says why it is right, or which misconception makes it wrong."""

    text: Text
    correct: bool = False
    why: Text


class Pair(Strict):
    """Two sides that belong together in a `match` question."""

    left: Line
    right: Line
    why: Text | None = None


class NearMiss(Strict):
    """An answer that looks right and means something else, with the reason."""

    text: Line
    why: Text


class Blank(Strict):
    """One gap of a `cloze` question, filled by any of `accept` (case and spacing are ignored).

    `reject` lists near misses that a fuzzy comparison would let through. With `tolerance` the first accepted
    entry is a number, and an answer within plus or minus that much (in `unit`) passes.
    """

    accept: Annotated[tuple[Line, ...], Field(min_length=1)]
    reject: tuple[NearMiss, ...] = ()
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    unit: Line | None = None

    @model_validator(mode="after")
    def _numbers_parse(self) -> Self:
        if self.tolerance is not None:
            try:
                finite = math.isfinite(float(self.accept[0].replace(",", "")))
            except ValueError:
                finite = False
            if not finite:
                raise ValueError(f"`tolerance` needs a number as first accepted answer, not {self.accept[0]!r}")
        return self


class FaultyLine(Strict):
    """One line to find in a `spot` question: counted from 1, why it is wrong and what to write instead."""

    line: Annotated[Whole, Field(ge=1)]
    why: Text
    fix: Text


class Unfolding(Strict):
    """How an effect unfolds in time: at once, a while later, and what an operator sees of it."""

    immediate: Text
    later: Text
    operator_sees: Text


class QuestionBase(Strict):
    """What every kind of question has. `id` never changes, so that edits keep the learner's history.

    `code` belongs to the question, `diagram` to the explanation: it is drawn after the answer, never before.
    """

    id: Slug
    topic: Slug
    level: Level
    prompt: Text
    why: Text
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    followups: tuple[Followup, ...] = ()
    interviewer_note: Text | None = None
    diagram: Text | None = None
    code: Code | None = None


class OpenQuestion(QuestionBase):
    """Free recall, graded by the learner point by point against the key points."""

    kind: Literal["open"]
    model_answer: Text
    key_points: Annotated[tuple[KeyPoint, ...], Field(min_length=3, max_length=9)]

    @model_validator(mode="after")
    def _point_ids_differ(self) -> Self:
        return unique(self, [point.id for point in self.key_points], "key point id")


class _Choice(QuestionBase):
    options: Annotated[tuple[Option, ...], Field(min_length=3, max_length=7)]
    keep_order: bool = False

    @model_validator(mode="after")
    def _options_differ(self) -> Self:
        return unique(self, [option.text.casefold() for option in self.options], "option")


class SingleQuestion(_Choice):
    """Exactly one option is right."""

    kind: Literal["single"]

    @model_validator(mode="after")
    def _one_is_right(self) -> Self:
        return _exactly_one_right(self, self.options)


class MultiQuestion(_Choice):
    """Any number of options is right, and the prompt does not say how many."""

    kind: Literal["multi"]

    @model_validator(mode="after")
    def _some_are_right(self) -> Self:
        right = sum(option.correct for option in self.options)
        if not 1 <= right < len(self.options):
            raise ValueError("mark at least one option `correct: true` and leave at least one wrong")
        return self


class PredictQuestion(_Choice):
    """What happens when...: one outcome is right; `unfolds` tells the story in time."""

    kind: Literal["predict"]
    unfolds: Unfolding

    @model_validator(mode="after")
    def _one_is_right(self) -> Self:
        return _exactly_one_right(self, self.options)


class OrderQuestion(QuestionBase):
    """Put in order. A nested list in `sequence` is a set of entries whose order among themselves is free."""

    kind: Literal["order"]
    sequence: Annotated[tuple[Line | Annotated[tuple[Line, ...], Field(min_length=2)], ...], Field(min_length=3)]

    @property
    def entries(self) -> tuple[str, ...]:
        """Every entry, in a right order."""
        return tuple(entry for rank in self.sequence for entry in ((rank,) if isinstance(rank, str) else rank))

    @model_validator(mode="after")
    def _entries_differ(self) -> Self:
        if len(self.entries) > 8:
            raise ValueError(f"`sequence` has {len(self.entries)} entries; keep it to 8")
        return unique(self, list(self.entries), "entry")


class MatchQuestion(QuestionBase):
    """Join each left side to its right side; `decoys` are right sides that belong to nothing."""

    kind: Literal["match"]
    pairs: Annotated[tuple[Pair, ...], Field(min_length=3, max_length=7)]
    decoys: tuple[Line, ...] = ()

    @model_validator(mode="after")
    def _sides_differ(self) -> Self:
        if (sides := len(self.pairs) + len(self.decoys)) > MAX_RIGHT_SIDES:
            raise ValueError(f"`pairs` and `decoys` have {sides} right sides; keep it to {MAX_RIGHT_SIDES}")
        unique(self, [pair.left for pair in self.pairs], "left side")
        return unique(self, [*(pair.right for pair in self.pairs), *self.decoys], "right side")


class ClozeQuestion(QuestionBase):
    """Fill the gaps: `text` holds `{{1}}`, `{{2}}`... in order, `blanks` says what fits."""

    kind: Literal["cloze"]
    text: Text
    blanks: Annotated[tuple[Blank, ...], Field(min_length=1, max_length=5)]

    @model_validator(mode="after")
    def _gaps_are_numbered(self) -> Self:
        found = [int(number) for number in re.findall(r"\{\{(\d+)\}\}", self.text)]
        if sorted(found) != list(range(1, len(self.blanks) + 1)):
            wanted = ", ".join(f"{{{{{number}}}}}" for number in range(1, len(self.blanks) + 1))
            raise ValueError(f"`text` must hold each of {wanted} exactly once, one for each entry of `blanks`")
        return self


class SpotQuestion(QuestionBase):
    """Find the faulty line or lines in `code`; `fixed` is the code as it should be."""

    kind: Literal["spot"]
    code: Code
    faults: Annotated[tuple[FaultyLine, ...], Field(min_length=1, max_length=5)]
    fixed: Code

    @model_validator(mode="after")
    def _lines_exist(self) -> Self:
        last = len(self.code.text.splitlines())
        if last > MAX_SPOT_LINES:
            raise ValueError(f"`code` has {last} lines; keep it to {MAX_SPOT_LINES}")
        for fault in self.faults:
            if fault.line > last:
                raise ValueError(f"fault on line {fault.line}, but the code has {last} lines")
        return unique(self, [str(fault.line) for fault in self.faults], "faulty line")


Question = Annotated[
    OpenQuestion
    | SingleQuestion
    | MultiQuestion
    | OrderQuestion
    | MatchQuestion
    | ClozeQuestion
    | SpotQuestion
    | PredictQuestion,
    Field(discriminator="kind"),
]


class QuestionBody(Strict):
    """One question on its own, of whichever kind."""

    question: Question


KINDS = ("open", "single", "multi", "order", "match", "cloze", "spot", "predict")


class QuestionFile(Strict):
    """One file below `questions/`."""

    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


def _exactly_one_right(model: M, options: tuple[Option, ...]) -> M:
    right = sum(option.correct for option in options)
    if right != 1:
        raise ValueError(f"mark exactly one option `correct: true` (found {right})")
    return model
