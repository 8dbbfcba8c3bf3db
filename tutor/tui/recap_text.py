"""The recap as text: sections as Markdown, and a search over all of them. Refuses widgets, so that it is easily tested.

A section counts as found when every word of the query occurs in it; words in the title weigh most.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tutor.content.models.base import Code
    from tutor.content.models.recap import RecapFile, Section

SNIPPET = 70


class Hit(NamedTuple):
    """A section that was found, with the words around the first match."""

    topic: str
    section: str
    title: str
    snippet: str


def explanation(section: Section) -> str:
    """What, why and when it hurts, as Markdown."""
    parts = (("What it is", section.what), ("Why it exists", section.why), ("When it hurts", section.hurts))
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in parts)


def fenced(code: Code) -> str:
    """A snippet as a Markdown fence that its own text cannot close."""
    fence = "```"
    while fence in code.text:
        fence += "`"
    return f"{fence}{code.language}\n{code.text.rstrip()}\n{fence}"


def traps(section: Section) -> str:
    """The traps as a Markdown list."""
    lines = "\n".join(f"- {trap}" for trap in section.traps)
    return f"### Traps\n\n{lines}"


def sources(section: Section) -> str:
    """Where to check it, as a Markdown list."""
    lines = "\n".join(f"- [{source.title}]({source.url})" for source in section.sources)
    return f"### Sources\n\n{lines}"


def section_markdown(section: Section) -> str:
    """A whole section as Markdown, for the clipboard."""
    parts = [f"## {section.title}", f"> {section.recall}", explanation(section)]
    if section.diagram:
        parts.append(f"```mermaid\n{section.diagram.rstrip()}\n```")
    if section.code:
        parts.append(fenced(section.code))
    parts.append(traps(section))
    asked = "\n".join(f"- **{next_.ask}** {next_.listen_for}" for next_ in section.asked_next)
    parts += [f"### Asked next\n\n{asked}", sources(section)]
    return "\n\n".join(parts) + "\n"


def search(recaps: Iterable[RecapFile], query: str) -> list[Hit]:
    """Sections that contain every word of `query`, best first."""
    words = query.casefold().split()
    if not words:
        return []
    scored = []
    for recap in recaps:
        for section in recap.sections:
            body = " ".join(_prose(section).split())
            folded = f"{section.title} {body}".casefold()
            if all(word in folded for word in words):
                score = sum(10 * (word in section.title.casefold()) + folded.count(word) for word in words)
                scored.append((-score, Hit(recap.topic, section.id, section.title, _snippet(body, words))))
    return [hit for _, hit in sorted(scored, key=lambda pair: pair[0])]


def _prose(section: Section) -> str:
    code = section.code.text if section.code else ""
    asked = (f"{next_.ask} {next_.listen_for}" for next_ in section.asked_next)
    text = " ".join((section.recall, section.what, section.why, section.hurts, *section.traps, *asked, code))
    return text.replace("**", "").replace("`", "")


def _snippet(body: str, words: list[str]) -> str:
    folded = body.casefold()
    found = [at for word in words if (at := folded.find(word)) >= 0]
    start = max(0, min(found, default=0) - SNIPPET // 3)
    start = body.rfind(" ", 0, start) + 1
    cut = body[start : start + SNIPPET].rsplit(" ", 1)[0]
    return f"{'…' if start else ''}{cut}…"
