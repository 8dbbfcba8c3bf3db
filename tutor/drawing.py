"""Draws Mermaid text with characters: the door to termaid for both faces. Refuses to let a drawing stop the program.

termaid is young, and a learner's or a pack author's text can be anything. What cannot be drawn, or not in the width
there is, is an empty text, and the caller decides what to show instead. Its time grows steeply with the number of
arrows, so what is too big is recognized from the text alone and not given to it at all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

MAX_ARROWS = 24
MAX_LINES = 80
MAX_COLUMNS = 1_000
"""The largest diagram that is drawn; a line of Mermaid has at most `MAX_COLUMNS` characters."""

_ARROW = re.compile(r"[-=~.]{2,}|->")
_RUNAWAY = re.compile(r"^\s*(?:packet|block)", re.MULTILINE)
_LARGE_NUMBER = re.compile(r"[0-9]{4}")
"""In these kinds of diagram a number is a size: a few characters could ask for millions of columns."""

_WORDED = re.compile(r"(?:--|==|-\.)\s[^-=~.&\n]*\s(?:-->|---|==>|===|\.->|\.-)")
"""An arrow with its words in the middle, such as `-- asks -->`: one arrow, not two."""

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


def too_big(mermaid: str) -> str:
    """Why `mermaid` is too big to be drawn and what to do, or an empty text. Counts generously: never too few."""
    lines = mermaid.splitlines()
    statements = [statement for line in lines for statement in line.split(";")]
    if len(statements) > MAX_LINES:
        return f"the diagram is written in more than {MAX_LINES} lines; leave out nodes"
    if max(map(len, lines), default=0) > MAX_COLUMNS:
        return f"the diagram has a line of more than {MAX_COLUMNS} characters; shorten its labels"
    if _RUNAWAY.search(mermaid) and _LARGE_NUMBER.search(mermaid):
        return "the diagram holds a number of more than three digits; draw it as a graph"
    if mermaid.lstrip().startswith("sequenceDiagram"):  # drawn line by line, so its arrows cost nothing more
        return ""
    return _too_dense(statements)


def _too_dense(statements: list[str]) -> str:
    if sum(map(_arrows, statements)) > MAX_ARROWS:
        return f"the diagram has more than {MAX_ARROWS} arrows; leave some out"
    if sum(statement.count("&") for statement in statements) > 2 * MAX_ARROWS:
        return f"the diagram joins more than {2 * MAX_ARROWS} nodes with `&`; leave some out"
    return ""


def _arrows(statement: str) -> int:
    """At most how many arrows a statement draws: `A & B --> C & D` draws four."""
    sides = [part.count("&") + 1 for part in _ARROW.split(_WORDED.sub("-->", statement))]
    return sum(left * right for left, right in pairwise(sides))


@lru_cache(maxsize=64)
def draw(mermaid: str, width: int, *, ascii_only: bool) -> str:
    """The airiest drawing of at most `width` columns, without trailing spaces; empty when there is none."""
    if too_big(mermaid):
        return ""
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
