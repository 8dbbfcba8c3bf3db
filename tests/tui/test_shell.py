"""The shell: help, palette, themes, small and plain terminals, and errors that stay sentences."""

from __future__ import annotations

import re

import pytest
from textual.color import Color
from textual.command import CommandList
from textual.theme import Theme

from tests.tui.shell import SIZES, SMALL, Desk, seen, settle, until
from tutor.errors import MachineError, StoreError, UsageError
from tutor.tui import glyphs, keys
from tutor.tui.app import STARTS, TutorApp, run_app
from tutor.tui.glyphs import to_ascii
from tutor.tui.screens.error import ErrorScreen, TooSmallScreen
from tutor.tui.screens.home import HomeScreen
from tutor.tui.screens.progress import ProgressScreen
from tutor.tui.screens.recap import RecapScreen
from tutor.tui.theme import DARK, LIGHT

UNSTYLED = "c5c8c6"
"""What the exported picture uses where the app set no color at all."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("start", STARTS)
async def test_every_start_opens_and_escape_leads_home(studied: Desk, start: str, size: tuple[int, int]) -> None:
    """Each screen that the command line can start paints, shows Help and Quit, and has Home behind it."""
    app = studied.app(start)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        last = seen(app).splitlines()[-1]
        assert "Help" in last and "Quit" in last
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, HomeScreen)


@pytest.mark.parametrize("size", SIZES)
async def test_help_lists_the_keys_of_every_screen(studied: Desk, size: tuple[int, int]) -> None:
    """? opens one page made from the bindings."""
    app = studied.app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        assert "Everywhere" in seen(app) and "Ctrl+P" in seen(app)
    titles = [title for title, lines in keys.groups() if lines]
    assert titles == [title for title, _, _ in keys.SCREENS]


def test_every_shown_key_says_what_it_does_and_has_an_id() -> None:
    """Keys are data: an id to bind anew, and a sentence for help."""
    for bindings in (keys.APP, keys.HOME, keys.WELCOME, keys.RECAP, keys.PROGRESS, keys.CHECKLIST, keys.TIPS):
        for binding in bindings:
            assert not isinstance(binding, tuple)
            assert binding.id and binding.tooltip


def test_the_key_table_is_markdown() -> None:
    """README's table has one row per thing that keys do."""
    rows = keys.key_table().splitlines()
    assert rows[0] == "| Where | Key | What it does |"
    assert "| Recap | `/` | Search every section |" in rows
    assert all(re.fullmatch(r"\|.+\|.+\|.+\|", row) for row in rows)


def first_offer(app: TutorApp) -> str:
    """What stands first in the command palette."""
    offers = app.screen.query_one(CommandList)
    return str(offers.get_option_at_index(0).prompt) if offers.option_count else ""


async def test_the_palette_reads_a_day(studied: Desk) -> None:
    """Ctrl+P, a few letters of a topic, Enter."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"Caches")
        await until(pilot, lambda: "Caches" in first_offer(app))
        await pilot.press("enter")
        await until(pilot, lambda: "A hot key expires" in seen(app))
        assert isinstance(app.screen, RecapScreen)
        assert "A hot key expires" in seen(app)


async def test_the_theme_can_be_changed(studied: Desk) -> None:
    """D goes from dark to light and back."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("D")
        assert app.theme == "tutor-light"
        await pilot.press("D")
        assert app.theme == "tutor-dark"


async def test_the_palette_finds_the_theme_by_that_word(studied: Desk) -> None:
    """Who looks for "theme" finds light or dark, and Enter changes it."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"theme")
        await until(pilot, lambda: "light or dark" in first_offer(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "tutor-light")
        assert app.theme == "tutor-light"


def luminance(color: Color) -> float:
    """Relative luminance as WCAG defines it, from 0 to 1."""
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("name", ["primary", "accent", "success", "error", "foreground"])
def test_words_stand_out_in_both_themes(theme: Theme, name: str) -> None:
    """Every color that words have, the muted one included, has the contrast of 4.5 that WCAG AA asks of text."""
    color = Color.parse(getattr(theme, name))
    for ground in (theme.background, theme.surface):
        behind = Color.parse(ground or "")
        shown = behind.blend(color, 0.65) if name == "foreground" else color
        dark, light = sorted((luminance(behind), luminance(shown)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


async def test_a_small_terminal_gets_a_sentence_until_it_grows(studied: Desk) -> None:
    """Under 60 x 16 there is one sentence with the size needed; enlarged, the screen is back."""
    app = studied.app("tips")
    async with app.run_test(size=(50, 12)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, TooSmallScreen)
        assert "60 x 16" in seen(app)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "I draw." in seen(app)
        await pilot.resize_terminal(80, 10)
        await settle(pilot)
        assert isinstance(app.screen, TooSmallScreen)


async def test_no_color_is_respected(studied: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR every painted color is a shade of gray, and the words are all still there."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert app.no_color
        picture = app.export_screenshot()
        styles = picture[picture.index("-r1 {") : picture.index("</style>")]
        colors = set(re.findall(r"fill: #([0-9a-f]{6})", styles)) - {UNSTYLED}
        assert colors and all(color[:2] == color[2:4] == color[4:] for color in colors)
        assert "Answer 3 due questions" in seen(app)


@pytest.mark.parametrize("start", ["home", "recap", "progress", "checklist", "tips"])
async def test_a_terminal_without_unicode_gets_ascii(
    studied: Desk, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another encoding than UTF-8 nothing but ASCII is painted."""
    monkeypatch.setattr(glyphs, "encodings", lambda: ("ISO-8859-1", "iso8859-1"))
    glyphs.ascii_only.cache_clear()
    app = studied.app(start)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        if start == "recap":
            await pilot.press("space")
            await settle(pilot)
        assert seen(app).isascii()


async def test_bars_tell_full_from_empty_in_ascii(studied: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only ASCII can be shown, bars are # and ., and the marks of the weeks are all different."""
    monkeypatch.setattr(glyphs, "encodings", lambda: ("ANSI_X3.4-1968", "ascii"))
    glyphs.ascii_only.cache_clear()
    app = studied.app("progress")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        text = seen(app)
        assert re.search(r"#+\.*\*[.#]* +\d+%", text) and "* as predicted" in text
        assert "?" not in text.split("Questions")[0]
        assert ". none  : 1+  + 5+  % 10+  # 20+" in text


def test_ascii_keeps_the_width() -> None:
    """Each character gives way to as many columns as it took."""
    assert to_ascii("╭─◐ 日本…╮") == "+-~ ????.+"


async def test_a_usage_error_becomes_a_notification(studied: Desk) -> None:
    """What a key cannot do is said, with the hint; the screen stays."""
    app = studied.app()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await settle(pilot)
        app.show_error(UsageError("There is nothing to ask.", "Look at [what] is due."))
        await settle(pilot)
        assert isinstance(app.screen, HomeScreen)
        assert "There is nothing to ask." in seen(app)
        assert "[what]" in seen(app)


async def test_a_store_error_in_a_key_becomes_a_window(studied: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails stops the learner with a sentence; Enter closes it, no traceback anywhere."""

    def failing(_: object) -> None:
        raise StoreError("The disk is full.", "Free some space; nothing was lost.")

    app = studied.app("progress")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        monkeypatch.setattr(studied.coach, "unsuspend", failing)
        app.screen.query_one("#trouble").focus()
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert isinstance(app.screen, ErrorScreen)
        assert "The disk is full." in seen(app) and "Free some space" in seen(app)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, ProgressScreen)


async def test_a_store_error_while_a_screen_loads_becomes_a_window(studied: Desk) -> None:
    """The store gone while the app runs: Home still paints, and says so."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await settle(pilot)
        store = studied.folder / "progress.db"
        for file in (store, store.with_name("progress.db-wal")):
            if file.exists():
                file.write_bytes(b"not a database" * 500)
        studied.coach.log.close()
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, ErrorScreen)


def test_without_a_terminal_the_app_says_what_to_do() -> None:
    """In a pipe the app does not start; the error names the plain commands."""
    with pytest.raises(MachineError, match="needs a terminal"):
        run_app(lambda: pytest.fail("the coach is not needed"))
