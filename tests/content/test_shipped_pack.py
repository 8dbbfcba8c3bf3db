"""The pack that ships: it lints clean, and every part of the week has its home in it."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from tutor.content.lint import lint
from tutor.content.models.question import KINDS, OpenQuestion
from tutor.content.placed import PackSource
from tutor.content.source import read_pack
from tutor.paths import bundled_content

WEEK = bundled_content() / "week7"
DAYS = [f"day-{number}" for number in range(43, 49)]


@cache
def source() -> PackSource:
    """The shipped pack, read once."""
    return read_pack(WEEK)


def test_shipped_pack_is_clean() -> None:
    """Lint finds nothing in week 7."""
    assert [str(problem) for problem in lint(WEEK)] == []


def test_each_day_has_a_recap() -> None:
    """Days 43 to 48 each have a recap of several sections, with diagrams, and code in most of the days."""
    recaps = {placed.content.topic: placed.content for placed in source().recaps}
    assert sorted(recaps) == DAYS
    for recap in recaps.values():
        assert len(recap.sections) >= 3
        assert any(section.diagram for section in recap.sections)
    assert sum(any(section.code for section in recap.sections) for recap in recaps.values()) >= 4


def test_each_day_has_eight_questions() -> None:
    """Each day has at least eight questions beside the interview questions, and there are at least sixty."""
    further = [one.content for one in source().questions if not one.content.id.startswith("interview-")]
    per_day = Counter(question.topic for question in further)
    assert {day: per_day[day] >= 8 for day in DAYS} == dict.fromkeys(DAYS, True)
    assert len(further) >= 60


def test_ten_interview_questions_are_open() -> None:
    """The ten interview questions are answered freely, with follow-ups and a note of the interviewer."""
    ten = [placed.content for placed in source().questions if placed.content.id.startswith("interview-")]
    assert [question.id[10:12] for question in ten] == [f"{number:02}" for number in range(1, 11)]
    for question in ten:
        assert isinstance(question, OpenQuestion)
        assert question.followups
        assert question.interviewer_note
        assert len(question.key_points) >= 4
    assert ten[9].diagram


def test_all_eight_kinds_are_used() -> None:
    """Every kind of question occurs at least three times."""
    kinds: Counter[str] = Counter(placed.content.kind for placed in source().questions)
    assert {kind: kinds[kind] >= 3 for kind in KINDS} == dict.fromkeys(KINDS, True)


def test_three_scenarios() -> None:
    """The three mock interviews are there, each with follow-ups that bring a failure."""
    scenarios = {placed.content.id: placed.content for placed in source().scenarios}
    assert sorted(scenarios) == ["notification-system", "orders-ten-times", "payments-down"]
    for scenario in scenarios.values():
        turns = {followup.turn for stage in scenario.stages for followup in stage.followups}
        assert turns == {"deeper", "failure"}


def test_ten_checklist_items_have_evidence() -> None:
    """Each of the ten checklist items names evidence, and nine of them more than one question."""
    items = [placed.content for placed in source().checklist]
    assert len(items) == 10
    assert all(item.questions or item.scenarios for item in items)


def test_ten_tips_are_shown_in_mocks() -> None:
    """There are ten tips, and a stage of some mock shows each that it names."""
    tips = {placed.content.id for placed in source().tips}
    shown = {stage.tip for placed in source().scenarios for stage in placed.content.stages}
    assert len(tips) == 10
    assert shown <= tips


def test_no_broken_glyphs() -> None:
    """No text carries the traces of UTF-8 that was read as something else."""
    broken = re.compile("\u00c3[\u0080-\u00bf]|\u00e2\u20ac|\u011f\u0178|\ufffd")
    files = [path for path in WEEK.rglob("*.yaml") if broken.search(path.read_text(encoding="utf-8"))]
    assert files == []


def test_modelines_lead_to_schemas() -> None:
    """The first line of every content file names a schema that exists."""
    for path in WEEK.rglob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert match, path
        assert (path.parent / match[1]).is_file(), path
