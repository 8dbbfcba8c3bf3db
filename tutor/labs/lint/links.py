"""Links to the rest of the pack lead somewhere. Refuses to know the pack: the ids are given."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tutor.errors import Problem
from tutor.labs.lint.subject import Subject


def dead_links(subject: Subject) -> Iterator[Problem]:
    """A topic, a checklist item or a question that the pack has not."""
    if subject.links is None:
        return
    lab, links = subject.lab, subject.links
    if lab.topic not in links.topics:
        yield subject.problem(_dead("topic", lab.topic, links.topics), "topic")
    for at, item in enumerate(lab.checklist):
        if item not in links.checklist:
            yield subject.problem(_dead("checklist item", item, links.checklist), "checklist", at)
    for at, question in enumerate(lab.debrief.questions):
        if question not in links.questions:
            yield subject.problem(_dead("question", question, links.questions), "debrief", "questions", at)


def _dead(what: str, id_: str, known: frozenset[str]) -> str:
    close = get_close_matches(id_, known, n=1)
    return f"there is no {what} `{id_}`; " + (f"did you mean `{close[0]}`?" if close else "remove it")
