"""One child process with its log file. Refuses to guess why a child ended: it shows the last lines of its log."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from processes.family import descendants
from processes.leash import Leash

STOP_TIMEOUT = 15.0
POLL = 0.02


class ChildFailed(Exception):
    """A child ended or did not become ready; the message names it and quotes its log."""


class Child:
    """A command that can be started, stopped, killed, paused and started again; its output goes to one file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        leash: Leash,
        env: Mapping[str, str],
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = leash.log(name)
        self._command, self._leash, self._env = list(command), leash, dict(env)
        self._user, self._stop_signal = user, stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Is the process there (paused counts)?"""
        return self._process is not None and self._process.poll() is None

    @property
    def started(self) -> bool:
        """Was it ever started?"""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The process id of the current or last process."""
        if self._process is None:
            raise ChildFailed(f"{self.name} was never started")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the last process ended; None while it runs."""
        return self._process.poll() if self._process is not None else None

    def start(self) -> None:
        """Start the command; does nothing when it runs already."""
        if self.running:
            return
        with self._leash.output(self.name) as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._leash.folder,
                process_group=self._leash.group,
                user=self._user,
                group=_group_of(self._user),
                extra_groups=None if self._user is None else [],
            )

    def stop(self, timeout: float = STOP_TIMEOUT) -> int | None:
        """Ask it to finish; kill it when it does not within `timeout` seconds. Returns the exit code."""
        if self._process is None:
            return None
        self.resume()
        self._signal(self._stop_signal)
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode

    def kill(self) -> None:
        """SIGKILL to it and all that it started: nobody gets a chance to finish anything."""
        self._signal(signal.SIGKILL, family=True)
        if self._process is not None:
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP to it and all that it started: their connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP, family=True)

    def resume(self) -> None:
        """SIGCONT after a pause."""
        self._signal(signal.SIGCONT, family=True)

    def _signal(self, number: signal.Signals, *, family: bool = False) -> None:
        if not self.running:
            return
        others = descendants(self.pid) if family else []
        os.kill(self.pid, number)  # first, so that it starts no others meanwhile
        for pid in others:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) or "(empty log)"

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Poll `ready`. Raises: ChildFailed when the process ends first or time is up."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise ChildFailed(f"{self.name} ended with code {self.exit_code}. Its log ends:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ChildFailed(f"{self.name} was not ready after {timeout:g} s. Its log ends:\n{self.tail()}")
            time.sleep(POLL)


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid
