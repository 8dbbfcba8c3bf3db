"""Finds a phrase in somebody's own words, spelling slips allowed. Refuses to let a slip or a negation turn a meaning.

Spelling distance cannot tell `asynchronous` from `synchronous` (96 of 100 alike), so words that differ by a prefix
such as `a-` or `un-` are never alike, and a phrase right after a `not` does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

TELLING_LENGTH = 5
SIMILARITY = 90
_MIN_FUZZY_LENGTH = 6
_NOT = frozenset(("not", "no", "never", "without", "cannot", "nor", "non"))
_TURNING = ("a", "un", "in", "im", "non", "de", "en", "dis", "mis", "anti", "ir", "pre", "post", "inter", "intra")
_WORD = re.compile(r"[a-z0-9']+(?:[/.][a-z0-9']+)*")


def words_of(text: str) -> list[str]:
    """The words of `text` in order, case folded, punctuation dropped; a hyphen separates, as a space does."""
    return _WORD.findall(text.casefold().replace("\u2019", "'"))


def reveal(phrases: Iterable[str], words: Sequence[str]) -> str:
    """The part of `words` in which the first phrase that occurs was found, or an empty text."""
    for phrase in phrases:
        wanted = words_of(phrase)
        if wanted and (place := _find(wanted, words)) is not None:
            return " ".join(words[place : place + len(wanted)])
    return ""


def opposed(one: str, two: str) -> bool:
    """True when two words differ by a prefix that turns the meaning: `synchronous` and `asynchronous`, or `encrypt`
    and `decrypt`.
    """
    return one != two and not _without_prefix(one).isdisjoint(_without_prefix(two))


def _without_prefix(word: str) -> set[str]:
    return {word, *(word.removeprefix(prefix).removeprefix("-") for prefix in _TURNING if word.startswith(prefix))}


def _negates(word: str) -> bool:
    return word in _NOT or word.endswith("n't")


def _find(wanted: Sequence[str], words: Sequence[str]) -> int | None:
    """Where `wanted` stands in `words`, each word alike enough, and not right after a negation."""
    negated_phrase = _negates(wanted[0])
    for start in range(len(words) - len(wanted) + 1):
        if all(_alike(one, two) for one, two in zip(wanted, words[start : start + len(wanted)], strict=True)):
            before = words[max(0, start - 2) : start]
            if negated_phrase or not any(map(_negates, before)):
                return start
    return None


def _alike(wanted: str, said: str) -> bool:
    if wanted == said or said.rstrip("s") == wanted.rstrip("s"):
        return True
    if min(len(wanted), len(said)) < _MIN_FUZZY_LENGTH or abs(len(wanted) - len(said)) > 3 or opposed(wanted, said):
        return False
    from rapidfuzz import fuzz

    return fuzz.ratio(wanted, said) >= SIMILARITY


def telling_words(text: str) -> set[str]:
    """The longer words of a text, without a plural s: what it is about, roughly."""
    return {word.rstrip("s") for word in words_of(text) if len(word) >= TELLING_LENGTH}
