"""Compares what the learner has found out. Refuses to guess: who has given no answer has not passed.
Refuses to tell the answer as well: a failure repeats the question.

    kind: input
    prompt: Which service answers last in the slowest trace?
    expect: {answer: payments}

The answer is given with `tutor lab find <check> "..."`. `answer` is compared without regard to case, space and a full
stop at the end; `text` is what was typed; `number` is there when it is one.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from tutor.labs.check import Check, Observation
from tutor.labs.reach import Reach
from tutor.labs.verdict import Mismatch
from tutor.shapes import Line


class InputCheck(Check):
    """One finding."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "given": "whether there is an answer",
        "answer": "the answer in lower case, with single spaces",
        "text": "the answer as it was typed",
        "number": "the answer as a number, nothing when it is none",
    }
    OUTSIDE: ClassVar[bool] = False

    kind: Literal["input"]
    prompt: Line

    def told(self, mismatches: list[Mismatch]) -> list[Mismatch]:
        """The question, and what was answered: what is expected would be the answer."""
        expected = f'what answers "{self.prompt}"'
        return [Mismatch("answer", expected, "nothing" if one.path == "given" else one.actual) for one in mismatches]

    async def look(self, reach: Reach) -> Observation:
        """Take what was given so far."""
        command = f'tutor lab find {self.id} "your answer"'
        given = reach.variables.get(f"input.{self.id}")
        if given is None or not str(given).strip():
            return Observation({"given": False, "answer": None, "text": None, "number": None}, command=command)
        text = str(given)
        values: dict[str, Any] = {"given": True, "answer": normalised(text), "text": text, "number": _number(text)}
        return Observation(values, command=command, shown=text)


def normalised(text: str) -> str:
    """The same words however they were typed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).removesuffix(".").strip()


def _number(text: str) -> int | float | None:
    try:
        number = float(normalised(text).replace(",", ""))
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
