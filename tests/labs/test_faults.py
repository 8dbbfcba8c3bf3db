"""Faults are noted before they hurt, undone whatever happens, and never forgotten."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.labs.making import LAB, lab
from tests.labs.running import Started, started
from tutor.errors import MachineError, UsageError
from tutor.labs import faults as module
from tutor.labs.engine.base import Action
from tutor.labs.faults import Faults

FAULTS: list[dict[str, Any]] = [
    {"kind": "service", "id": "slow", "title": "Slow", "part": "orders", "latency_ms": 20, "for_seconds": 60},
    {"kind": "kill", "id": "dead", "title": "Dead", "part": "redis"},
    {"kind": "stop", "id": "stopped", "title": "Stopped", "part": "orders"},
    {"kind": "pause", "id": "second", "title": "Second", "part": "gateway", "instance": 2},
    {"kind": "pause", "id": "third", "title": "Third", "part": "gateway", "instance": 3},
    {"kind": "disconnect", "id": "cut", "title": "Cut off", "part": "redis"},
    {"kind": "provider", "id": "declines", "title": "Declines", "part": "payments", "behaviour": {"decline_rate": 1}},
    {"kind": "provider", "id": "poison", "title": "Poison", "part": "notifications",
     "behaviour": {"channel": "email", "failure_rate": 1}},
]  # fmt: skip
SYSTEM = {
    "parts": ["gateway", "users", "orders", "payments", "notifications", "redis"],
    "replicas": {"gateway": 2},
    "engines": ["docker"],
    "engine_note": "It is about containers.",
}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Started]:
    """A system with everything that can be hurt."""
    steps = [{**step, "checks": [{**check, "under": []} for check in step["checks"]]} for step in LAB["steps"]]
    with started(tmp_path, faults=FAULTS, system=SYSTEM, steps=steps) as made:
        yield made


def _faults(small: Started) -> Faults:
    return Faults(small.found.lab.faults, small.engine, small.running, small.file, small.ready, lambda _seconds: None)


def _asked(small: Started, name: str, path: str) -> Any:
    with urllib.request.urlopen(f"http://{small.running.addresses[name]}{path}") as answer:
        return json.load(answer)


def _states(small: Started, part: str) -> list[str]:
    return [one.state for one in small.engine.inspector(small.running).facts(part)]


def test_parts_are_stopped_killed_paused_and_cut_off_and_come_back(small: Started) -> None:
    """Each by the engine, one instance where the lab says so; afterwards all is as before."""
    faults = _faults(small)
    told = faults.inject(["dead", "stopped", "second"])
    assert [(one.fault, one.on) for one in told] == [("dead", True), ("stopped", True), ("second", True)]
    assert (_states(small, "redis"), _states(small, "orders")) == (["exited"], ["exited"])
    assert _states(small, "gateway") == ["running", "paused"]
    assert [one.fault for one in faults.undo()] == ["second", "stopped", "dead"]
    faults.inject(["cut"])
    assert small.project.facts["redis"][0].inspect == {"networks": []}
    faults.undo()
    for part in SYSTEM["parts"]:
        assert set(_states(small, part)) == {"running"}
        assert small.ready(part)
    assert small.run().faults == ()


def test_services_and_providers_are_told_and_told_to_stop(small: Started) -> None:
    """Through the gated endpoints of the ops port, with exactly what the lab asks for."""
    faults = _faults(small)
    faults.inject(["slow", "declines", "poison"])
    fault = _asked(small, "orders.ops", "/faults")
    assert (fault["latency_ms"], fault["for_seconds"], fault["hang"]) == (20, 60.0, False)
    assert _asked(small, "payments.ops", "/provider/behaviour") == {"decline_rate": 1}
    assert _asked(small, "notifications.ops", "/channels/behaviour") == [{"channel": "email", "failure_rate": 1}]
    faults.undo()
    assert _asked(small, "orders.ops", "/faults") == {"active": False}
    assert _asked(small, "payments.ops", "/provider/behaviour") == {}
    assert _asked(small, "notifications.ops", "/channels/behaviour") == []


def test_a_fault_is_on_disk_before_it_hurts(small: Started) -> None:
    """So that whoever comes after `kill -9` can undo it, with nothing but what is on disk."""
    noted: list[list[str]] = []
    act = small.engine.act

    def noting(running: Any, action: Action) -> None:
        noted.append([entry.fault for entry in small.run().faults])
        act(running, action)

    small.engine.act = noting  # type: ignore[method-assign]
    _faults(small).inject(["dead"])
    assert noted == [["dead"]]
    later = Faults([], small.engine, small.running, small.file, small.ready)
    assert [one.fault for one in later.undo()] == ["dead"]
    assert _states(small, "redis") == ["running"]


def test_what_cannot_be_undone_stays_noted(small: Started) -> None:
    """The others are undone all the same, and the next attempt succeeds."""
    faults = _faults(small)
    faults.inject(["declines", "slow"])
    small.engine.act(small.running, Action("stop", "payments"))
    with pytest.raises(MachineError, match="payments does not answer about faults"):
        faults.undo()
    assert [entry.fault for entry in small.run().faults] == ["declines"]
    small.engine.act(small.running, Action("start", "payments"))
    assert [one.fault for one in faults.undo()] == ["declines"]
    assert small.run().faults == ()


def test_a_fault_that_lived_in_a_process_that_is_gone_is_undone(small: Started) -> None:
    """It needs nobody to tell it."""
    faults = _faults(small)
    faults.inject(["slow"])
    small.engine.act(small.running, Action("kill", "orders"))
    assert [one.fault for one in faults.undo()] == ["slow"]


def test_a_part_that_does_not_come_back_is_a_sentence(small: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays noted."""
    monkeypatch.setattr(module, "PATIENCE", 0.4)
    faults = Faults(
        small.found.lab.faults, small.engine, small.running, small.file, lambda _part: False, lambda _s: None
    )
    faults.inject(["dead"])
    with pytest.raises(MachineError, match="redis does not come back"):
        faults.undo()
    assert [entry.fault for entry in small.run().faults] == ["dead"]


def test_a_paused_service_is_not_waited_for_without_end(small: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that never comes uses up the patience, too."""
    monkeypatch.setattr(module, "SECONDS", 0.05)
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    faults = _faults(small)
    faults.inject(["slow"])
    small.engine.act(small.running, Action("pause", "orders"))
    with pytest.raises(MachineError, match=r"within 0\.05 s"):
        faults.undo()


def test_what_is_in_force_already_is_left_alone(small: Started) -> None:
    """A check under a fault that the learner has put in force neither doubles nor ends it."""
    faults = _faults(small)
    faults.inject(["slow"], by="learner")
    assert faults.inject(["slow"]) == []
    assert faults.undo() == []
    assert [entry.by for entry in small.run().faults] == ["learner"]
    assert [one.fault for one in faults.undo(by="learner", faults=["slow"])] == ["slow"]


def test_unknown_faults_and_instances_are_sentences(small: Started) -> None:
    """The lab's faults are named; an instance that is not there hurts nothing."""
    with pytest.raises(UsageError, match="declines"):
        _faults(small).inject(["hang"])
    with pytest.raises(MachineError, match="has 2 instances"):
        _faults(small).inject(["third"])
    assert small.run().faults == ()


def test_an_engine_that_is_gone_is_a_sentence(small: Started) -> None:
    """What only it can undo stays noted."""
    faults = _faults(small)
    faults.inject(["dead", "second"])
    small.engine.world.broken = "The engine is gone."
    with pytest.raises(MachineError, match=r"The engine is gone\."):
        faults.undo()
    assert len(small.run().faults) == 2
    small.engine.world.broken = ""
    faults.undo()
    assert small.run().faults == ()


def test_the_parts_that_faults_hurt_are_known(small: Started) -> None:
    """For the evaluation, which must not take them for damage."""
    assert _faults(small).parts(["slow", "dead"]) == {"orders", "redis"}


def test_a_fault_that_does_nothing_is_refused() -> None:
    """A lab has to say what goes wrong."""
    nothing = [{"kind": "service", "id": "orders-slow", "title": "Nothing", "part": "orders"}]
    with pytest.raises(ValidationError, match="say what goes wrong"):
        lab(faults=nothing)
