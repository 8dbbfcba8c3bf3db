"""A small lab whose system runs in memory, for tests of what is done to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.labs.engine.inmemory import START, MemoryEngine, Project, World
from tests.labs.making import small_lab, small_system
from tutor.labs.engine.base import Running
from tutor.labs.library import Found
from tutor.labs.parts import plan
from tutor.labs.pristine import pristine
from tutor.labs.reach import Reach
from tutor.labs.run import Run, RunFile
from tutor.labs.workspace import Workspace

PROJECT = "tutor-small-lab-00000000"


@dataclass
class Started:
    """The lab, its engine and what is kept of it."""

    found: Found
    system: Path
    engine: MemoryEngine
    running: Running
    file: RunFile
    workspace: Workspace

    @property
    def project(self) -> Project:
        """What really runs."""
        return self.engine.world.projects[PROJECT]

    def run(self) -> Run:
        """What is kept."""
        run = self.file.read()
        assert run is not None
        return run

    def reach(self, **variables: Any) -> Reach:
        """As a session makes one."""
        return Reach(
            self.engine.inspector(self.running), self.workspace.place, START, variables=dict(variables),
            secrets=self.running.credentials,
        )  # fmt: skip

    def ready(self, part: str) -> bool:
        """Whether a part takes connections."""
        return reachable(self.running, part)


def reachable(running: Running, part: str) -> bool:
    """Whether some port of a part takes connections."""
    for name, address in running.addresses.items():
        if name.startswith(f"{part}."):
            host, _, port = address.rpartition(":")
            try:
                socket.create_connection((host, int(port)), timeout=2).close()
            except OSError:
                continue
            return True
    return False


@contextmanager
def started(folder: Path, **changes: Any) -> Iterator[Started]:
    """Up, in progress, and away afterwards."""
    found, system = small_lab(folder, **changes), small_system(folder)
    workspace = Workspace(folder / "data" / "small-lab" / "workspace", "small-lab", found.lab.edit)
    workspace.restore(pristine(found.folder, found.lab.edit, system), START)
    engine = MemoryEngine(World(system))
    *_, running = engine.up(plan(found.lab, workspace.place), PROJECT)
    assert isinstance(running, Running)
    file = RunFile(folder / "data" / "small-lab")
    file.write(
        Run("small-lab", found.folder, "docker", PROJECT, workspace.place, START, START, "running", running=running)
    )
    try:
        yield Started(found, system, engine, running, file, workspace)
    finally:
        engine.world.broken = ""
        for _ in engine.down(PROJECT):
            pass
