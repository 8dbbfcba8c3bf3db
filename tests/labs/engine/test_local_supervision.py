"""What only processes can get wrong: a supervisor that is killed, a tutor that is, parts that die, a full disk."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from processes.family import descendants
from tests.labs.engine.contract import NAME
from tutor.errors import MachineError
from tutor.labs.engine.base import Action, Plan, Running
from tutor.labs.engine.local.dependencies import Dependencies
from tutor.labs.engine.local.engine import LocalEngine, NotReady

SYSTEM = Path(__file__).resolve().parents[3] / "labs" / "system"
pytestmark = pytest.mark.xdist_group("labs as processes")
PLAN = Plan("contract", ("observer", "redis"))
"""One service and one server: what starts soonest."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    """An engine with a home of its own; afterwards nothing of it is left."""
    made = _engine(tmp_path)
    yield made
    list(made.down(NAME))


def _engine(place: Path) -> LocalEngine:
    return LocalEngine(place / "home", SYSTEM, Dependencies(place / "cache", SYSTEM))


def _up(engine: LocalEngine, plan: Plan = PLAN) -> Running:
    *_, running = engine.up(plan, NAME)
    assert isinstance(running, Running)
    return running


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def _place(tmp_path: Path) -> dict[str, str | int]:
    found: dict[str, str | int] = json.loads((tmp_path / "home" / f"{NAME}.local.json").read_text())
    return found


def test_a_killed_supervisor_takes_everything_along_and_stop_cleans(engine: LocalEngine, tmp_path: Path) -> None:
    """`kill -9` of it leaves no process and no port; the lab is seen to be gone; down removes every file."""
    running = _up(engine, Plan("contract", (*PLAN.parts, "users-db")))
    place = _place(tmp_path)
    pids = descendants(int(place["pid"]))
    assert len(pids) > 5  # PostgreSQL alone has more
    os.kill(int(place["pid"]), signal.SIGKILL)
    _until(lambda: not any(map(_exists, pids)))
    assert not engine.find(NAME) and engine.inspector(running).facts("redis") == []
    with pytest.raises(MachineError, match="runs any more"):
        engine.act(running, Action("restart", "redis"))
    list(engine.down(NAME))
    assert not any(map(_listens, running.addresses.values()))
    assert list((tmp_path / "home").iterdir()) == [] and not Path(str(place["folder"])).exists()


@pytest.mark.rabbitmq
def test_a_killed_supervisor_leaves_no_broker(engine: LocalEngine, tmp_path: Path) -> None:
    """Neither the node nor the port mapper that Erlang would leave behind for ever."""
    _up(engine, Plan("contract", ("rabbitmq",)))
    place = _place(tmp_path)
    pids = descendants(int(place["pid"]))
    os.kill(int(place["pid"]), signal.SIGKILL)
    _until(lambda: not any(map(_exists, pids)))
    list(engine.down(NAME))
    assert not Path(str(place["folder"])).exists()


def test_a_start_after_a_killed_supervisor_begins_anew(engine: LocalEngine, tmp_path: Path) -> None:
    """What was left is removed first."""
    _up(engine)
    old = _place(tmp_path)
    os.kill(int(old["pid"]), signal.SIGKILL)
    running = _up(engine)
    assert _place(tmp_path)["pid"] != old["pid"] and not Path(str(old["folder"])).exists()
    assert all(map(_listens, running.addresses.values()))


def test_a_supervisor_that_hangs_is_ended(engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped by a signal it answers nobody; that is said, and `stop` ends it all the same."""
    from tutor.labs.engine.local import hold

    monkeypatch.setattr(hold, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(hold, "END_SECONDS", 5.0)
    running = _up(engine)
    place = _place(tmp_path)
    os.kill(int(place["pid"]), signal.SIGSTOP)
    list(engine.down(NAME))
    assert not any(map(_listens, running.addresses.values()))
    assert not Path(str(place["folder"])).exists()


START = """
import sys
from pathlib import Path
from tests.labs.engine.test_local_supervision import PLAN, NAME, _engine
for told in _engine(Path(sys.argv[1])).up(PLAN, NAME):
    print(type(told).__name__, flush=True)
import time
time.sleep(600)
"""


def test_a_system_outlives_the_tutor_that_started_it(engine: LocalEngine, tmp_path: Path) -> None:
    """`kill -9` of the tutor and a hang-up of its terminal change nothing; another tutor finds it."""
    tutor = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(SYSTEM)},  # where the tests find `processes`
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with tutor:
        assert tutor.stdout is not None
        assert any(line.strip() == "Running" for line in tutor.stdout)
        os.killpg(tutor.pid, signal.SIGHUP)
        tutor.kill()
    assert engine.find(NAME)
    running = _up(engine)
    assert {one.state for one in engine.inspector(running).facts()} == {"running"}


def test_a_part_that_dies_is_seen_with_its_last_words(engine: LocalEngine) -> None:
    """Nobody starts it again behind one's back; its log stays; starting it brings it back."""
    running = _up(engine)
    inspector = engine.inspector(running)
    [before] = inspector.facts("observer")
    os.kill(int(before.inspect["pid"]), signal.SIGTERM)
    _until(lambda: inspector.facts("observer")[0].state == "exited")
    [facts] = inspector.facts("observer")
    assert (facts.exit_code, facts.health) == (0, "none")
    lines = inspector.logs("observer", running.started - timedelta(minutes=5), 50)
    assert lines[-1].fields["message"] == "stopped" and lines[-1].instance == "observer-1"
    engine.act(running, Action("start", "observer"))
    _until(lambda: inspector.facts("observer")[0].health == "healthy")


def test_a_service_that_lost_what_it_needs_is_unhealthy_and_not_starting(engine: LocalEngine) -> None:
    """It was ready once: from then on its own word counts."""
    running = _up(engine, Plan("contract", ("inventory", "saga-db")))
    engine.act(running, Action("stop", "saga-db"))
    _until(lambda: engine.inspector(running).facts("inventory")[0].health == "unhealthy")
    engine.act(running, Action("restart", "inventory"))
    _until(lambda: engine.inspector(running).facts("inventory")[0].health == "starting")
    engine.act(running, Action("start", "saga-db"))
    _until(lambda: engine.inspector(running).facts("inventory")[0].health == "healthy")


def test_a_part_that_is_stopped_by_hand_is_seen_as_paused(engine: LocalEngine) -> None:
    """The state is that of the process, not what we did to it."""
    running = _up(engine)
    [before] = engine.inspector(running).facts("redis")
    os.kill(int(before.inspect["pid"]), signal.SIGSTOP)
    _until(lambda: engine.inspector(running).facts("redis")[0].state == "paused")
    engine.act(running, Action("resume", "redis"))
    _until(lambda: engine.inspector(running).facts("redis")[0].health == "healthy")


def test_only_its_owner_can_ask_and_everything_is_on_the_loopback(engine: LocalEngine, tmp_path: Path) -> None:
    """The socket and the files are private; no address leads elsewhere; each start has secrets of its own."""
    running = _up(engine)
    folder = Path(str(_place(tmp_path)["folder"]))
    for file in (folder / "control", tmp_path / "home" / f"{NAME}.local.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home" / f"{NAME}.logs").stat().st_mode) == 0o700
    assert {address.rpartition(":")[0] for address in running.addresses.values()} == {"127.0.0.1"}
    list(engine.down(NAME))
    assert _up(engine).credentials["redis.password"] != running.credentials["redis.password"]


def test_two_data_directories_do_not_meet(engine: LocalEngine, tmp_path: Path) -> None:
    """The same lab of two learners: ports, secrets and ends of their own."""
    other = _engine(tmp_path / "other")
    try:
        one, two = _up(engine), _up(other)
        assert set(one.addresses.values()).isdisjoint(two.addresses.values())
        list(other.down(NAME))
        assert engine.find(NAME) and not other.find(NAME)
        assert all(map(_listens, one.addresses.values()))
    finally:
        list(other.down(NAME))


def test_a_port_that_somebody_took_meanwhile_is_no_end(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts once more, with others; a part that fails for another reason ends the start."""
    real, failures = LocalEngine._wait, [NotReady("observer", "PORT 20001: Address already in use.")]

    def wait(self: LocalEngine, *arguments: object) -> Iterator[object]:
        if failures:
            raise failures.pop()
        yield from real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalEngine, "_wait", wait)
    told = list(engine.up(PLAN, NAME))
    assert any("took a port" in getattr(one, "text", "") for one in told) and isinstance(told[-1], Running)
    list(engine.down(NAME))
    failures.append(NotReady("observer", "ValueError: no"))
    with pytest.raises(NotReady):
        list(engine.up(PLAN, NAME))
    assert not engine.find(NAME)


def test_a_disk_that_is_full_ends_the_start_with_its_words(tmp_path: Path) -> None:
    """No file may grow, as on a full disk: the part's own words are told, and nothing is left."""
    full = tmp_path / "python"
    full.write_text(f'#!/bin/sh\nulimit -f 1\nexec {sys.executable} "$@"\n')
    full.chmod(0o755)

    class Full(Dependencies):
        def python(self) -> Path:
            return full

    engine = LocalEngine(tmp_path / "home", SYSTEM, Full(tmp_path / "cache", SYSTEM))
    with pytest.raises(MachineError, match="users-db does not get ready"):
        list(engine.up(Plan("contract", ("users-db",)), NAME))
    assert not engine.find(NAME) and list((tmp_path / "home").iterdir()) == []
    assert "Make room" in NotReady("users-db", "could not write: No space left on device").hint


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file is where the folder should be."""
    (tmp_path / "home").write_text("")
    with pytest.raises(MachineError, match="cannot be used"):
        list(_engine(tmp_path).up(PLAN, NAME))
