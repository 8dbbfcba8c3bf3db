"""Turns the Markdown of a pack into wrapped plain lines. Refuses layout beyond paragraphs, lists, code and tables."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from tutor.cli.render import width

_LISTED = re.compile(r"^(\s*)([-*+]|\d+[.)])\s+(.*)$")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_CODE = re.compile(r"(`[^`]*`)")
_STRONG = re.compile(r"\*\*(.+?)\*\*")
_STRESS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_AS_IT_IS = ("|", "    ", "\t")


def plain(markdown: str, indent: str = "") -> str:
    """The text wrapped to the terminal, each line starting with `indent`."""
    return "\n".join(_lines(markdown.strip("\n"), indent))


def code(text: str, indent: str = "    ", numbered: bool = False) -> str:
    """Code as it is, indented; with line numbers where they are asked for."""
    lines = text.rstrip("\n").split("\n")
    if not numbered:
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)
    wide = len(str(len(lines)))
    return "\n".join(f"{indent}{number:>{wide}} | {line}".rstrip() for number, line in enumerate(lines, 1))


def _lines(markdown: str, indent: str) -> Iterator[str]:
    block: list[str] = []
    fenced = False
    for line in markdown.split("\n"):
        if line.lstrip().startswith("```"):
            yield from _flush(block, indent)
            fenced = not fenced
        elif fenced:
            yield f"{indent}    {line}".rstrip()
        elif not line.strip():
            yield from _flush(block, indent)
            yield ""
        elif line.startswith(_AS_IT_IS) and not block:
            yield f"{indent}{line}".rstrip()
        elif _LISTED.match(line) or line.startswith("#"):
            yield from _flush(block, indent)
            block.append(line)
        else:
            block.append(line.strip())
    yield from _flush(block, indent)


def _flush(block: list[str], indent: str) -> Iterator[str]:
    """Wrap the collected lines of one paragraph or list entry, and forget them."""
    if not block:
        return
    entry = _LISTED.match(block[0])
    first, hang = indent, indent
    if entry:
        block[0] = entry[3]
        first = f"{indent}{entry[1]}{entry[2]} "
        hang = " " * len(first)
    text = _inline(" ".join(block).lstrip("# "))
    block.clear()
    yield from textwrap.wrap(
        text,
        max(20, width()),
        initial_indent=first,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def _inline(text: str) -> str:
    """Drop the marks of emphasis, but never inside code; spell links out."""
    parts = _CODE.split(text)
    for number in range(0, len(parts), 2):
        words = _LINK.sub(r"\1 (\2)", parts[number])
        parts[number] = _STRESS.sub(r"\1", _STRONG.sub(r"\1", words))
    return "".join(parts)
