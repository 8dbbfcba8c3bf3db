"""Draws Mermaid text with characters: the door to termaid for both faces. Refuses to let a drawing stop the program.

termaid is young, and a learner's or a pack author's text can be anything. What cannot be drawn, or not in the width
there is, is an empty text, and the caller decides what to show instead.
"""

from __future__ import annotations

FAILURES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RuntimeError)
"""What termaid raises for text that it was not made for."""

_SPACINGS = (
    (2, 1, 4, None),
    (2, 1, 2, None),
    (1, 1, 2, None),
    (1, 1, 1, None),
    (0, 1, 1, 14),
    (0, 1, 1, 9),
)
"""Padding across and down, gap, and the longest label, from the airiest drawing to the smallest."""


def draw(mermaid: str, width: int, *, ascii_only: bool) -> str:
    """The airiest drawing of at most `width` columns, without trailing spaces; empty when there is none."""
    import warnings

    import termaid

    for across, down, gap, label in _SPACINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picture = termaid.render(
                    mermaid, use_ascii=ascii_only, padding_x=across, padding_y=down, gap=gap, max_label_width=label
                )
        except FAILURES:
            return ""
        lines = [line.rstrip() for line in picture.rstrip().splitlines()]
        if lines and max(map(len, lines)) <= width:
            return "\n".join(lines)
    return ""
