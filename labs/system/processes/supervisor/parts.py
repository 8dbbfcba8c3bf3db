"""The parts of a supervised system, each with its instances, and what can be done to one. Refuses to start any part
again by itself: who looks wants to see that it ended, and its last words.
"""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from processes.child import Child, ChildFailed
from processes.family import is_stopped
from processes.supervisor.logbook import Logbook

GRACE = 10.0
"""Seconds that a part may take to stop, as in Docker."""


@dataclass
class Instance:
    """One process of a part. `begin` starts it, and may take its time; `about` is what does not change."""

    part: str
    name: str
    child: Child
    begin: Callable[[], None]
    book: Logbook
    about: Mapping[str, Any]
    started: datetime | None = None
    well: bool = False
    """Whether somebody has seen it ready since it was started: from then on it is not starting any more."""

    _turn: threading.RLock = field(default_factory=threading.RLock)
    _failed: bool = False

    def start(self) -> None:
        """Start it; one that runs is left alone."""
        with self._turn:
            if self.child.running:
                self.child.resume()
                return
            self.started, self._failed, self.well = datetime.now(UTC), False, False
            try:
                self.begin()
            except (ChildFailed, OSError) as error:  # told where its other words are, and seen in its state
                self._failed = True
                self.child.kill()
                self.book.say(f"supervisor: {error}")

    def do(self, what: str) -> None:
        """Stop, kill, pause, resume, restart or start it; doing it twice is no error."""
        with self._turn:
            if what in ("stop", "restart"):
                self.child.stop(GRACE)
            if what in ("start", "restart"):
                self.start()
            elif what != "stop":
                {"kill": self.child.kill, "pause": self.child.pause, "resume": self.child.resume}[what]()

    def end(self) -> None:
        """End it at once, whatever it is doing."""
        with suppress(ProcessLookupError):
            self.child.kill()

    @property
    def state(self) -> str:
        """How it is."""
        if self.child.running:
            return "paused" if is_stopped(self.child.pid) else "running"
        return "exited" if self._failed or self.child.started else "absent"

    def facts(self) -> dict[str, Any]:
        """What is known of it, as plain data. A signal that ended it counts as in a shell: 128 and its number."""
        state = self.state
        code = self.child.exit_code if state == "exited" else None
        if code is not None and code < 0:
            code = 128 - code
        return {
            "part": self.part,
            "instance": self.name,
            "state": state,
            "started": self.started.isoformat() if self.started else None,
            "well": self.well,
            "exit_code": 1 if code is None and state == "exited" else code,
            "inspect": {**self.about, "pid": self.child.pid if self.child.running else None},
        }


def about(image: str, environment: Mapping[str, str], mounts: list[dict[str, Any]], ports: Mapping[str, str]) -> Any:
    """What does not change while an instance lives, under the names that `PartFacts.inspect` has."""
    return {
        "user": getpass.getuser(),
        "read_only": False,
        "cap_drop": [],
        "limits": {"memory_mb": None, "cpus": None, "pids": None},
        "mounts": mounts,
        "networks": ["loopback"],
        "image": image,
        "environment": dict(environment),
        "stop_seconds": int(GRACE),
        "ports": dict(ports),
    }
