"""Times whole processes: to their end, or to the first time they show something on a terminal."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a learner whose data lie in `home`."""
    return {**os.environ, "TUTOR_HOME": str(home), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **more}


def to_the_end(command: Sequence[str], env: Mapping[str, str], feed: str = "") -> float:
    """Seconds until the process has ended."""
    start = time.perf_counter()
    subprocess.run(command, env=env, input=feed, text=True, capture_output=True, check=True)
    return time.perf_counter() - start


def to_words(command: Sequence[str], words: str, env: Mapping[str, str], cwd: Path) -> float:
    """Seconds until the process has put `words` on a terminal of 100 by 30."""
    start = time.perf_counter()
    with Terminal(command, env, cwd, columns=100, lines=30) as terminal:
        terminal.wait_for(words)
        return time.perf_counter() - start


def peak_mebibytes(command: Sequence[str], env: Mapping[str, str], feed: str = "") -> float:
    """Peak resident memory of a process, in MiB, as its own child sees it."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], env=env, input=feed, text=True, capture_output=True, check=True
    )
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return int(done.stdout) / scale


def own_peak_mebibytes() -> float:
    """Peak resident memory of this process so far, in MiB."""
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
