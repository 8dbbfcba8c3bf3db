"""Draws Mermaid in a terminal through termaid. Refuses colors, and a drawing wider than the terminal."""

from __future__ import annotations

from typing import TypedDict

from tutor.cli.render import utf8, width

MAX_COLUMNS = 76


class _Spacing(TypedDict, total=False):
    gap: int
    padding_x: int
    max_label_width: int


_NARROWER: tuple[_Spacing, ...] = (
    {},
    {"gap": 2, "padding_x": 2},
    {"gap": 1, "padding_x": 1},
    {"gap": 1, "padding_x": 0, "max_label_width": 14},
    {"gap": 1, "padding_x": 0, "max_label_width": 9},
)


def draw(mermaid: str, indent: str = "  ") -> str:
    """The drawing, indented; the source itself where no drawing fits."""
    import termaid

    most = min(MAX_COLUMNS, width() - len(indent))
    for spacing in _NARROWER:
        drawn = termaid.render(mermaid, use_ascii=not utf8(), padding_y=1, **spacing)
        lines = [line.rstrip() for line in drawn.rstrip("\n").split("\n")]
        if drawn.strip() and max(map(len, lines)) <= most:
            return "\n".join(f"{indent}{line}".rstrip() for line in lines)
    return "\n".join(f"{indent}{line}".rstrip() for line in mermaid.rstrip().split("\n"))
