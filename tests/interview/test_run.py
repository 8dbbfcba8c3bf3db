"""A run is a fold over its events, and a result adds up points, criteria and flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core import PACK, START, event
from tutor.content.library import Library
from tutor.content.models.scenario import Scenario
from tutor.event import Event
from tutor.interview.rubric import band, result
from tutor.interview.run import Phase, Run, replay

FULL: list[tuple[str, dict[str, Any], Phase]] = [
    ("clarified", {"text": "How many?", "asked": [0]}, Phase.ANSWER),
    ("stage-answered", {"stage": "scope", "text": "a", "confidence": 80, "seconds": 60.0}, Phase.FOLLOWUP),
    ("followup-answered", {"stage": "scope", "text": "b", "seconds": 10.0}, Phase.FOLLOWUP),
    ("followup-answered", {"stage": "scope", "text": "", "seconds": 0.0}, Phase.GRADE),
    ("stage-graded", {"stage": "scope", "met": ["timeout"], "partly": ["measure"]}, Phase.ANSWER),
    ("stage-answered", {"stage": "queue", "text": "c", "confidence": 40, "seconds": 30.0}, Phase.FOLLOWUP),
    ("followup-answered", {"stage": "queue", "text": "d", "seconds": 0.0}, Phase.GRADE),
    ("stage-graded", {"stage": "queue", "met": [], "partly": []}, Phase.ANSWER),
    ("stage-answered", {"stage": "watch", "text": "e", "confidence": 60, "seconds": 0.0}, Phase.FOLLOWUP),
    ("followup-answered", {"stage": "watch", "text": "f", "seconds": 0.0}, Phase.GRADE),
    ("stage-graded", {"stage": "watch", "met": ["age", "errors"], "partly": []}, Phase.RUBRIC),
    ("interview-graded", {"criteria": {"clear": 4, "sound": 1, "breaks": 3, "runs": 2}, "flags": []}, Phase.DONE),
]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The small scenario."""
    return Library(PACK, tmp_path_factory.mktemp("cache")).scenario("small-talk")


def run(script: Scenario, events: list[Event]) -> Run:
    """The run after these events."""
    return replay("r", script, START, events)


def logged(count: int) -> list[Event]:
    """The first events of a full run."""
    return [event(kind, **body) for kind, body, _ in FULL[:count]]


@pytest.mark.parametrize("count", range(1, len(FULL) + 1))
def test_each_event_leads_to_its_phase(count: int, script: Scenario) -> None:
    """Clarify, answer, follow-ups, grade, stage by stage, then the rubric."""
    assert run(script, logged(count)).phase is FULL[count - 1][2]


def test_a_run_starts_with_clarifying(script: Scenario) -> None:
    """Nothing said yet."""
    it = run(script, [])
    assert (it.phase, it.seconds, it.touched) == (Phase.CLARIFY, 0, START)


def test_an_abandoned_run_has_nothing_left_to_do(script: Scenario) -> None:
    """Given up at any point, it is done and not ended."""
    it = run(script, [*logged(3), event("interview-abandoned")])
    assert (it.phase, it.abandoned, it.ended) == (Phase.DONE, True, False)


@pytest.mark.parametrize(
    "odd",
    [
        event("followup-answered", stage="queue", text="x", seconds=1.0),
        event("followup-answered", stage="gone", text="x", seconds=1.0),
        event("stage-graded", stage="gone", met=["x"], partly=[]),
        event("stage-answered", stage="gone", text="x", confidence=60, seconds=0.0),
        event("invented-tomorrow", anything=1),
    ],
)
def test_events_that_do_not_belong_change_nothing_that_counts(odd: Event, script: Scenario) -> None:
    """Stages that are not in the script any more, replies to nothing and new kinds leave phase and points alone."""
    plain, mixed = run(script, logged(3)), run(script, [odd, *logged(3)])
    assert (mixed.phase, mixed.stage, result(mixed).total) == (plain.phase, plain.stage, result(plain).total)


def test_a_result_as_on_paper(script: Scenario) -> None:
    """Stage shares by weight, stages by minutes, criteria by weight, the mean of both, expectation apart."""
    it = result(run(script, logged(len(FULL))))
    assert it.stages == pytest.approx({"scope": 100 * 2.5 / 3, "queue": 0.0, "watch": 100.0})
    assert it.points == pytest.approx((5 * 250 / 3 + 5 * 100) / 20)
    assert it.rubric == pytest.approx(40 + 0 + 20 * 2 / 3 + 10 / 3)
    assert it.total == pytest.approx((it.points + it.rubric) / 2)
    assert it.dimensions["communication"] == 100
    assert it.expected == 60
    assert it.gap == pytest.approx(60 - it.points)
    assert [(missed.stage, missed.point.id, missed.partly) for missed in it.missed] == [
        ("scope", "measure", True),
        ("queue", "backlog", False),
        ("queue", "twice", False),
    ]


@pytest.mark.parametrize(("flags", "total"), [([], 100), (["forever"], 90), (["forever", "blame"], 69)])
def test_red_flags_cost_and_two_of_them_cap(flags: list[str], total: float, script: Scenario) -> None:
    """Each flag costs ten points; two keep even a perfect run below a hire."""
    events: list[Any] = logged(1)
    for stage in script.stages:
        events.append(event("stage-graded", stage=stage.id, met=[point.id for point in stage.key_points], partly=[]))
    criteria = {criterion.id: 4 for criterion in script.rubric}
    it = result(run(script, [*events, event("interview-graded", criteria=criteria, flags=flags)]))
    assert it.total == pytest.approx(total)


def test_ungraded_runs_are_worth_nothing(script: Scenario) -> None:
    """A fresh run scores 0 and misses nothing yet."""
    it = result(run(script, []))
    assert (it.total, it.missed, it.band) == (0, (), "no hire")


@pytest.mark.parametrize(
    ("total", "name"),
    [
        (100, "strong hire"),
        (85, "strong hire"),
        (84.9, "hire"),
        (70, "hire"),
        (69, "lean no hire"),
        (49.9, "no hire"),
        (0, "no hire"),
    ],
)
def test_bands(total: float, name: str) -> None:
    """The recommendation of each total."""
    assert band(total) == name


def test_flags_never_push_below_zero(script: Scenario, tmp_path: Path) -> None:
    """Nothing made and every flag raised is 0."""
    assert (
        result(run(script, [event("interview-graded", criteria={}, flags=["forever", "shared", "blame"])])).total == 0
    )
