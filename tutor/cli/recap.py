"""`tutor recap`: what a day taught, section by section, and a search over all of it. Refuses to quiz."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tutor import paths
from tutor.cli import complete, prose, start
from tutor.cli.render import heading, say, say_json, table, tell
from tutor.errors import Exit, UsageError

if TYPE_CHECKING:
    from tutor.content.index import TopicEntry
    from tutor.content.library import Library
    from tutor.content.models.recap import RecapFile, Section


def recap(
    ctx: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(metavar="[DAY|TOPIC]", help="A day such as 43.", autocompletion=complete.days_and_topics),
    ] = None,
    section: Annotated[str | None, typer.Option(metavar="ID", help="Only the section of this id.")] = None,
    search: Annotated[str | None, typer.Option(metavar="WORDS", help="Only sections with all these words.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines; never open the app or a pager.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read what a day taught: what it is, why it exists, when it hurts, what is asked next."""
    if topic is None and section is None and search is None and not json and start.wants_app(plain):
        start.open_app(ctx, "recap")
        return
    library = start.library(ctx)
    topics = [_named(library, topic)] if topic else [entry for entry in library.index.topics if entry.recap]
    if topic is None and section is None and search is None:
        _list(topics, json)
        return
    recaps = [_narrowed(library.recap(entry.id), section, search) for entry in topics]
    found = [one for one in recaps if one.sections]
    if section and not found:
        raise UsageError(f"There is no section `{section}` here.", _section_hint(library, topics, section))
    if json:
        say_json([one.model_dump(mode="json") for one in found])
    elif found:
        whole = topic is not None and section is None and search is None
        titles = {entry.id: entry.title for entry in library.index.topics}
        _page("\n\n".join(_told(one, titles[one.topic], whole) for one in found), plain)
    if not found:
        tell("No section holds all of these words.")
        raise typer.Exit(Exit.NO)


def _named(library: Library, name: str) -> TopicEntry:
    for entry in library.index.topics:
        if name in (entry.id, str(entry.day)) and entry.recap:
            return entry
    there = ", ".join(str(entry.day or entry.id) for entry in library.index.topics if entry.recap)
    raise UsageError(f"There is no recap of `{name}` in this pack.", f"It has: {there}" if there else "It has none.")


def _list(topics: list[TopicEntry], json: bool) -> None:
    if json:
        say_json([entry._asdict() for entry in topics])
        return
    say(table(("DAY", "TITLE", "ABOUT"), [(str(entry.day or entry.id), entry.title, entry.blurb) for entry in topics]))
    if topics:
        say(f"\nRead one with: tutor recap {topics[0].day or topics[0].id}")


def _narrowed(recap: RecapFile, section: str | None, search: str | None) -> RecapFile:
    from tutor.content.search import search as sections_with

    kept = [one for one in recap.sections if section in (None, one.id)]
    if search and search.strip():
        found = {hit.section for hit in sections_with([recap], search)}
        kept = [one for one in kept if one.id in found]
    return recap.model_copy(update={"sections": tuple(kept)})


def _section_hint(library: Library, topics: list[TopicEntry], section: str) -> str:
    from difflib import get_close_matches

    ids = [one.id for entry in topics for one in library.recap(entry.id).sections]
    close = get_close_matches(section, ids, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"There are: {', '.join(ids)}"


def _told(recap: RecapFile, title: str, whole: bool) -> str:
    parts = [heading(title)]
    if whole:
        parts += [prose.plain(recap.summary)]
        parts += [
            "Sections:\n" + "\n".join(prose.plain(f"- {one.title} (--section {one.id})") for one in recap.sections)
        ]
    return "\n\n".join([*parts, *map(_section, recap.sections)])


def _section(section: Section) -> str:
    parts = [
        f"{section.title}\n{'-' * len(section.title)}",
        prose.plain(f"Recall first: {section.recall}"),
        prose.plain(section.what),
        prose.plain(f"Why it exists: {section.why}"),
        prose.plain(f"When it hurts: {section.hurts}"),
    ]
    if section.diagram:
        from tutor.cli.diagram import draw

        parts.append(draw(section.diagram))
    if section.code:
        parts.append(prose.code(section.code.text))
    parts.append("Traps:\n" + "\n".join(prose.plain(f"- {trap}") for trap in section.traps))
    nexts = "\n".join(
        prose.plain(f"- {followup.ask}") + "\n" + prose.plain(f"Listen for: {followup.listen_for}", "  ")
        for followup in section.asked_next
    )
    parts.append(f"What an interviewer asks next:\n{nexts}")
    parts.append("\n".join(_links(section)))
    return "\n\n".join(parts)


def _links(section: Section) -> list[str]:
    asks = [f"Practice: tutor quiz --question {question}" for question in section.questions]
    there = paths.lab_ids()
    labs = [f"Lab: tutor lab start {lab}" if lab in there else f"Lab (coming): {lab}" for lab in section.labs]
    return [*asks, *labs, *(f"Source: {source.title}, {source.url}" for source in section.sources)]


def _page(text: str, plain: bool) -> None:
    """Print, through the learner's pager when a person reads it on a terminal."""
    from tutor.cli.render import shown

    if plain or not start.on_terminal():
        say(text)
        return
    import os
    import pydoc

    os.environ.setdefault("LESS", "FRX")  # one screenful is printed and done, as git does it
    pydoc.pager(shown(text))
