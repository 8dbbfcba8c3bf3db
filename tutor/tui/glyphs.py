"""Glyphs for terminals that cannot show Unicode. Refuses to change the width of a line: one column stays one column."""

# ruff: noqa: RUF001 (the table is made of characters that look like ASCII ones)

from __future__ import annotations

import locale
import sys
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

_ASCII = {
    **dict.fromkeys("─╌┄┈╴╶━╍┅╸╺▔▁▂▃⎺⎻⎼⎽╼╾", "-"),
    **dict.fromkeys("│╎┆┊╵╷┃╏┇▏▎▍▌▐▕▊▋▉╹╻┋┠┨", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬", "+"),
    **dict.fromkeys("═", "="),
    **dict.fromkeys("║", "|"),
    **dict.fromkeys("█▓▇▆▅▄▀▛▜▙▟■◼", "#"),
    **dict.fromkeys("▒", "+"),
    **dict.fromkeys("░", "."),
    **dict.fromkeys("•●◉⬤◆◇", "*"),
    **dict.fromkeys("·∙", "."),
    **dict.fromkeys("○◯◌", "o"),
    **dict.fromkeys("◐◑◒◓", "~"),
    **dict.fromkeys("✓✔☑", "+"),
    **dict.fromkeys("✗✘✕×☒", "x"),
    **dict.fromkeys("→▶►▸›❯⮞", ">"),
    **dict.fromkeys("←◀◄◂‹❮", "<"),
    **dict.fromkeys("↑▲△▴⇡⏶", "^"),
    **dict.fromkeys("↓▼▽▾⇣⏷", "v"),
    **dict.fromkeys("’‘", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("–—−‐‑", "-"),
    **dict.fromkeys("…", "."),
    **dict.fromkeys("\u00a0\u2009\u202f", " "),
    **dict.fromkeys("≤", "<"),
    **dict.fromkeys("≥", ">"),
    **dict.fromkeys("≈", "~"),
    **dict.fromkeys("⭘", "O"),
}


def encodings() -> tuple[str, str]:
    """What the locale and the terminal stream speak. Textual paints on the real standard error stream."""
    return locale.getencoding(), getattr(sys.__stderr__, "encoding", None) or "utf-8"


@cache
def ascii_only() -> bool:
    """True when the locale or the terminal stream speaks something other than UTF-8."""
    return any("utf" not in encoding.casefold() for encoding in encodings())


def either(shown: str, plain: str) -> str:
    """`shown`, or `plain` where only ASCII can be: for marks that the table would turn into the same character."""
    return plain if ascii_only() else shown


def to_ascii(text: str) -> str:
    """The text in ASCII, as many columns wide as before."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else _ASCII.get(char, "?" * cell_len(char)) for char in text)


class AsciiFilter(LineFilter):
    """Turns every painted line into ASCII, whatever widget painted it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same line, in ASCII."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
