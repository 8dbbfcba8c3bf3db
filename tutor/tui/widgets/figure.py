"""Code to look at, highlighted. Refuses to run or to check it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from tutor.content.models.base import Code

_LEXERS = {"promql": "text", "dockerfile": "docker", "sh": "bash"}


def code_lines(code: Code) -> list[Content]:
    """The lines of a snippet, highlighted."""
    from textual.highlight import highlight

    return highlight(code.text.rstrip(), language=_LEXERS.get(code.language, code.language)).split("\n")


def warm_up() -> None:
    """Compile the tables of the commonest lexer ahead, off the screen's thread: it takes longer than a frame."""
    from textual.highlight import highlight

    highlight("async def f() -> None: ...", language="python")


class Snippet(Static):
    """Code to read, with line numbers when `numbers` is set."""

    DEFAULT_CSS = """
    Snippet { width: 1fr; height: auto; padding: 0 1; margin: 0 0 1 0; background: $surface; }
    """

    def __init__(self, code: Code, *, numbers: bool = False, classes: str | None = None) -> None:
        lines = code_lines(code)
        if numbers:
            width = len(str(len(lines)))
            lines = [Content.assemble((f"{at:{width}} ", "$foreground 50%"), line) for at, line in enumerate(lines, 1)]
        super().__init__(Content("\n").join(lines), classes=classes)
