"""The line at the top: where you are. Refuses keys: those are at the bottom."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class TopBar(Widget):
    """Where you are, on the left; the pack, on the right."""

    DEFAULT_CSS = """
    TopBar { dock: top; height: 1; background: $surface; padding: 0 1; }
    """
    ALLOW_SELECT = False

    where: reactive[str] = reactive("")
    pack: reactive[str] = reactive("")

    def __init__(self, where: str, pack: str) -> None:
        super().__init__()
        self.set_reactive(TopBar.where, where)
        self.set_reactive(TopBar.pack, pack)

    def render(self) -> RenderResult:
        """One line; the pack gives way when there is no room."""
        name = Content.styled("tutor", "bold $primary")
        left = Content.assemble(name, (" / ", "$foreground 50%"), self.where) if self.where else name
        room = self.size.width - left.cell_length - len(self.pack)
        if room < 2:
            return left
        return Content.assemble(left, " " * room, (self.pack, "$foreground 65%"))
