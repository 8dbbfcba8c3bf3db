"""Rules on the bank as a whole: nothing can be guessed from form, and no part is thin. Refuses to judge small banks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tutor.content.models.question import KINDS, PredictQuestion, SingleQuestion
from tutor.content.placed import PackSource
from tutor.errors import Problem
from tutor.shapes import Level

MIN_CHOICES = 20
"""Below so many single and predict questions, chance explains any pattern."""
MAX_LONGEST = 0.35
MAX_POSITION = 0.40
LARGE_BANK = 60
MIN_PER_DAY = 8
LEVEL_SHARES = {Level.JUNIOR: (0.20, 0.40), Level.MID: (0.35, 0.55), Level.SENIOR: (0.15, 0.35)}

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")


def longest_is_right(source: PackSource) -> Iterator[Problem]:
    """A bank in which picking the longest option works too often."""
    choices = _choices(source)
    if len(choices) < MIN_CHOICES:
        return
    given_away = [question.id for question in choices if _right_is_longest(question)]
    if len(given_away) > MAX_LONGEST * len(choices):
        yield source.pack.problem(
            f"the right option is the longest in {len(given_away)} of {len(choices)} single and predict questions "
            f"(at most {MAX_LONGEST:.0%}); lengthen wrong options or shorten the right one in some of: "
            + ", ".join(given_away)
        )


def right_positions(source: PackSource) -> Iterator[Problem]:
    """A bank whose authors put the right option in the same place too often."""
    choices = _choices(source)
    if len(choices) < MIN_CHOICES:
        return
    for place, count in sorted(Counter(_right_place(question) for question in choices).items()):
        if count > MAX_POSITION * len(choices):
            yield source.pack.problem(
                f"the right option is the {_ORDINALS[place]} in {count} of {len(choices)} single and predict "
                f"questions (at most {MAX_POSITION:.0%}); move it in some of them"
            )


def thin_topics(source: PackSource) -> Iterator[Problem]:
    """Days with too few questions, in a bank that is large enough to be meant for study."""
    if len(source.questions) <= LARGE_BANK:
        return
    per_topic = Counter(placed.content.topic for placed in source.questions)
    for number, topic in enumerate(source.pack.content.topics):
        if topic.day is not None and per_topic[topic.id] < MIN_PER_DAY:
            yield source.pack.problem(
                f"topic `{topic.id}` has {per_topic[topic.id]} questions; write at least {MIN_PER_DAY}",
                *("topics", number, "id"),
            )


def kinds_and_levels(source: PackSource) -> Iterator[Problem]:
    """Kinds that a large bank never uses, and levels that it uses too much or too little."""
    total = len(source.questions)
    if total <= LARGE_BANK:
        return
    used = {placed.content.kind for placed in source.questions}
    for kind in KINDS:
        if kind not in used:
            yield source.pack.problem(f"no question is of kind `{kind}`; write one, so that every kind is practiced")
    levels = Counter(placed.content.level for placed in source.questions)
    for level, (least, most) in LEVEL_SHARES.items():
        share = levels[level] / total
        if not least <= share <= most:
            yield source.pack.problem(
                f"{levels[level]} of {total} questions ({share:.0%}) are of level `{level.value}`; "
                f"make it {least:.0%} to {most:.0%}"
            )


def _choices(source: PackSource) -> list[SingleQuestion | PredictQuestion]:
    every = (placed.content for placed in source.questions)
    return [question for question in every if isinstance(question, SingleQuestion | PredictQuestion)]


def _right_place(question: SingleQuestion | PredictQuestion) -> int:
    return [option.correct for option in question.options].index(True)


def _right_is_longest(question: SingleQuestion | PredictQuestion) -> bool:
    wrong = max(len(option.text) for option in question.options if not option.correct)
    return len(question.options[_right_place(question)].text) > wrong
