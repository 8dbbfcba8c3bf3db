"""Suggests what a candidate's own words seem to show: questions asked, red flags raised. Refuses to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.phrases import reveal, telling_words, words_of

if TYPE_CHECKING:
    from tutor.content.models.scenario import Scenario
    from tutor.interview.run import Run

SHARED_WORDS = 2
"""Telling words that a typed question and a scripted one must have in common."""


def suggest_clarifications(scenario: Scenario, text: str) -> list[int]:
    """Numbers, from 0, of the script's clarifications that share telling words with what was typed."""
    typed = telling_words(text)
    return [
        number
        for number, clarification in enumerate(scenario.clarifications)
        if len(telling_words(clarification.ask) & typed) >= SHARED_WORDS
    ]


def suggest_flags(run: Run) -> dict[str, str]:
    """Ids of red flags whose phrases occur in what was said, with those words; "we never do X" does not raise X."""
    texts = [text for answer in run.answers.values() for text in (answer.text, *answer.replies)]
    said = [words_of(text) for text in texts]
    found = {}
    for flag in run.scenario.red_flags:
        if evidence := next(filter(None, (reveal(flag.phrases, words) for words in said)), ""):
            found[flag.id] = evidence
    return found
