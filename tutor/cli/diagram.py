"""Draws Mermaid between lines of text. Refuses colors, and a drawing wider than the terminal."""

from __future__ import annotations

from tutor.cli.render import utf8, width

MAX_COLUMNS = 76


def draw(mermaid: str, indent: str = "  ") -> str:
    """The drawing, indented; the source itself where no drawing fits."""
    from tutor import drawing

    most = min(MAX_COLUMNS, width() - len(indent))
    picture = drawing.draw(mermaid, most, ascii_only=not utf8()) or mermaid.rstrip()
    return "\n".join(f"{indent}{line}".rstrip() for line in picture.splitlines())
