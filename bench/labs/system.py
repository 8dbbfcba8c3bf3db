"""The parts of a lab, started by Compose alone from the system's own file. Refuses to leave anything."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tutor.labs.engine.images import tag
from tutor.labs.engine.override import PUBLISHED
from tutor.labs.engine.ports import free_ports
from tutor.labs.library import Library
from tutor.paths import bundled_labs, system_dir


class System:
    """One Compose project, on free ports, with the images that labs use."""

    def __init__(self, lab: str) -> None:
        self._parts = Library(bundled_labs()).open(lab).lab.system.parts
        self._project = f"bench-{uuid.uuid4().hex[:8]}"
        variables = dict(zip(PUBLISHED.values(), map(str, free_ports(len(PUBLISHED))), strict=True))
        self._env = {**os.environ, **variables, "SHOP_TAG": tag(system_dir())}

    def up(self) -> float:
        """Seconds until Compose says that all of them are healthy."""
        return self._compose("up", "--detach", "--wait", "--no-build", *self._parts)

    def down(self) -> float:
        """Seconds until they are gone, with their volumes."""
        return self._compose("down", "--volumes", "--remove-orphans")

    @contextmanager
    def nothing_left(self) -> Iterator[None]:
        """Whatever happens inside, nothing runs afterwards."""
        try:
            yield
        finally:
            self.down()

    def _compose(self, *arguments: str) -> float:
        command = ["docker", "compose", "--project-name", self._project, "--profile", "*", *arguments]
        start = time.perf_counter()
        subprocess.run(command, cwd=system_dir(), env=self._env, capture_output=True, check=True)
        return time.perf_counter() - start
