"""Pins what could make a screen look different on another machine: the time zone, the terminal, the encoding."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.shell import Desk
from tutor.tui import glyphs


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """UTC, color, and a UTF-8 terminal, unless a test says otherwise."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr(glyphs, "encodings", lambda: ("UTF-8", "utf-8"))
    glyphs.ascii_only.cache_clear()
    yield
    monkeypatch.undo()
    glyphs.ascii_only.cache_clear()
    time.tzset()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A learner who never answered anything."""
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def studied(desk: Desk) -> Desk:
    """A learner with two weeks of study behind them."""
    desk.study()
    return desk
