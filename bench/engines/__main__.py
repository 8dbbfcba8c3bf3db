"""`python -m bench.engines [TIMES] [LAB]`: how long a lab takes to start, and how much memory it takes, without Docker
and with it, in turn on this machine.

Prints tables and asserts nothing. Needs a Docker engine with the images, and the packages of the services. Refuses to
count what is done once: the first start on each engine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tutor import paths
from tutor.labs.engine.base import Engine, Plan
from tutor.labs.engine.docker import DockerEngine
from tutor.labs.engine.local.dependencies import Dependencies
from tutor.labs.engine.local.engine import LocalEngine
from tutor.labs.library import Library
from tutor.labs.parts import plan as plan_of

PROJECT = "tutor-bench-0badcafe"
MEBIBYTE = 1024**2
SETTLE = 5.0
"""Seconds after which what the start used and gave back is no idle memory."""


@dataclass(frozen=True)
class Took:
    """One round on one engine."""

    up: float
    down: float
    memory: float


def main() -> None:
    """Measure both engines in turn."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    lab = sys.argv[2] if len(sys.argv) > 2 else "first-flight"
    with tempfile.TemporaryDirectory() as folder:
        home, system = Path(folder), paths.system_dir()
        plan = plan_of(Library(paths.bundled_labs()).open(lab).lab, home / "workspace")
        local = LocalEngine(home, system, Dependencies(paths.cache_dir(), system))
        docker = DockerEngine(home, system)
        rounds = [
            (_round(local, plan, lambda: _of_processes(home)), _round(docker, plan, lambda: _of_containers(docker)))
            for _ in range(times + 1)
        ][1:]
    print(f"| {lab} | local | docker | ratio | runs |\n|---|---|---|---|---|")
    for name, unit, read in _ROWS:
        ours, theirs = (median(read(pair[side]) for pair in rounds) for side in (0, 1))
        print(f"| {name} | {ours:.1f} {unit} | {theirs:.1f} {unit} | {ours / theirs:.2f}x | {len(rounds)} |")


_ROWS: tuple[tuple[str, str, Callable[[Took], float]], ...] = (
    ("from start to healthy", "s", lambda took: took.up),
    ("memory when idle", "MiB", lambda took: took.memory),
    ("stop, until nothing is left", "s", lambda took: took.down),
)


def _round(engine: Engine, plan: Plan, memory: Callable[[], float]) -> Took:
    begun = time.monotonic()
    try:
        stream: Any = engine.up(plan, PROJECT)
        with closing(stream):
            for _ in stream:
                pass
        up = time.monotonic() - begun
        time.sleep(SETTLE)
        used = memory()
    finally:
        begun = time.monotonic()
        for _ in engine.down(PROJECT):
            pass
    return Took(up, time.monotonic() - begun, used)


def _of_containers(docker: DockerEngine) -> float:
    """What the engine counts for each container, as `docker stats` shows it: without the cache of files."""
    found = docker.client.containers.list(filters={"label": f"com.docker.compose.project={PROJECT}"})
    used = 0.0
    for container in found:
        told: Any = container.stats(stream=False)
        memory = told["memory_stats"]
        cache = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
        used += (memory["usage"] - cache) / MEBIBYTE
    return used


def _of_processes(home: Path) -> float:
    """What each process has for itself, and its share of what several have together; the supervisor included."""
    said = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in said.splitlines()]
    mine = {int(json.loads((home / f"{PROJECT}.local.json").read_text())["pid"])}
    while more := {int(pid) for pid, parent, _ in rows if int(parent) in mine} - mine:
        mine |= more
    return sum(map(_proportional, mine)) / MEBIBYTE


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # ended meanwhile, or a system without /proc
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
