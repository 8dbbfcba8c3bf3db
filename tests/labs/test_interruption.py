"""Whatever ends a verb early, and whatever somebody does behind our back: nothing is left, nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.labs.engine.inmemory import MemoryEngine
from tests.labs.sitting import ANSWER, Learner, learner, only, said
from tutor.errors import MachineError
from tutor.labs.engine.base import Action, Plan, Running
from tutor.labs.news import Briefed, Checked, Faulted, Reported, ResetDone, Stopped
from tutor.labs.run import Entry

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has started nothing yet."""
    yield from learner(tmp_path)


@pytest.fixture
def started(ana: Learner) -> Learner:
    """A learner who has just started the lab."""
    list(ana.session().start())
    return ana


def _closed_after(number: int, stream: Any) -> bool:
    """Close a verb after so many of its values; False when it had come to its end before."""
    for _ in range(number):
        if next(stream, None) is None:
            return False
    stream.close()
    return True


def _engine(ana: Learner) -> MemoryEngine:
    return MemoryEngine(ana.world)


def _running(ana: Learner) -> Running:
    running = ana.run().running
    assert running is not None
    return running


def test_a_start_that_is_interrupted_leaves_nothing(ana: Learner) -> None:
    """At whatever moment: no system, no run, no workspace, no lock."""
    whole = len(list(ana.session().start()))
    list(ana.session().stop())
    for number in range(1, whole):
        assert _closed_after(number, ana.session().start())
        assert (ana.projects, [path for path in ana.data.rglob("*") if path.is_file()]) == ({}, [])
    assert whole > 6


def test_a_start_that_fails_leaves_nothing(ana: Learner) -> None:
    """The engine gives up on the third part."""
    ana.world.up_breaks_at = 3
    with pytest.raises(MachineError, match="orders does not start"):
        list(ana.session().start())
    assert (ana.projects, [path for path in ana.data.rglob("*") if path.is_file()]) == ({}, [])
    ana.world.up_breaks_at = 0
    assert only(Briefed, ana.session().start())


def test_a_workspace_with_edits_survives_a_start_that_fails(started: Learner) -> None:
    """It was there before."""
    started.edit("ANSWER = 5\n")
    list(started.session().stop())
    started.world.up_breaks_at = 1
    with pytest.raises(MachineError):
        list(started.session().start())
    assert (started.workspace / ANSWER).read_text() == "ANSWER = 5\n"


def test_a_check_that_is_interrupted_leaves_no_fault(started: Learner) -> None:
    """At whatever moment; and the learner's own fault is in force again."""
    list(started.session().skip())
    list(started.session().fault_on("redis-dead"))
    for number in count(1):
        if not _closed_after(number, started.session().check("mend")):
            break
        assert [entry.fault for entry in started.run().faults] == ["redis-dead"]
        assert started.project.shop.faults.get("orders", {}) == {}
        assert started.project.facts["redis"][0].state == "exited"
    assert number > 8


def test_a_reset_that_is_interrupted_can_be_started_again(started: Learner) -> None:
    """At whatever moment; the learner's files are in the backup."""
    for number in count(1):
        started.edit(f"ANSWER = {number + 10}\n")
        if not _closed_after(number, started.session().reset()):
            break
        assert only(Briefed, started.session().start())
        assert started.verdicts(started.session().check())["orders-answers"] == "fail"
    kept = [path.read_text() for path in started.data.glob(f"small-lab/workspace-*/{ANSWER}")]
    assert f"ANSWER = {number + 10}\n" in kept
    assert number > 4


def test_a_stop_that_is_interrupted_can_be_done_again(started: Learner) -> None:
    """And a start after it tidies up first."""
    assert _closed_after(1, started.session().stop())
    assert started.run().state == "stopping"
    assert "do it again: tutor lab stop small-lab" in started.session().status().trouble[0]
    with pytest.raises(MachineError, match="was cut off"):
        list(started.session().check())
    assert only(Stopped, started.session().stop())
    assert started.projects == {}
    list(started.session().start())
    _closed_after(1, started.session().stop())
    told = list(started.session().start())
    assert "was cut off" in said(iter(told))
    assert started.run().state == "running"


@pytest.mark.parametrize("number", [1, 3, 7])
def test_a_killed_process_leaves_no_lock_and_no_half_start(ana: Learner, number: int) -> None:
    """`kill -9` in the middle of a start, in a process of its own; the next start succeeds."""
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom tests.labs.sitting import learner\n"
        f"for ana in learner(Path({str(ana.folder)!r})):\n"
        f"    for at, _ in enumerate(ana.session().start(), 1):\n        at == {number} and os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -9
    assert (ana.data / "small-lab.lock").exists()
    told = list(ana.session().start())
    assert only(Briefed, iter(told))
    assert ana.verdicts(ana.session().check())["orders-answers"] == "fail"
    list(ana.session().stop())
    assert [path for path in ana.data.rglob("*") if path.is_file()] == []


def test_what_a_killed_check_has_left_is_undone_by_whoever_comes_next(started: Learner) -> None:
    """The journal was written before the fault was."""
    entry = Entry("redis-dead", "Redis is killed", "redis", "check", {"do": "start", "instance": ""})
    for verb in ("check", "start"):
        _engine(started).act(_running(started), Action("kill", "redis"))
        started.site().file.update(lambda run: replace(run, faults=(entry,)))
        told = list(getattr(started.session(), verb)())
        assert Faulted("redis-dead", "Redis is killed", False) in told
        assert started.run().faults == ()
        assert started.project.facts["redis"][0].state == "running"


def test_a_damaged_run_is_set_aside_and_what_was_started_is_removed(started: Learner) -> None:
    """By `start`, which begins anew, or by `stop`; other verbs say what to do."""
    path = started.site().file.path
    path.write_text("{")
    with pytest.raises(MachineError, match="set aside"):
        list(started.session().check())
    path.write_text("{")
    assert "set aside" in started.session().status().trouble[0]
    path.write_text("{")
    told = list(started.session().start())
    assert "set aside" in said(iter(told))
    assert "still there; removing it" in said(iter(told))
    path.write_text("{")
    assert only(Stopped, started.session().stop())
    assert started.projects == {}


def test_a_workspace_that_was_deleted_is_broken_and_a_reset_makes_it_anew(started: Learner) -> None:
    """No check blames the learner for files that are gone."""
    import shutil

    shutil.rmtree(started.workspace)
    told = list(started.session().check())
    [checked] = only(Checked, iter(told))
    assert {one.verdict for one in checked.step.checks} == {"broken"}
    assert [one.report for one in only(Reported, iter(told))] == list(checked.step.checks)
    assert "tutor lab reset" in checked.step.checks[0].note
    assert "tutor lab reset" in started.session().status().trouble[0]
    for verb in (started.session().apply, started.session().skip):
        with pytest.raises(MachineError, match="tutor lab reset"):
            list(verb())
    assert "tutor lab reset" in said(started.session().start())
    [done] = only(ResetDone, started.session().reset())
    assert done.backup is None
    assert started.verdicts(started.session().check())["orders-answers"] == "fail"


def test_a_system_that_was_removed_is_started_anew(started: Learner) -> None:
    """`docker rm -f` of everything: said by status, broken for checks, mended by start."""
    list(_engine(started).down(_running(started).project))
    assert started.session().status().state == "lost"
    assert set(started.verdicts(started.session().check()).values()) <= {"broken", "blocked"}
    started.edit("ANSWER = 1\n")
    told = list(started.session().start())
    assert "starting it anew" in said(iter(told))
    assert set(started.verdicts(started.session().check()).values()) == {"pass"}


@pytest.mark.parametrize("do", ["stop", "kill", "pause", "disconnect"])
def test_a_part_that_was_stopped_is_started_again(started: Learner, do: Any) -> None:
    """By hand, or by a reboot of the engine; the data is what it was, and nothing else is touched."""
    started.project.shop.database.notes["done"] = "mended"
    before = _running(started)
    for part in ("orders", "redis"):
        _engine(started).act(before, Action(do, part))
    told = list(started.session().start())
    assert "orders, redis do not run" in said(iter(told))
    assert (started.project.shop.database.notes, _running(started)) == ({"done": "mended"}, before)
    status = started.session().status()
    assert {(one.state, str(one.inspect["networks"])) for one in status.parts} == {("running", "['mesh']")}


def test_what_the_learner_has_stopped_by_a_fault_stays_stopped(started: Learner) -> None:
    """It was not an accident."""
    list(started.session().fault_on("redis-dead"))
    assert "running already" in said(started.session().start())
    assert started.project.facts["redis"][0].state == "exited"


def test_a_part_that_was_removed_is_made_again(started: Learner) -> None:
    """One container of several: the others keep what they have."""
    started.project.shop.database.notes["done"] = "mended"
    started.project.facts["orders"] = []
    assert {one.part for one in started.session().status().parts if one.state == "absent"} == {"orders"}
    assert "orders does not run" in said(started.session().start())
    assert {one.state for one in started.session().status().parts} == {"running"}
    assert started.project.shop.database.notes == {"done": "mended"}


def test_start_of_what_runs_finds_it_again(started: Learner) -> None:
    """In another terminal: nothing is started, and everything is told."""
    before = _running(started)
    told = list(started.session().start())
    [briefed] = only(Briefed, iter(told))
    assert (briefed.fresh, _running(started)) == (False, before)


def test_an_engine_that_dies_is_said_and_nothing_is_lost(started: Learner) -> None:
    """Status, checks and stop each say so; when it is back, all go on."""
    started.world.broken = "The engine is gone."
    assert "The engine is gone." in started.session().status().trouble[0]
    verdicts = started.verdicts(started.session().check())
    assert set(verdicts.values()) <= {"error", "blocked", "pass"}
    with pytest.raises(MachineError, match=r"The engine is gone\."):
        list(started.session().stop())
    started.world.broken = ""
    assert only(Stopped, started.session().stop())
    assert started.projects == {}


def test_accounts_that_cannot_be_made_are_made_when_they_are_needed(ana: Learner) -> None:
    """A lab may ship with a gateway that lets nobody register."""
    session = ana.session()
    engine: Any = session.site.engines["docker"]
    up = engine.up

    def closed(plan: Plan, project: str) -> Iterator[Any]:
        for told in up(plan, project):
            if isinstance(told, Running):
                ana.project.shop.users_work = False
            yield told

    engine.up = closed
    told = list(session.start())
    assert "There are no accounts yet" in said(iter(told))
    ana.project.shop.users_work = True
    [checked] = only(Checked, ana.session().check("note"))
    assert checked.step.checks[0].verdict == "fail"
    assert set(ana.run().accounts) == {"customer"}
