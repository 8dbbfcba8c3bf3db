"""Text that hangs under its first word in a list. Refuses to know what is listed."""

from __future__ import annotations

from textwrap import wrap

from textual.content import Content


def hanging(head: Content, text: str, width: int, style: str = "") -> Content:
    """`head`, then `text` wrapped to `width` columns in all, each further line as far in as the first."""
    room = max(12, width - head.cell_length)
    lines = wrap(text, room) or [""]
    under = " " * head.cell_length
    return Content.assemble(head, (lines[0], style), *((f"\n{under}{line}", style) for line in lines[1:]))
