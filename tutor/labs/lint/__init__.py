"""What a program can say about the quality of a lab without running it. Refuses to raise for content: every finding is
a value. Whether the checks are right, the proof says.

Each module holds rules of one kind; a rule takes the whole lab and yields problems, each with what to write instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import ContentError, Problem

if TYPE_CHECKING:
    from tutor.labs.library import Found
    from tutor.labs.lint.given import Links


def lint(found: Found, system: Path, links: Links | None = None) -> list[Problem]:
    """Everything that is wrong with a lab, sorted by file and line; empty when it is clean. Without `links` those are
    not looked at.
    """
    from tutor.labs.lint.rules import RULES
    from tutor.labs.lint.subject import Subject

    problems: set[Problem] = set()
    subject = Subject.of(found, system, links)
    for rule in RULES:
        try:
            problems.update(rule(subject))
        except ContentError as error:  # a folder that cannot be read says so once, and the other rules go on
            problems.update(error.problems)
    return sorted(problems)
