"""The few signs that say right, wrong and here. Refuses emoji; `glyphs` has an ASCII twin for each."""

from __future__ import annotations

YES = "✓"
NO = "✗"
PARTLY = "~"
HERE = "▸"
ARROW = "→"
FULL = "█"
EMPTY = "░"
