"""Labs side by side, and one instead of another: no lab touches the system of another one, and none is ever lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.labs.making import lab_data, write_lab
from tests.labs.sitting import ANSWER, Learner, learner, only, said
from tutor.errors import MachineError, UsageError
from tutor.labs.library import Library
from tutor.labs.news import Briefed, Stopped
from tutor.labs.run import Busy
from tutor.labs.session import Session
from tutor.labs.site import AT_ONCE, Site

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner at the small lab, who has just started it."""
    for made in learner(tmp_path):
        list(made.session().start())
        yield made


def _site(ana: Learner, lab: str = "other-lab") -> Site:
    labs = ana.folder / "labs"
    write_lab(labs, lab_data(id=lab))
    return replace(ana.site(), found=Library(labs).open(lab))


def _other(ana: Learner, lab: str = "other-lab") -> Session:
    return Session(_site(ana, lab))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_labs_at_once_have_systems_of_their_own(ana: Learner) -> None:
    """Stopping one leaves the other; its name is free again then."""
    list(_other(ana).start())
    names = {ana.run().project, _site(ana).run()[0].project}
    assert names == set(ana.projects) and len(names) == 2
    list(ana.session().stop())
    assert set(ana.projects) == {_site(ana).run()[0].project}
    list(_other(ana, "third-lab").start())
    assert set(ana.projects) == names


def test_more_labs_than_a_machine_bears_are_refused(ana: Learner) -> None:
    """The one too many leaves nothing behind."""
    for number in range(2, AT_ONCE + 1):
        list(_other(ana, f"lab-{number}").start())
    with pytest.raises(UsageError, match=f"{AT_ONCE} labs are in progress"):
        list(_other(ana, "lab-too-many").start())
    assert len(ana.projects) == AT_ONCE
    assert _files(ana.data / "lab-too-many") == []


def test_a_lab_started_instead_takes_the_system_over_emptied(ana: Learner) -> None:
    """The first one is stopped, with edits kept as by any stop; what it left in the system is gone."""
    ana.edit("ANSWER = 5\n")
    project = ana.run().project
    ana.project.shop.database.notes["done"] = "mended"
    told = list(_other(ana).start(instead=ana.session()))
    assert [one.lab for one in only(Stopped, iter(told))] == ["small-lab"]
    assert [one.lab for one in only(Briefed, iter(told))] == ["other-lab"]
    assert (list(ana.projects), _site(ana).run()[0].project) == ([project], project)
    assert ana.project.shop.database.notes == {}
    assert ana.project.plan.lab == "other-lab"
    assert (ana.site().file.read(), (ana.workspace / ANSWER).read_text()) == (None, "ANSWER = 5\n")
    list(ana.session().start())
    assert len(ana.projects) == 2


def test_instead_of_what_does_not_run_it_starts_by_itself(ana: Learner) -> None:
    """Stopped, or half started: there is nothing to take over, and nothing is left of it."""
    ana.site().file.update(lambda run: replace(run, state="starting"))
    list(_other(ana).start(instead=ana.session()))
    assert len(ana.projects) == 1
    list(ana.session().start(instead=_other(ana, "never-lab")))
    assert len(ana.projects) == 2


def test_instead_when_it_runs_already_the_other_is_only_stopped(ana: Learner) -> None:
    """Its own system goes on."""
    list(_other(ana).start())
    mine = _site(ana).run()[0].project
    told = list(_other(ana).start(instead=ana.session()))
    assert [one.fresh for one in only(Briefed, iter(told))] == [False]
    assert set(ana.projects) == {mine}


def test_a_lab_that_is_busy_hands_nothing_over(ana: Learner) -> None:
    """Another terminal works on it; both stay as they were."""
    with ana.site().busy("check"), pytest.raises(Busy, match="check"):
        list(_other(ana).start(instead=ana.session()))
    assert ana.run().state == "running" and len(ana.projects) == 1
    assert _files(ana.data / "other-lab") == []


def test_a_hand_over_that_ends_early_leaves_nothing(ana: Learner) -> None:
    """At whatever moment it is closed: the one lab goes on, or neither is there."""
    whole = len(list(_other(ana).start(instead=ana.session())))
    list(_other(ana).stop())
    for number in range(1, whole):
        list(ana.session().start())
        stream = _other(ana).start(instead=ana.session())
        for _ in range(number):
            next(stream)
        stream.close()  # type: ignore[attr-defined]
        kept = ana.site().file.read()
        assert set(ana.projects) == ({kept.project} if kept else set())
        assert _files(ana.data / "other-lab") == []
        list(ana.session().stop())
    assert whole > 8


def test_a_hand_over_that_fails_leaves_nothing(ana: Learner) -> None:
    """The engine gives up on the second part."""
    ana.world.up_breaks_at = 2
    with pytest.raises(MachineError):
        list(_other(ana).start(instead=ana.session()))
    assert ana.projects == {}
    assert _files(ana.data) == []


@pytest.mark.parametrize("number", [2, 4, 5, 8])
def test_a_hand_over_that_is_killed_can_be_tidied_up(ana: Learner, number: int) -> None:
    """`kill -9`, in a process of its own: both labs can be started afterwards, and stopped, and nothing is left."""
    code = (
        "import os\nfrom pathlib import Path\nfrom tests.labs.sitting import learner\n"
        "from tests.labs.test_stopping import _other\n"
        f"for ana in learner(Path({str(ana.folder)!r})):\n"
        "    list(ana.session().start())\n"
        "    for at, _ in enumerate(_other(ana).start(instead=ana.session()), 1):\n"
        f"        at == {number} and os.kill(os.getpid(), 9)\n"
    )
    list(ana.session().stop())
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=False).returncode == -9
    for session in (_other(ana), ana.session()):
        assert only(Briefed, session.start())
    assert len(ana.projects) == 2
    for session in (ana.session(), _other(ana)):
        list(session.stop())
    assert (ana.projects, _files(ana.data)) == ({}, [])


def test_a_system_that_no_lab_remembers_is_removed_by_whoever_comes_next(ana: Learner) -> None:
    """The run's file was lost: the next start removes what it finds, a stop of any lab as well; never another's."""
    ana.site().file.remove()
    told = list(_other(ana).start())
    assert "still there; removing it" in said(iter(told))
    list(ana.session().stop())
    assert set(ana.projects) == {_site(ana).run()[0].project}
    _site(ana).file.remove()
    list(ana.session().stop())
    assert ana.projects == {}
