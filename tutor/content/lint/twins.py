"""The rule against asking the same thing twice. Refuses to compare every pair: banks may hold thousands of questions.

Two stems are twins when their three-word shingles are more than 80 % alike (Jaccard). Sets that alike must share one
of their few rarest shingles, so only questions found in an index of those are compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import ceil

from tutor.content.models.question import ClozeQuestion, MatchQuestion, OrderQuestion, Question
from tutor.content.placed import PackSource, Placed
from tutor.errors import Problem
from tutor.phrases import words_of

ALIKE = 0.8
_SIZE = 3

Shingles = frozenset[tuple[str, ...]]


def twins(source: PackSource) -> Iterator[Problem]:
    """Each question that repeats an earlier one. A twin is compared no further, so rewrite and lint again."""
    stems = [(placed, shingles(stem(placed.content))) for placed in source.questions]
    rarity = Counter(shingle for _, found in stems for shingle in found)
    index: defaultdict[tuple[str, ...], list[tuple[Placed[Question], Shingles]]] = defaultdict(list)
    for placed, found in stems:
        rare = sorted(found, key=lambda shingle: (rarity[shingle], shingle))[: _prefix(len(found))]
        earlier = _twin(found, (entry for shingle in rare for entry in index[shingle]))
        if earlier:
            there = earlier.problem("")
            yield placed.problem(
                f"asks nearly the same as `{earlier.content.id}` ({there.file.name}:{there.line}); "
                "rewrite one, or remove it",
                "prompt",
            )
            continue
        for shingle in rare:
            index[shingle].append((placed, found))


def stem(question: Question) -> str:
    """What a learner reads before answering, apart from options."""
    parts = [question.prompt, question.code.text if question.code else ""]
    if isinstance(question, ClozeQuestion):
        parts.append(question.text)
    if isinstance(question, OrderQuestion):
        parts.extend(question.entries)
    if isinstance(question, MatchQuestion):
        parts.extend(pair.left for pair in question.pairs)
    return "\n".join(parts)


def shingles(text: str) -> Shingles:
    """The set of three-word runs of `text`; of a shorter text, its words as one run."""
    words = words_of(text)
    if len(words) < _SIZE:
        return frozenset([tuple(words)])
    return frozenset(tuple(words[start : start + _SIZE]) for start in range(len(words) - _SIZE + 1))


def _prefix(size: int) -> int:
    """How many of the rarest shingles two twins must look at to be sure to meet."""
    return size - ceil(ALIKE * size) + 1


def _twin(found: Shingles, candidates: Iterator[tuple[Placed[Question], Shingles]]) -> Placed[Question] | None:
    seen: set[int] = set()
    for placed, other in candidates:
        if id(other) in seen:
            continue
        seen.add(id(other))
        if min(len(found), len(other)) < ALIKE * max(len(found), len(other)):
            continue
        shared = len(found & other)
        if shared > ALIKE * (len(found) + len(other) - shared):
            return placed
    return None
