"""What a sitting says in passing, what its keys are, and what the reveal makes of each kind of answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.widgets import Static

from tests.tui.shell import LARGE, SIZES, SMALL, seen
from tests.tui.working import WorkDesk, now_at, seated, sitting
from tutor.coach.quiz import Reveal
from tutor.content.models.question import OrderQuestion
from tutor.schedule.memory import Rating
from tutor.study.grading import grade
from tutor.study.session import Ask
from tutor.tui.screens.quiz import Part
from tutor.tui.screens.quiz_keys import Answering
from tutor.tui.screens.quiz_parts import part_rows
from tutor.tui.screens.summary import SummaryScreen
from tutor.tui.widgets.answers.cloze import ClozeAnswer, filled
from tutor.tui.widgets.answers.match import MatchAnswer
from tutor.tui.widgets.answers.multi import MultiAnswer
from tutor.tui.widgets.answers.open_text import OpenAnswer
from tutor.tui.widgets.answers.order import OrderAnswer
from tutor.tui.widgets.answers.single import SingleAnswer
from tutor.tui.widgets.answers.spot import SpotAnswer
from tutor.tui.widgets.confidence import Confidence
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.ratings import Ratings
from tutor.tui.widgets.rows import Rows


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WorkDesk]:
    """A learner with the small pack."""
    made = WorkDesk(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["single", "multi", "spot", "cloze"])
async def test_what_is_missing_is_said_in_a_line_of_its_own(desk: WorkDesk, kind: str) -> None:
    """No toast lies over the bet: what is missing takes a line, which the next key takes away."""
    async with seated(desk.coach, sitting(desk.coach, kind), SMALL) as seat:
        await seat.press(*(("ctrl+s",) if kind == "cloze" else ("enter",)))
        hint = seat.screen.query_one("HintLine", Static)
        assert hint.display and str(hint.content) in seen(seat.app) and not seat.app._notifications
        await seat.press("a")
        assert not hint.display


async def test_space_answers_where_one_option_is_chosen(desk: WorkDesk) -> None:
    """Space takes the option pointed at, as Enter does; before any is pointed at it says so."""
    screen = sitting(desk.coach, "single")
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.press("space")
        assert now_at(screen) is Part.ANSWERING and "Choose an option first" in seen(seat.app)
        await seat.press("down", "space")
        assert now_at(screen) is Part.BETTING


@pytest.mark.parametrize("kind", ["single", "multi", "order", "match", "spot", "cloze", "open"])
async def test_the_way_out_is_always_in_the_bar(desk: WorkDesk, kind: str) -> None:
    """On the narrowest usual terminal, leaving, help and quitting are shown whatever the kind."""
    async with seated(desk.coach, sitting(desk.coach, kind), SMALL) as seat:
        bar = seen(seat.app).splitlines()[-1]
        assert "Esc Leave" in bar and "Help" in bar and "Quit" in bar


@pytest.mark.parametrize("size", SIZES)
async def test_match_shows_what_can_be_joined_at_the_cursor(desk: WorkDesk, size: tuple[int, int]) -> None:
    """All right sides stand under the line pointed at; a joined one says so without looking right or wrong."""
    async with seated(desk.coach, sitting(desk.coach, "match"), size) as seat:
        await seat.press("b")
        lines = seen(seat.app).splitlines()
        here = next(number for number, line in enumerate(lines) if "▸" in line)
        shown = lines[here + 2 : here + 6]
        assert [line.split()[0] for line in shown] == ["a", "b", "c", "d"]
        assert shown[1].endswith("(used)") and not any("✓" in line for line in lines)


async def test_a_filled_text_shows_the_right_words(desk: WorkDesk) -> None:
    """The reveal has the sentence with the right answers in its gaps, and what was typed."""
    async with seated(desk.coach, sitting(desk.coach, "cloze"), LARGE) as seat:
        await seat.press("1", "0", "0", "tab", "4", "2", "9", "enter", "4")
        text = seen(seat.app)
        assert "lets [200] through around a boundary" in text and "you typed 100" in text
    assert filled("a {{1}} b", ["x*y"]) == r"a **[x\*y]** b"


def test_places_and_numbers_of_an_order_agree() -> None:
    """Numbers run from 1 to the end; what ties belongs at either place, and that is said once."""
    source = {"title": "RFC 9110", "url": "https://www.rfc-editor.org/rfc/rfc9110", "kind": "rfc"}
    fields: dict[str, Any] = {"id": "o", "kind": "order", "topic": "t", "level": "mid", "prompt": "p", "why": "w"}
    question = OrderQuestion(**fields, sequence=("one", ("two", "three"), "four"), sources=(source,))
    ask = Ask(question, (0, 1, 2, 3), 1, 1, False)
    given = [1, 0, 2, 3]
    waits = dict.fromkeys(Rating, timedelta(days=1))
    rows = part_rows(Reveal(ask, given, 70, grade(question, given), {}, Rating.AGAIN, waits))
    told = [(row.mark.strip(), str(row.text), *(str(note) for _, note in row.notes)) for row in rows if row.mark]
    assert told[:2] == [("✗ 1.", "two", "belongs at 2 or 3"), ("✗ 2.", "one", "belongs at 1")]
    right = [("1.", "one"), ("2.", "two"), ("3.", "three", "(2 and 3 may stand in any order)"), ("4.", "four")]
    assert told[4:] == right


def test_the_keys_inside_answers_are_those_that_work() -> None:
    """Help lists keys of answers as data; each is bound by some answer, bet or rating, letters apart."""
    kinds = (Rows, SingleAnswer, MultiAnswer, OrderAnswer, MatchAnswer, ClozeAnswer, SpotAnswer, OpenAnswer)
    bound = set()
    for binding in chain.from_iterable(
        kind.__dict__.get("BINDINGS", ()) for kind in (*kinds, Confidence, Ratings, Points)
    ):
        assert isinstance(binding, Binding)
        bound |= {key.strip() for key in binding.key.split(",")}
    listed = {key for binding in Answering.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")}
    assert listed - bound <= {"a", "tab"} and {"K", "J", "shift+up", "ctrl+s", "backspace", "space"} <= listed


async def test_the_summary_leads_to_the_section_of_the_question(desk: WorkDesk) -> None:
    """A missed question is named with its topic's title, and Enter opens the section that links to it."""
    async with seated(desk.coach, sitting(desk.coach, "single"), LARGE) as seat:
        await seat.press("i", "1", "i", "1", "i", "1", "i", "1")
        assert isinstance(seat.screen, SummaryScreen)
        title = next(topic.title for topic in desk.coach.index.topics if topic.id == "day-44")
        text = seen(seat.app)
        assert f"Day 44, {title}" in text and "day-44" not in text
        await seat.press("enter")
        assert seat.screen.query_one("SectionView").place == "day-44/gateway"  # type: ignore[attr-defined]
