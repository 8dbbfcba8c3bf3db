"""Recap: the question first, then the section; search, links, copying."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from tests.tui.shell import SIZES, SMALL, Desk, seen, settle, until
from tutor.content.search import search
from tutor.tui.recap_text import section_markdown
from tutor.tui.screens.quiz import QuizScreen
from tutor.tui.screens.recap import RecapScreen
from tutor.tui.widgets.diagram import drawing
from tutor.tui.widgets.section_view import SectionView


@pytest.mark.parametrize("size", SIZES)
async def test_a_section_opens_with_its_question_alone(studied: Desk, size: tuple[int, int]) -> None:
    """The explanation is there only after Space."""
    app = studied.app("recap")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert "A consumer dies" in seen(app)
        assert "acknowledged" not in seen(app)
        await pilot.press("space")
        await settle(pilot)
        assert "What it is" in seen(app)
        assert "acknowledged" in seen(app)


async def test_follow_up_replies_are_shown_one_by_one(studied: Desk) -> None:
    """Each press of a shows what one more follow-up listens for; then the key is gone."""
    app = studied.app("recap")
    async with app.run_test(size=(120, 60)) as pilot:
        await settle(pilot)
        await pilot.press("space", "end")
        await settle(pilot)
        assert "A key per message" not in seen(app)
        await pilot.press("a")
        await settle(pilot)
        assert "A key per message" in seen(app)
        assert "None that you can rely on" not in seen(app)
        await pilot.press("a")
        await settle(pilot)
        assert "None that you can rely on" in seen(app)
        assert "Next reply" not in seen(app)


async def test_search_finds_sections_of_every_day(studied: Desk) -> None:
    """A query lists sections with the words around the match; Enter and Enter opens one."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"database", "space", *"hot")
        await settle(pilot)
        assert app.screen.query_one("#sections", OptionList).option_count == 1
        assert "The stampede" in seen(app)
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert app.screen.query_one(SectionView).place == "caches/stampede"
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert isinstance(app.screen, RecapScreen)
        assert "Dead letters" in seen(app)


async def test_search_results_can_be_walked_out_of(studied: Desk) -> None:
    """Next and before go on through all sections, also to one that the search did not find."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"database", "space", *"hot", "enter", "enter")
        await until(pilot, lambda: app.screen.query_one(SectionView).place == "caches/stampede")
        await pilot.press("b")
        await until(pilot, lambda: "Dead letters" in seen(app))
        assert app.screen.query_one(SectionView).place == "queues/dead-letters"


@pytest.mark.parametrize("size", [SMALL, (60, 16), (140, 40)])
async def test_a_topic_opens_at_its_first_section(studied: Desk, size: tuple[int, int]) -> None:
    """However the list is wrapped anew while it opens, the section asked for stays the one shown."""
    app = studied.app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        app.open_screen("recap", "caches")
        await until(pilot, lambda: any(view.place for view in app.screen.query(SectionView)))
        await settle(pilot)
        assert app.screen.query_one(SectionView).place == "caches/stampede"


async def test_search_without_a_match_says_so(studied: Desk) -> None:
    """Nothing found is a sentence, not an empty pane."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"xyzzy")
        await settle(pilot)
        assert "Nothing holds all these words" in seen(app)


async def test_next_and_before_walk_through_the_sections(studied: Desk) -> None:
    """n and b go on across topics and stop at both ends."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        view = app.screen.query_one(SectionView)
        places = [view.place]
        for key in ("n", "n", "n", "b"):
            await pilot.press(key)
            await settle(pilot)
            places.append(view.place)
        assert places == [
            "queues/acknowledgment",
            "queues/dead-letters",
            "caches/stampede",
            "caches/stampede",
            "queues/dead-letters",
        ]


async def test_copy_takes_the_whole_section(studied: Desk) -> None:
    """y puts the section on the clipboard as Markdown, code and sources included."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("y")
        assert app.clipboard.startswith("## Acknowledgments and redelivery")
        assert "```python" in app.clipboard and "https://www.rfc-editor.org" in app.clipboard


async def test_quiz_asks_the_questions_of_the_section(studied: Desk) -> None:
    """z starts a sitting with exactly the linked questions; where nothing is due it is practice."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("z")
        await settle(pilot)
        assert isinstance(app.screen, QuizScreen)
        ask = app.screen.quiz.ask
    assert ask is not None and ask.question.id == "queues-3"


async def test_a_section_without_questions_says_so(studied: Desk) -> None:
    """z on a section with no questions stays where it is."""
    app = studied.app("recap")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("n", "n")
        await settle(pilot)
        await pilot.press("z")
        await settle(pilot)
        assert isinstance(app.screen, RecapScreen)


def test_a_diagram_becomes_tighter_before_it_becomes_too_wide() -> None:
    """With less room the same boxes are drawn with less padding; nothing is cut off."""
    source = "graph LR\n  A[Producer] --> B[Queue]\n  B --> C[Consumer]\n"
    wide, narrow = drawing(source, 44), drawing(source, 36)
    assert max(map(len, narrow.splitlines())) < max(map(len, wide.splitlines()))
    assert all(word in narrow for word in ("Producer", "Queue", "Consumer"))


def test_title_matches_come_first(desk: Desk) -> None:
    """A word in a title weighs more than the same word in the text."""
    recaps = [desk.coach.library.recap(topic) for topic in ("queues", "caches")]
    assert search(recaps, "dead")[0].section == "dead-letters"
    assert search(recaps, "   ") == []


def test_code_that_holds_a_fence_stays_inside_its_own(desk: Desk) -> None:
    """A snippet with three backticks is fenced with four."""
    section = desk.coach.library.recap("queues").sections[0]
    assert section.code is not None
    hostile = section.model_copy(update={"code": section.code.model_copy(update={"text": "```\nx\n```\n"})})
    assert "````python" in section_markdown(hostile)
