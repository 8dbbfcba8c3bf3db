"""The recap as text: sections as Markdown. Refuses widgets, so that it is easily tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.content.models.base import Code
    from tutor.content.models.recap import Section


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
