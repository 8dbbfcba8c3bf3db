"""Several proofs, one table: one after the other or at once, and what happens to all when one is broken off."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.labs.making import lab, lab_data
from tutor.cli.labproof import proofs, wanted
from tutor.cli.start import Interrupted
from tutor.errors import MachineError
from tutor.labs.definition import Lab
from tutor.labs.news import News, Said
from tutor.labs.report import Row

GOOD = {"shipped": True, "solved": True, "twice": True, "killed": True, "reset": True, "clean": True}

ENDLESS = Row("endless", "docker")
"""A proof in the middle of which somebody presses Ctrl-C, and that would go on for ever."""


class Labs:
    """Proofs that end as told; `together` is a barrier that each has to reach before any goes on."""

    def __init__(
        self,
        rows: dict[str, Row | Exception],
        together: threading.Barrier | None = None,
        pressed: signal.Signals = signal.SIGINT,
    ) -> None:
        self._rows = rows
        self._together = together
        self._pressed = pressed
        self.closed: list[str] = []
        self.later: dict[str, Row | Exception] = {}
        """What comes of a lab at the second time."""

    def proof(self, lab: str, engine: str) -> Iterator[News | Row]:
        """Says one thing, and comes to its row or its error."""
        try:
            yield Said("as shipped")
            if self._together is not None:
                self._together.wait(30)
            row = self._rows[lab]
            self._rows |= {lab: self.later.pop(lab, row)}
            if isinstance(row, Exception):
                raise row
            if row is ENDLESS and lab == "a":
                os.kill(os.getpid(), self._pressed)
            while row is ENDLESS:
                yield Said("still at it")
            yield row
        finally:
            if self._rows[lab] is ENDLESS:
                os.kill(os.getpid(), self._pressed)  # somebody has no patience
            self.closed.append(lab)


def _row(lab: str, **changes: Any) -> Row:
    return Row(lab, "docker", **{**GOOD, "wrong": (2, 2), "alternatives": (0, 0), **changes})


def _proofs(labs: Labs, *names: str, jobs: int = 1, tries: int = 1) -> bool:
    return proofs(cast(Any, labs), [(name, "docker") for name in names], jobs, tries)


def test_the_table_comes_last_and_names_every_problem(capsys: pytest.CaptureFixture[str]) -> None:
    """One that fails, and one that cannot be done, stop none of the others."""
    labs = Labs({"a": _row("a", reset=False, problems=("reset: x",)), "b": MachineError("No engine."), "c": _row("c")})
    assert not _proofs(labs, "a", "b", "c")
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0].startswith("lab") and [line.split()[0] for line in lines[2:]] == ["a", "reset:", "b", "No", "c"]
    assert shown.err == "as shipped\n" * 3
    assert _proofs(labs, "c") and not _proofs(labs)


def test_several_at_once_say_whose_words_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """They run at the same time, and the table is in the order that was asked for."""
    labs = Labs({"a": _row("a"), "b": _row("b")}, threading.Barrier(2))
    assert _proofs(labs, "a", "b", jobs=2)
    shown = capsys.readouterr()
    assert sorted(shown.err.splitlines()) == ["a on docker | as shipped", "b on docker | as shipped"]
    assert [line.split()[0] for line in shown.out.splitlines()[2:]] == ["a", "b"]


def test_one_that_does_not_hold_is_tried_again_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The row says how often, with what was wrong before; what never holds has not held."""
    labs = Labs({"a": _row("a", solved=False, problems=("solved: x",)), "b": _row("b")})
    assert not _proofs(labs, "a", "b", tries=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith(("a ", "b "))] == ["2", "1"]
    assert [line.strip() for line in lines if "solved: x" in line] == ["solved: x", "before: solved: x"]
    labs.later["a"] = _row("a")
    assert _proofs(labs, "a", tries=2)
    assert "before: solved: x" in capsys.readouterr().out


@pytest.mark.parametrize("pressed", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_of_them(pressed: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cleans up, however often one is told to hurry; what has not begun does not begin. Afterwards signals mean
    what they meant before.
    """
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    labs = Labs({"a": ENDLESS, "b": ENDLESS, "never": _row("never")}, threading.Barrier(2), pressed)
    with pytest.raises(Interrupted, match="Everything that was started is removed"):
        _proofs(labs, "a", "b", "never", jobs=2)
    assert sorted(labs.closed) == ["a", "b"]
    assert "Interrupted; what was started is being removed." in capsys.readouterr().err
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_what_may_wait_longest_is_proved_first() -> None:
    """And each lab on each engine that it runs on, or on the one that was asked for."""
    both = {"system": {**lab_data()["system"], "engines": ["docker", "local"]}}
    patient = lab_data(id="patient-lab", **both)
    patient["steps"][0]["checks"][0]["eventually"] = {"within": "50s"}
    known = [SimpleNamespace(lab=lab(id="a-lab", **both)), SimpleNamespace(lab=Lab.model_validate(patient))]
    labs = cast(Any, SimpleNamespace(rows=lambda: known))
    everything = [("patient-lab", "docker"), ("patient-lab", "local"), ("a-lab", "docker"), ("a-lab", "local")]
    assert wanted(labs, [], "") == everything
    assert wanted(labs, ["a-lab"], "local") == [("a-lab", "local")]
