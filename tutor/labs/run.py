"""What is kept of a lab in progress: one file, written whole or not at all, and a lock. Refuses to guess what a damaged
file held: it is set aside, and said.

Everything a later process needs is here, so that closing the terminal, `kill -9` and a reboot lose nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import TypeAdapter, ValidationError

from tutor.errors import MachineError
from tutor.labs.engine.base import Running

VERSION: Literal[1] = 1
PAUSE = 0.1
"""Seconds between two attempts to get a lock."""


class RunDamaged(MachineError):
    """The run's file could not be read and was set aside."""


class Busy(MachineError):
    """Another process works on this lab."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A fault that is in force, noted down before it was injected. `undo` is plain data that needs no lab.yaml."""

    fault: str
    title: str
    part: str
    by: Literal["check", "learner"]
    undo: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in."""

    email: str
    password: str = field(repr=False)
    id: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One lab in progress.

    `state` is `starting` from before the engine is asked until all is ready: who finds that later knows that it was
    cut off. `applied` are the fingerprints of the workspace's files as the running parts have read them, at
    `applied_at`. `passed` are ids of checks, `steps` of steps.
    """

    lab: str
    folder: Path
    engine: str
    project: str
    workspace: Path
    started: datetime
    applied_at: datetime
    state: Literal["starting", "running", "stopping"] = "starting"
    running: Running | None = None
    applied: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    baseline: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    faults: tuple[Entry, ...] = ()
    steps: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    captured: Mapping[str, Any] = field(default_factory=dict)
    found: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, int] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    """Hints on the actual state that were given already."""
    revealed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    version: Literal[1] = VERSION


_ADAPTER: TypeAdapter[Run] = TypeAdapter(Run)
_UNFINISHED = re.compile(r"\..+\.\d+\.new")


def project_name(data: Path, number: int = 1) -> str:
    """What the engine calls a system of this learner: two data directories on one machine never collide.

    It says no lab, because one lab hands its system over to the next.
    """
    name = f"tutor-shop-{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:8]}"
    return name if number == 1 else f"{name}-{number}"


def projects_in_use(data: Path) -> set[str]:
    """The systems that some lab in progress has, as the runs' files say."""
    found = set()
    for path in data.glob("*/run.json"):
        with suppress(OSError, ValueError, LookupError, TypeError):
            found.add(str(json.loads(path.read_bytes())["project"]))
    return found


class RunFile:
    """The file of one lab, in its folder `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "run.json"

    def read(self) -> Run | None:
        """What is kept, or None when the lab is not in progress.

        Raises: RunDamaged when it could not be read and was set aside; MachineError when a newer tutor wrote it, or
        the disk does not give it.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MachineError(f"{self.path} cannot be read: {error.strerror}.", "Mend its permissions.") from None
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError:
            if _is_newer(text):
                raise MachineError(f"{self.path} was written by a newer tutor.", "Use that one, or `stop`.") from None
            raise self._set_aside() from None

    def write(self, run: Run) -> None:
        """Keep `run`; the file is the old one or the new one, whatever happens meanwhile.

        Raises: MachineError when it cannot be written.
        """
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole_or_not(self.path, _ADAPTER.dump_json(run, indent=1), mode=0o600)
        except OSError as error:
            raise MachineError(f"{self.path} cannot be written: {error.strerror}.", "Make room on the disk.") from None

    def update(self, change: Callable[[Run], Run]) -> Run:
        """Change what is kept, and keep that. Two processes that do so at once both succeed.

        Raises: MachineError when the lab is not in progress, or as `read` and `write` do.
        """
        with lock(self.home.with_suffix(".writing"), "write", patience=5):
            run = self.read()
            if run is None:
                raise MachineError("This lab is not in progress any more.", "Start it again.")
            changed = change(run)
            if changed != run:
                self.write(changed)
            return changed

    def remove(self) -> None:
        """Forget it; nothing to forget is no error."""
        self.path.unlink(missing_ok=True)
        for left in self.home.glob(".*.new"):
            if unfinished(left):
                left.unlink(missing_ok=True)

    def _set_aside(self) -> RunDamaged:
        number = next(number for number in range(1, 10_000) if not self._aside(number).exists())
        self.path.rename(self._aside(number))
        return RunDamaged(
            f"{self.path} is damaged and was set aside as {self._aside(number).name}.",
            f"What was started may still be there: `tutor lab stop {self.home.name}` removes it.",
        )

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"run.json.damaged-{number}")


def _is_newer(text: bytes) -> bool:
    try:
        version = json.loads(text)["version"]
    except (ValueError, LookupError, TypeError):
        return False
    return isinstance(version, int) and version > VERSION


def whole_or_not(path: Path, data: bytes, mode: int, *, lasting: bool = True) -> None:
    """Write a file so that others see the old one or the new one; when `lasting`, also after a power cut."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as stream:
            new.chmod(mode)
            stream.write(data)
            stream.flush()
            if lasting:
                os.fsync(stream.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def unfinished(path: Path) -> bool:
    """Whether this is what `whole_or_not` leaves behind when it is killed."""
    return _UNFINISHED.fullmatch(path.name) is not None


@contextmanager
def lock(path: Path, verb: str, patience: float = 0.0, sleep: Callable[[float], None] | None = None) -> Iterator[None]:
    """Be the only process that does something with this lab; the lock goes with the process, however it ends.

    Raises: Busy, naming who holds it, when it is not free within `patience` seconds.
    """
    stream = _taken(path, verb, patience, sleep)
    try:
        yield
    finally:
        if stream is not None:
            path.unlink(missing_ok=True)  # while it is held: who waits for it looks whether it is still the one
            stream.close()


def _taken(path: Path, verb: str, patience: float, sleep: Callable[[float], None] | None) -> IO[str] | None:
    try:
        import fcntl
    except ImportError:  # Windows: two tutors at once are not guarded against
        return None
    import time

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for attempt in range(int(patience / PAUSE) + 1):
        if attempt:
            (sleep or time.sleep)(PAUSE)
        stream = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(stream)
            stream.close()
            continue
        if _still_there(stream, path):
            stream.truncate(0)
            stream.write(f"{os.getpid()} {verb}")
            stream.flush()
            return stream
        stream.close()
        holder = "another tutor"
    raise Busy(f"This lab is busy: {holder} works on it.", "Wait until that is done, or end it.")


def _holder(stream: IO[str]) -> str:
    stream.seek(0)
    pid, _, verb = stream.read(200).partition(" ")
    return f"`{verb}` in process {pid}" if pid.isdigit() else "another tutor"


def _still_there(stream: IO[str], path: Path) -> bool:
    """False when whoever held it has removed the file meanwhile: then this lock is on nothing."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
