"""Rules on the wording of one question: nothing in its form may give the answer away. Refuses to know the bank."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tutor.content.lint.walk import CHOICES
from tutor.content.models.question import ClozeQuestion, MatchQuestion, OrderQuestion, Question
from tutor.content.placed import PackSource, Placed
from tutor.errors import Problem
from tutor.phrases import words_of

FACTOR = 1.6
SLACK = 13
"""Lengths that differ by fewer characters than this tell a reader nothing."""

_CATCH_ALL = re.compile(
    r"\b(?:all|any|none|both|neither|each|two|some)\s+of\s+the\s+(?:above|below|others?|options|answers)\b"
    r"|\b(?:all|none|both)\s+(?:above|of these)\s*\.?$",
    re.IGNORECASE,
)
_NAMES_OPTION = re.compile(
    r"\b(?:options?|choices?)\s+(?:(?-i:[A-H])|[1-8]|one|two|three|four)\b"
    r"|\banswers?\s+(?-i:[A-H])\b"
    r"|\b(?:first|second|third|fourth|fifth|last|next|previous|former|latter|other)\s+options?\b"
    r"|\b(?:options?|choices?|answers?)\s+(?:above|below)\b",
    re.IGNORECASE,
)


def option_shapes(source: PackSource) -> Iterator[Problem]:
    """Options that differ too much in length, and catch-all options."""
    for placed in source.questions:
        question = placed.content
        if not isinstance(question, CHOICES):
            continue
        lengths = sorted(len(option.text) for option in question.options)
        if lengths[-1] > FACTOR * lengths[0] and lengths[-1] - lengths[0] >= SLACK:
            yield placed.problem(
                f"options run from {lengths[0]} to {lengths[-1]} characters; bring them within a factor of {FACTOR}, "
                "because length gives answers away",
                "options",
            )
        for number, option in enumerate(question.options):
            if _CATCH_ALL.search(option.text):
                yield placed.problem(
                    "an option sums up other options; write a misconception of its own instead",
                    *("options", number, "text"),
                )


def option_names(source: PackSource) -> Iterator[Problem]:
    """Explanations that name an option by letter or position."""
    for placed in source.questions:
        for within, text in _explanations(placed.content):
            if named := _NAMES_OPTION.search(text):
                yield placed.problem(
                    f"`why` says {named[0]!r}, but options are shuffled; name the option by what it claims", *within
                )


def _explanations(question: Question) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(question, (*CHOICES, OrderQuestion, MatchQuestion)):
        yield ("why",), question.why
    if isinstance(question, CHOICES):
        for number, option in enumerate(question.options):
            yield ("options", number, "why"), option.why


def answers_in_view(source: PackSource) -> Iterator[Problem]:
    """Gaps whose answer can be read off the question itself. A number with a tolerance is worked out, not read,
    and an answer that stands there beside a listed near miss is a choice between the two.
    """
    for placed in source.questions:
        if isinstance(placed.content, ClozeQuestion):
            yield from _blanks_in_view(placed, placed.content)


def _blanks_in_view(placed: Placed[Question], question: ClozeQuestion) -> Iterator[Problem]:
    shown = f"{question.prompt}\n{re.sub(r'{{[0-9]+}}', ' ______ ', question.text)}"
    words = words_of(shown)
    for number, blank in enumerate(question.blanks):
        shown_as_choice = any(_stands_in(words_of(miss.text), words) for miss in blank.reject)
        if blank.tolerance is not None or shown_as_choice:
            continue
        for accepted in blank.accept:
            if _stands_in(words_of(accepted), words):
                yield placed.problem(
                    f"the answer {accepted!r} can be read in the question itself; reword the prompt or the text, "
                    "or list in `reject` what else there it could be taken for",
                    *("blanks", number),
                )
                break


def _stands_in(wanted: list[str], words: list[str]) -> bool:
    """True when `wanted` is a run of words inside `words`."""
    if not wanted:
        return False
    return any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))
