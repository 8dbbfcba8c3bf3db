"""Checklist and tips: claims with their evidence, and how to answer."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from tests.tui.shell import SIZES, SMALL, Desk, seen, settle
from tutor.tui.screens.checklist import ChecklistScreen
from tutor.tui.screens.mock import MockScreen
from tutor.tui.screens.quiz import QuizScreen


@pytest.mark.parametrize("size", SIZES)
async def test_each_claim_says_how_far_it_is_carried(studied: Desk, size: tuple[int, int]) -> None:
    """Mastered, part and missing are words beside the marks; the evidence of the first claim is laid out."""
    app = studied.app("checklist")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        text = seen(app)
        assert "mastered" in text and "2 of 3" in text and "missing" in text
        assert "not finished yet" in text
        assert "coming" in text


async def test_enter_on_a_question_asks_it(studied: Desk) -> None:
    """From the claim to its evidence to the question takes two keys."""
    app = studied.app("checklist")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert isinstance(app.screen, QuizScreen)
        ask = app.screen.quiz.ask
    assert ask is not None and ask.question.id == "queues-1"


async def test_enter_on_a_scenario_starts_it_and_takes_it_up_later(studied: Desk) -> None:
    """The second time the open interview is taken up instead of starting another."""
    app = studied.app("checklist")
    async with app.run_test(size=SMALL) as pilot:
        for _ in range(2):
            await settle(pilot)
            evidence = app.screen.query_one("#evidence", OptionList)
            evidence.focus()
            evidence.highlighted = 2
            await settle(pilot)
            await pilot.press("enter")
            await settle(pilot)
            assert isinstance(app.screen, MockScreen)
            app.open_screen("checklist")
    assert len(studied.coach.mocks()) == 1


async def test_a_lab_says_that_it_is_coming(studied: Desk) -> None:
    """Enter on a lab stays on the checklist."""
    app = studied.app("checklist")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await settle(pilot)
        evidence = app.screen.query_one("#evidence", OptionList)
        evidence.focus()
        evidence.highlighted = 3
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, ChecklistScreen)
        assert "This lab is coming" in seen(app)


async def test_escape_leaves_the_evidence_before_the_screen(studied: Desk) -> None:
    """Esc goes back one step at a time."""
    app = studied.app("checklist")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("enter", "escape")
        await settle(pilot)
        assert isinstance(app.screen, ChecklistScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert "Go to" in seen(app) or "Answer" in seen(app)


@pytest.mark.parametrize("size", SIZES)
async def test_tips_show_a_weak_and_a_good_example(studied: Desk, size: tuple[int, int]) -> None:
    """Moving through the list changes the tip on the right; y copies it."""
    app = studied.app("tips")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert "I draw." in seen(app) and "How many?" in seen(app)
        await pilot.press("down")
        await settle(pilot)
        text = seen(app)
        assert "40 a second." in text and "Weak" in text and "Good" in text
        await pilot.press("y")
        assert app.clipboard.startswith("## Count")


def lines_of(entries: OptionList) -> int:
    """How many lines the entries have as they were made, and as they are painted, are the same; that number."""
    made = sum(str(option.prompt).count("\n") + 1 for option in entries.options)
    assert entries.virtual_size.height == made, "an entry was wrapped a second time and lost its indent"
    return made


@pytest.mark.parametrize("columns", [60, 80, 99, 100, 120, 161])
@pytest.mark.parametrize(("start", "list_"), [("checklist", "#claims"), ("checklist", "#evidence"), ("tips", "#tips")])
async def test_entries_hang_at_every_width(studied: Desk, start: str, list_: str, columns: int) -> None:
    """Lists are wrapped to the width that they have, at first and after the terminal changed."""
    app = studied.app(start)
    async with app.run_test(size=(columns, 24)) as pilot:
        await settle(pilot)
        first = lines_of(app.screen.query_one(list_, OptionList))
        await pilot.resize_terminal(60 if columns != 60 else 100, 24)
        await settle(pilot)
        assert lines_of(app.screen.query_one(list_, OptionList)) > 0
        await pilot.resize_terminal(columns, 24)
        await settle(pilot)
        assert lines_of(app.screen.query_one(list_, OptionList)) == first


async def test_the_smallest_terminal_shows_claims_and_evidence(studied: Desk) -> None:
    """At 60 x 16 both panes of the checklist have rows to read."""
    app = studied.app("checklist")
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        for pane in ("#claims", "#evidence"):
            assert app.screen.query_one(pane).size.height >= 4


async def test_the_footer_says_what_enter_does(studied: Desk) -> None:
    """On a claim Enter leads to the evidence; on evidence it asks."""
    app = studied.app("checklist")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "Enter Evidence" in seen(app).splitlines()[-1]
        await pilot.press("enter")
        await settle(pilot)
        assert "Enter Ask it" in seen(app).splitlines()[-1]
