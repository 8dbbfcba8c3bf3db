"""Runs one command, line by line and with an end. Refuses to leave it running when nobody listens any more."""

from __future__ import annotations

import os
import queue
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
        process = subprocess.Popen(
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
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
    if process.stdout is not None:
        process.stdout.close()
