"""Rules on key points: each must be found in a good answer, and not in the question. Refuses to grade."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.content.lint.walk import asked
from tutor.content.placed import PackSource
from tutor.errors import Problem
from tutor.phrases import reveal, words_of


def hidden_points(source: PackSource) -> Iterator[Problem]:
    """Key points that no phrase reveals even in the answer that is shown as the good one."""
    for one in asked(source):
        words = words_of(one.answer)
        for number, point in enumerate(one.points):
            if not reveal(point.phrases, words):
                yield one.at.problem(
                    f"no phrase reveals key point `{point.id}` in `{one.answer_key}`; add the words that make the "
                    "point there, or make the point",
                    *("key_points", number, "phrases"),
                )


def phrases_given_away(source: PackSource) -> Iterator[Problem]:
    """Phrases that the question itself uses, or that hold no word: they reveal nothing."""
    for one in asked(source):
        prompt = words_of(one.prompt)
        for number, point in enumerate(one.points):
            for position, phrase in enumerate(point.phrases):
                here = ("key_points", number, "phrases", position)
                if not words_of(phrase):
                    yield one.at.problem(f"phrase {phrase!r} holds no word; write what a learner would type", *here)
                elif reveal([phrase], prompt):
                    yield one.at.problem(
                        f"phrase {phrase!r} stands in the question, so it reveals nothing; use words of the answer",
                        *here,
                    )
