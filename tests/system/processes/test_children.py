"""Children with children of their own, and ports that are given once."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from processes.child import Child
from processes.family import descendants, is_stopped
from processes.leash import Leash
from processes.ports import FIRST, free_ports

# A parent whose own child is in a session of its own, as those of PostgreSQL are.
PARENT = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True); time.sleep(600)"
)


@pytest.fixture
def family() -> Iterator[Child]:
    """A child that has started another."""
    leash = Leash()
    child = Child("parent", [sys.executable, "-c", PARENT], leash=leash, env=dict(os.environ))
    child.start()
    _until(lambda: bool(descendants(child.pid)))
    yield child
    child.kill()
    leash.release()


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to that")


def test_a_pause_stops_all_of_them(family: Child) -> None:
    """Also those in a session of their own; resuming lets all go on."""
    [other] = descendants(family.pid)
    family.pause()
    _until(lambda: is_stopped(family.pid) and is_stopped(other))
    family.resume()
    _until(lambda: not is_stopped(family.pid) and not is_stopped(other))


def test_a_kill_ends_all_of_them(family: Child) -> None:
    """Nobody is left who could hold a port or a file."""
    [other] = descendants(family.pid)
    family.kill()
    _until(lambda: not _exists(other))
    assert not family.running


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_port_is_given_once() -> None:
    """What will listen on it may not have started yet."""
    given = [port for _ in range(40) for port in free_ports(5)]
    assert len(set(given)) == len(given) and min(given) >= FIRST
