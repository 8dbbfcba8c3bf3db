"""What a program can say about the quality of a pack. Refuses to raise for content: every finding is a value.

Each module holds rules of one kind; a rule takes the whole pack and yields problems, each with what to write instead.
"""

from __future__ import annotations

from pathlib import Path

from tutor.errors import ContentError, Problem


def lint(folder: Path) -> list[Problem]:
    """Everything that is wrong with the pack in `folder`, sorted by file and line; empty when it is clean.

    A pack that does not load gives the loader's problems, beside those of stray files.
    """
    from tutor.content.lint.strays import strays
    from tutor.content.source import read_pack

    problems = list(strays(folder))
    try:
        source = read_pack(folder)
    except ContentError as error:
        return sorted({*problems, *error.problems})
    from tutor.content.lint.rules import RULES

    for rule in RULES:
        problems.extend(rule(source))
    return sorted(set(problems))
