"""Runs one command, line by line and with an end. Refuses to leave it running when nobody listens any more, be it that
we were killed: what it had begun would go on, and make what the next of us knows nothing about.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from tutor.errors import MachineError
from tutor.labs import ending

KEPT = 40
"""Lines of its end that a failure quotes."""

_LEASH = 'exec 3<&0 </dev/null; (read -r _ <&3; kill -9 0) >/dev/null 2>&1 & exec 3<&-; exec "$@"'
"""Becomes the command, and leaves somebody beside it who reads from us, and ends the whole group when we are gone."""


class CommandFailed(MachineError):
    """A command ended badly; `output` is the end of what it said."""

    def __init__(self, command: Sequence[str], output: str, code: int | None) -> None:
        words = " ".join(command[:6])
        said = output.strip().splitlines()
        ended = "took too long" if code is None else f"ended with code {code}"
        super().__init__(f"`{words} ...` {ended}: {said[-1] if said else 'it said nothing'}")
        self.output = output
        self.code = code


def output(command: Sequence[str], env: Mapping[str, str], timeout: float) -> str:
    """What the command prints.

    Raises: CommandFailed when it ends badly or too late, MachineError when it is not there.
    """
    return "\n".join(lines(command, env, timeout))


def lines(command: Sequence[str], env: Mapping[str, str], timeout: float) -> Iterator[str]:
    """Each line as it is printed, errors included. Closing the generator ends the command and all it started.

    Raises: CommandFailed when it ends badly or too late, MachineError when it is not there.
    """
    try:
        if shutil.which(command[0], path=env.get("PATH")) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        process = subprocess.Popen(
            ["/bin/sh", "-c", _LEASH, "sh", *command],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # the terminal's ctrl+c is for us to handle, and ends the whole group
        )
    except OSError as error:
        raise MachineError(
            f"`{command[0]}` cannot be run: {error.strerror}.", "Install it, or mend the path."
        ) from None
    told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(process, told), daemon=True).start()
    said: list[str] = []
    try:
        yield from _until_end(told, said, command, time.monotonic() + timeout)
        if process.wait(timeout=5) != 0:
            raise CommandFailed(command, "\n".join(said), process.returncode)
    finally:
        _end(process)


def _read(process: subprocess.Popen[str], told: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        told.put(line.rstrip())
    told.put(None)


def _until_end(
    told: queue.SimpleQueue[str | None], said: list[str], command: Sequence[str], deadline: float
) -> Iterator[str]:
    while True:
        try:
            line = told.get(timeout=ending.SLICE)
        except queue.Empty:
            ending.listen()
            if time.monotonic() > deadline:
                raise CommandFailed(command, "\n".join(said), None) from None
            continue
        if line is None:
            return
        said[:] = [*said[-KEPT + 1 :], line]
        yield line


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    for end in (process.stdin, process.stdout):
        if end is not None:
            end.close()
