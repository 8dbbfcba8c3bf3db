"""What a check demands by name, the task names. Refuses hidden requirements: right work must not fail for a word that
the learner was never told.

Looked at are the names that somebody has to choose or to find: of queues, exchanges, keys, streams, groups, alerts,
rules, files, services in Consul, and whatever looks like a name in `expect`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tutor.errors import Problem
from tutor.labs.check import Check
from tutor.labs.definition import Step
from tutor.labs.lint.subject import Subject, texts, written

_NAMING = ("queue", "exchange", "alert", "rule", "group", "stream")
"""Keys whose value is a name in every kind; others are names in one kind only."""

_NAMING_IN = {"queue": ("name",), "redis": ("key",), "file": ("path",), "consul": ("service", "key")}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._:/-][A-Za-z0-9#*]+)+")
"""Several words in one: `notifications.retry`, `x-dead-letter-exchange`, `order_created`."""


def hidden_requirements(subject: Subject) -> Iterator[Problem]:
    """A name that a check asks for and that stands nowhere in what the learner is told."""
    told = _told(subject)
    for at, step in enumerate(subject.lab.steps):
        told += f"\n{step.title}\n{step.task}"
        for number, check in enumerate(step.checks):
            if check.guard or check.kind == "input":  # what is asked for is to be found out
                continue
            for name in sorted(_names(check)):
                if not _occurs(name, told + _about(step)):
                    yield subject.problem(
                        f"check `{check.id}` demands `{name}`, which the task does not name; say it there", "steps", at,
                        "checks", number,
                    )  # fmt: skip


def _told(subject: Subject) -> str:
    briefing = subject.lab.briefing
    return "\n".join([briefing.story, briefing.impact, *(message.text for message in briefing.messages)])


def _about(step: Step) -> str:
    """What is shown with the checks of the step."""
    return "".join(f"\n{check.title}\n{check.why}" for check in step.checks)


def _names(check: Check) -> set[str]:
    data = written(check)
    keys = (*_NAMING, *_NAMING_IN.get(check.kind, ()))
    found = {text for key in keys for text in texts(data.get(key))}
    found |= {text for text in _equal(data["expect"]) if _NAME.fullmatch(text)}
    return {name for name in found if name and "${" not in name}


def _equal(expectation: Any, matcher: str = "") -> Iterator[str]:
    """Texts that something must be equal to, or hold; patterns and prefixes leave the learner a choice."""
    if isinstance(expectation, str):
        if matcher not in ("matches", "starts_with", "ends_with", "type"):
            yield expectation
    elif isinstance(expectation, dict):
        for key, inner in expectation.items():
            if key not in ("not", "ne"):
                yield from _equal(inner, str(key))
    elif isinstance(expectation, list) and matcher not in ("in", "any"):
        for inner in expectation:
            yield from _equal(inner, matcher)


def _occurs(name: str, text: str) -> bool:
    """Whether the name stands in the text by itself, and not as a piece of a longer one."""
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text) is not None
