"""What ends the children when their parent is gone, however it went. Refuses to know what the children are.

Ctrl-C is the easy case. After `kill -9` nothing in the parent runs any more, so somebody else must notice: the watch,
a tiny process that reads a pipe whose only writer is the parent. End of file means that the parent is gone. The
watch leads a process group which every child joins at birth, so there is no list of pids to keep, none to lose
between two starts, and a pid that the system has given to somebody else is never signalled. A pipe and a process
group are POSIX: unlike PR_SET_PDEATHSIG this works on macOS too, and does not fire when a mere thread ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WATCH = Path(__file__).with_name("watch.py")


class Leash:
    """A temporary folder and a process group; both go when this process does. `logs` are kept, if given a folder."""

    def __init__(self, *, logs: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shop-")).resolve()
        # PostgreSQL runs as another user when we are root: that user may pass through, not look around.
        self.folder.chmod(0o711)
        self.logs = (logs or self.folder).resolve()
        self.logs.mkdir(parents=True, exist_ok=True)
        reader, self._writer = os.pipe()
        self._watch = subprocess.Popen(
            [sys.executable, "-S", "-E", str(WATCH), str(self.folder)], stdin=reader, process_group=0
        )
        os.close(reader)
        self.group = self._watch.pid

    @property
    def holds(self) -> bool:
        """Is the watch there? Without it nobody would end the children after `kill -9` of this process."""
        return self._watch.poll() is None

    def log(self, name: str) -> Path:
        """The file that a child's output goes to."""
        return self.logs / f"{name}.log"

    @contextmanager
    def output(self, name: str) -> Iterator[int]:
        """What a child of that name writes to, as a file descriptor that is closed here afterwards."""
        with self.log(name).open("ab") as stream:
            yield stream.fileno()

    def release(self) -> None:
        """End what is left of the group and remove the folder; safe to call twice."""
        if self._watch.poll() is not None:
            return
        os.write(self._writer, b"!")  # the children were stopped in order: no grace for leftovers
        os.close(self._writer)
        # the watch ends with its group, by SIGKILL: that is how it is known that nobody survived
        if self._watch.wait() != -signal.SIGKILL:
            shutil.rmtree(self.folder, ignore_errors=True)
