"""Rules on what stands behind content and what leads to it: sources and links. Refuses to open any link."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tutor.content.lint.walk import At, sections
from tutor.content.placed import PackSource
from tutor.errors import Problem


def unsourced(source: PackSource) -> Iterator[Problem]:
    """Whatever cites articles and nothing else."""
    pieces = chain(
        ((At(placed), placed.content.sources) for placed in source.questions),
        ((At(placed), placed.content.sources) for placed in source.scenarios),
        ((at, section.sources) for at, section in sections(source)),
    )
    for at, sources in pieces:
        if not any(one.authoritative for one in sources):
            yield at.problem(
                "no source is authoritative; add one of kind rfc, standard, docs, paper or book, "
                "or remove the claim that has none",
                "sources",
            )


def loose_ends(source: PackSource) -> Iterator[Problem]:
    """Questions that nothing leads to, and sections that lead to no question."""
    linked = {id_ for item in source.checklist for id_ in item.content.questions}
    for at, section in sections(source):
        linked.update(section.questions)
        if not section.questions:
            yield at.problem(
                f"section `{section.id}` leads to no question; add `questions:` with the ids that test it", "id"
            )
    for placed in source.questions:
        if placed.content.id not in linked:
            yield placed.problem(
                f"nothing leads to question `{placed.content.id}`; add its id to `questions:` of a recap section "
                "or of a checklist item",
                "id",
            )
