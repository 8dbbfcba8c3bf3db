"""One recap section: its question first, the rest once it was answered. Refuses to know where sections come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Markdown, Static

from tutor.tui.recap_text import explanation, fenced, sources, traps
from tutor.tui.widgets.diagram import Diagram

if TYPE_CHECKING:
    from tutor.content.models.recap import Section


class SectionView(Vertical):
    """A function of `section`, `revealed`, and how many replies to follow-ups are shown."""

    DEFAULT_CSS = """
    SectionView { height: auto; padding: 0 1; }
    SectionView .section-title { text-style: bold; color: $primary; }
    SectionView .recall { border-left: thick $accent; padding: 0 1; margin: 1 0; height: auto; }
    SectionView .recall Markdown { padding: 0; margin: 0; background: transparent; }
    SectionView .recall MarkdownParagraph { margin: 0; }
    SectionView Markdown { padding: 0; margin: 0 0 1 0; background: transparent; }
    SectionView MarkdownH3 { margin: 0 0 1 0; color: $primary; text-style: bold; }
    SectionView Diagram { margin: 0 0 1 0; }
    SectionView .label { color: $accent; text-style: bold; }
    SectionView .asked { color: $primary; text-style: bold; margin-bottom: 1; }
    SectionView .space { color: $foreground 70%; }
    """

    section: reactive[Section | None] = reactive(None, recompose=True)
    where: reactive[str] = reactive("")
    place: reactive[str] = reactive("")
    revealed: reactive[bool] = reactive(False, recompose=True)
    replies: reactive[int] = reactive(0)

    def show(self, section: Section, where: str, place: str) -> None:
        """Show another section, its question only; `place` is the screen's own name for it."""
        self.where = where
        self.place = place
        self.set_reactive(SectionView.replies, 0)
        self.set_reactive(SectionView.revealed, False)
        self.section = section

    def compose(self) -> ComposeResult:
        """The section as far as it is revealed."""
        section = self.section
        if section is None:
            return
        yield Static(Content.assemble((f"{self.where}  ", "$foreground 65%"), (section.title, "bold $primary")))
        with Vertical(classes="recall"):
            yield Static("First, from memory", classes="label")
            yield Markdown(section.recall, open_links=False)
        if not self.revealed:
            yield Static(
                Content.assemble("Answer it aloud or in your head, then press ", ("Space", "bold $accent"), "."),
                classes="space",
            )
            return
        yield from self._rest(section)

    def _rest(self, section: Section) -> ComposeResult:
        yield Markdown(explanation(section))
        if section.diagram:
            yield Diagram(section.diagram)
        if section.code:
            yield Markdown(fenced(section.code))
        yield Markdown(traps(section))
        yield Static("Asked next", classes="asked")
        for number, asked in enumerate(section.asked_next):
            yield Markdown(_asked(asked.ask, asked.listen_for, number < self.replies), id=f"asked-{number}")
        yield Markdown(sources(section))

    def watch_replies(self) -> None:
        """Show the replies asked for, in place."""
        if self.section is None or not self.revealed:
            return
        for number, asked in enumerate(self.section.asked_next):
            for shown in self.query(f"#asked-{number}").results(Markdown):
                shown.update(_asked(asked.ask, asked.listen_for, number < self.replies))


def _asked(ask: str, listen_for: str, shown: bool) -> str:
    reply = f"> {' '.join(listen_for.split())}" if shown else "> *press `a` for what they listen for*"
    return f"**{' '.join(ask.split())}**\n\n{reply}"
