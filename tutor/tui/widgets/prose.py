"""Words on a screen: Markdown in blocks, or in one line. Refuses to fetch anything a text links to."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from textual.content import Content
from textual.widgets import Markdown

if TYPE_CHECKING:
    from markdown_it.token import Token

_STYLES = {"strong_open": "bold", "em_open": "italic", "link_open": "underline"}


class Prose(Markdown):
    """Markdown without outer margins, so that texts can stand close together."""

    DEFAULT_CSS = """
    Prose { padding: 0; margin: 0 0 1 0; height: auto; }
    Prose > MarkdownBlock:last-child { margin-bottom: 0; }
    """


@lru_cache(maxsize=512)
def inline(text: str) -> Content:
    """Markdown that runs in a line (code, bold, emphasis, links) as styled text; line breaks become spaces."""
    (block,) = _parser().parseInline(text)
    styles: list[str] = []
    pieces: list[tuple[str, str]] = []
    for token in block.children or ():
        _take(token, styles, pieces)
    return Content.assemble(*pieces)


def muted(text: str) -> Content:
    """The same for what explains and need not be read first."""
    return inline(text).stylize_before("$foreground 70%")


def _take(token: Token, styles: list[str], pieces: list[tuple[str, str]]) -> None:
    if token.type in _STYLES:
        styles.append(_STYLES[token.type])
    elif token.type.endswith("_close"):
        styles.pop()
    elif token.type in ("softbreak", "hardbreak"):
        pieces.append((" ", ""))
    elif token.type == "code_inline":
        pieces.append((token.content, " ".join((*styles, "bold $secondary"))))
    else:
        pieces.append((token.content, " ".join(styles)))


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False})
