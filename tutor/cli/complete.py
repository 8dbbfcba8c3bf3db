"""What the shell may complete: days, topics, ids. Refuses to fail: where the pack cannot be read, it offers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tutor.cli.start import library
from tutor.errors import TutorError

if TYPE_CHECKING:
    from tutor.content.index import Index


def days(ctx: typer.Context, incomplete: str) -> list[str]:
    """Days of the pack."""
    return _fitting([str(topic.day) for topic in _index(ctx).topics if topic.day], incomplete)


def topics(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of topics."""
    return _fitting([topic.id for topic in _index(ctx).topics], incomplete)


def days_and_topics(ctx: typer.Context, incomplete: str) -> list[str]:
    """Both."""
    return [*days(ctx, incomplete), *topics(ctx, incomplete)]


def questions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of questions."""
    return _fitting([entry.id for entry in _index(ctx).entries], incomplete)


def scenarios(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of scenarios."""
    return _fitting([scenario.id for scenario in _index(ctx).scenarios], incomplete)


def tips(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of tips."""
    return _fitting(list(_index(ctx).tips), incomplete)


def labs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of labs that ship."""
    from tutor import paths

    return _fitting(sorted(paths.lab_ids()), incomplete)


def _index(ctx: typer.Context) -> Index:
    from tutor.content.index import Index

    try:
        return library(ctx).index
    except TutorError:
        return Index("", "", "", (), (), (), (), (), ())


def _fitting(words: list[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
