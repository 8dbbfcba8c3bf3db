"""A learner with a data folder of its own, whose commands are timed. Refuses to leave a lab running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from bench.processes import environment
from tutor.bootstrap import open_coach, open_labs
from tutor.labs.news import Checked

TUTOR = [sys.executable, "-c", "from tutor.cli.main import run; run()", "lab"]


class Learner:
    """Somebody at a terminal."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._env = environment(home)

    def tutor(self, verb: str, *arguments: str) -> float:
        """Seconds that `tutor lab VERB` takes, the interpreter's start included.

        Raises: CalledProcessError with what it printed.
        """
        start = time.perf_counter()
        done = subprocess.run([*TUTOR, verb, *arguments], env=self._env, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, ["tutor", "lab", verb], done.stdout, done.stderr)
        return seconds

    def applied(self, lab: str, file: str) -> float:
        """Seconds of `tutor lab apply`, after a line was added to a file of the workspace."""
        with (self._home / "labs" / lab / "workspace" / file).open("a") as stream:
            stream.write("# one line more\n")
        return self.tutor("apply", lab)

    def checked(self, lab: str) -> tuple[float, float]:
        """Seconds of a check of all steps in a tutor that is open, and the sum of what their probes took."""
        with patch.dict(os.environ, self._env):
            labs = open_labs(open_coach(None, _now), _now)
            stream = labs.open(lab).session.check(every=True)
            start = time.perf_counter()
            steps = [told.step for told in stream if isinstance(told, Checked)]
            return time.perf_counter() - start, sum(one.probe_seconds for step in steps for one in step.checks)

    @contextmanager
    def nothing_left(self) -> Iterator[None]:
        """Whatever happens inside, no lab runs afterwards."""
        try:
            yield
        finally:
            for path in (self._home / "labs").glob("*/run.json"):
                self.tutor("stop", path.parent.name)


def _now() -> datetime:
    return datetime.now(UTC)
