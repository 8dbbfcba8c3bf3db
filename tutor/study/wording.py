"""What a question says, measured: how long it takes to read, whether it still says the same. Refuses to judge it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.content.models.question import Question

READING_WORDS_PER_SECOND = 3.5


def wording(question: Question) -> str:
    """A short mark of everything a question says; another wording has another mark."""
    return sha256(question.model_dump_json().encode()).hexdigest()[:12]


def reading_seconds(question: Question) -> float:
    """How long reading all that is shown takes, in seconds, at the pace of a text that is new."""
    parts = [question.prompt, question.code.text if question.code else "", getattr(question, "text", "")]
    parts += [option.text for option in getattr(question, "options", ())]
    parts += getattr(question, "entries", ())
    parts += [f"{pair.left} {pair.right}" for pair in getattr(question, "pairs", ())]
    return len(" ".join(parts).split()) / READING_WORDS_PER_SECOND
