"""The line of keys at the bottom. Refuses to hide Help and Quit."""

from __future__ import annotations

from typing import NamedTuple

from textual.app import RenderResult
from textual.content import Content
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget

from tutor.tui.keys import HELP_ID, QUIT_ID, spelled

GAP = 2


class KeyShown(NamedTuple):
    """A key as printed, its label, and the key that a click presses."""

    key: str
    label: str
    pressed: str

    @property
    def width(self) -> int:
        """Columns, without the gap behind it."""
        return len(self.key) + 1 + len(self.label)


class KeyBar(Widget):
    """The keys that work now. Help and Quit are always there; what does not fit is left out whole, from the end."""

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $footer-background; }
    """
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _: Screen[object]) -> None:
        self.refresh()

    def on_click(self, event: Click) -> None:
        """A click on a key presses it."""
        for start, end, key in self._spans:
            if start <= event.x < end:
                self.app.simulate_key(key)

    def render(self) -> RenderResult:
        """One line."""
        keys, fixed = self._keys()
        width = self.size.width
        tail = sum(key.width + GAP for key in fixed) - GAP
        line, self._spans = Content(" "), []
        for key in keys:
            if line.cell_length + key.width + 1 + tail > width:
                break
            line = self._with(line, key)
        line = line[: width - tail]
        line = line + Content(" " * (width - tail - line.cell_length))
        for key in fixed:
            line = self._with(line, key)
        return line

    def _with(self, line: Content, key: KeyShown) -> Content:
        start = line.cell_length
        self._spans.append((start, start + key.width, key.pressed))
        return Content.assemble(line, (key.key, "bold $footer-key-foreground"), " ", key.label, " " * GAP)

    def _keys(self) -> tuple[list[KeyShown], list[KeyShown]]:
        typing = self.screen.focused is not None and self.screen.focused.check_consume_key("q", "q")
        fixed = [KeyShown("?", "Help", "f1"), KeyShown("q", "Quit", "ctrl+q")]
        if typing:
            fixed = [KeyShown("F1", "Help", "f1"), KeyShown("Ctrl+Q", "Quit", "ctrl+q")]
        keys: dict[str, KeyShown] = {}
        for key, (_, binding, enabled, _) in self.screen.active_bindings.items():
            printable = len(key) == 1 or key in ("space", "slash")
            if binding.id in (HELP_ID, QUIT_ID) or not binding.show or not enabled or (typing and printable):
                continue
            shown = KeyShown(binding.key_display or spelled(key), binding.description, key)
            keys.setdefault(binding.action, shown)
        return list(keys.values()), fixed
