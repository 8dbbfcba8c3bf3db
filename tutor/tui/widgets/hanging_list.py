"""A list whose entries hang under their first word, wrapped to the width it really got. Refuses to know its entries,
and the Enter key: the screen has that, so that its footer can say what Enter does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class HangingList(OptionList, inherit_bindings=False):
    """Entries are made by a function of the columns there are, and made anew when the columns change."""

    DEFAULT_CSS = """
    HangingList { scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in OptionList.BINDINGS if isinstance(binding, Binding) and binding.key != "enter"
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, compact=True, markup=False)
        self._make: Callable[[int], Iterable[Option]] | None = None
        self._made_for = -1

    def fill(self, make: Callable[[int], Iterable[Option]]) -> None:
        """Show the entries that `make` gives for a width in columns; nothing is highlighted."""
        self._make = make
        self._made_for = self.room
        self.set_options(make(self.room))

    def on_resize(self) -> None:
        """Wrap anew, the same entry highlighted and nobody told that anything changed."""
        if self._make is None or self.room == self._made_for:
            return
        here = self.highlighted
        with self.prevent(OptionList.OptionHighlighted):
            self.fill(self._make)
            self.highlighted = here

    @property
    def room(self) -> int:
        """Columns that an entry can use."""
        padding = self.get_component_styles("option-list--option").padding.width
        return self.scrollable_content_region.width - self._get_left_gutter_width() - padding
