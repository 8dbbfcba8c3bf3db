"""The Python that services run with: this one, when it has what they import, else a virtualenv that is made once.

Installing the extra `system` makes it this one. Otherwise the exact versions of the containers are installed below the
cache folder, at the first start, so that whoever only reads and answers questions never downloads them. Refuses a
half-made virtualenv: it is built beside its place and renamed, by one process at a time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from tutor.errors import MachineError
from tutor.labs import ending
from tutor.labs.engine.base import Progress
from tutor.labs.engine.command import CommandFailed, lines, output

BUILD_SECONDS = 900.0
SIZE = "about 50 MB to download, 215 MB on disk"
_PROBE = "import importlib.metadata, sys; [importlib.metadata.version(name) for name in sys.argv[1:]]"
_NO_PIP = "Install it with the extra `system`, or give this Python pip (on Debian: apt install python3-venv)."


class Dependencies:
    """What the services of `system` import. `here` says that this interpreter may be used when it has all of it."""

    def __init__(self, cache: Path, system: Path, *, here: bool = True) -> None:
        self._files = [system / "services" / "requirements.txt", system / "processes" / "requirements.txt"]
        self._home = cache / "system"
        self._here = here

    def python(self) -> Path | None:
        """The interpreter to run services with, or None when it has to be made first."""
        if self._here and _has(self._wanted()):
            return Path(sys.executable)
        return _python_of(self._place) if self._place.is_dir() else None

    def lacking(self) -> str:
        """Why it cannot be made either; empty when it can."""
        if self.python() is None and _installer(Path()) is None:
            return "This Python has neither pip nor ensurepip, and there is no `uv`."
        return ""

    def prepare(self) -> Iterator[Progress]:
        """Make the virtualenv, unless it is there or not needed.

        Raises: MachineError when it cannot be made; doing it again begins anew.
        """
        if self.python() is not None:
            return
        yield Progress("pull", f"Python packages of the services, once ({SIZE})")
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with (self._home / "lock").open("w") as lock:
                yield from _taken(lock)
                if self.python() is None:
                    yield from self._build()
        except OSError as error:
            raise _cannot(self._home, error) from None

    @property
    def _place(self) -> Path:
        """A name for exactly these versions on this Python: another tutor or another Python has another place."""
        told = [file.read_bytes() for file in self._files]
        told.append(f"{platform.python_version()} {sys.implementation.cache_tag} {platform.platform()}".encode())
        return self._home / hashlib.sha256(b"\0".join(told)).hexdigest()[:16]

    def _wanted(self) -> list[str]:
        """The distributions, by name."""
        found = [re.match(r"[\w.-]+", line) for file in self._files for line in file.read_text("utf-8").splitlines()]
        return [match[0] for match in found if match]

    def _build(self) -> Iterator[Progress]:
        for left in self._home.glob(".new-*"):  # by a process that did not come to its end: we hold the lock
            shutil.rmtree(left)
        new = self._home / f".new-{os.getpid()}"
        try:
            command = _installer(new)
            if command is None:
                raise MachineError(f"The packages of the services are missing. {self.lacking()}", _NO_PIP)
            venv.EnvBuilder(symlinks=os.name != "nt", with_pip="ensurepip" in command).create(new)
            files = [word for file in self._files for word in ("-r", str(file))]
            yield from self._installed([word for word in command if word != "ensurepip"] + files)
            output([str(_python_of(new)), "-c", _PROBE, *self._wanted()], os.environ, BUILD_SECONDS)
            new.replace(self._place)
        except CommandFailed as failure:
            raise _failed(failure) from None
        finally:
            shutil.rmtree(new, ignore_errors=True)
        yield Progress("pull", "the packages are there; from now on labs start offline", 1, 1)

    def _installed(self, command: Sequence[str]) -> Iterator[Progress]:
        of, done = len(self._wanted()), 0
        for line in lines(command, os.environ, BUILD_SECONDS):
            words = line.split()
            if words[:1] in (["Collecting"], ["Processing"]):
                done += 1
                yield Progress("pull", _name(words[1]), min(done, of), of)
            elif words[:1] == ["Installing"]:
                yield Progress("pull", "installing them", of, of)


def _name(said: str) -> str:
    """The package in what pip says: `fastapi==1.2`, or a file such as `/wheels/fastapi-1.2-py3-none-any.whl`."""
    return re.split(r"[=<>!~\[]|-\d", said.rpartition("/")[2])[0].replace("_", "-")


def _has(names: Sequence[str]) -> bool:
    """Whether this interpreter has all of them, in whatever version: the extra `system` has seen to that."""
    try:
        for name in names:
            importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _python_of(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _installer(place: Path) -> list[str] | None:
    """A command that installs into the virtualenv at `place`; led by `ensurepip` when that has to bring its own pip."""
    options = ["--no-deps", "--only-binary", ":all:"]
    pip = ["install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", *options]
    python = str(_python_of(place))
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", python, *pip]
    if find_spec("ensurepip") is not None:
        return ["ensurepip", python, "-m", "pip", *pip]
    if (base := _base_with_pip()) is not None:
        return [base, "-m", "pip", "--python", python, *pip]
    if (uv := shutil.which("uv")) is not None:
        return [uv, "pip", "install", "--python", python, *options]
    return None


def _base_with_pip() -> str | None:
    """The Python that this virtualenv was made from, when that one has pip: on Debian it may, without ensurepip."""
    base = str(getattr(sys, "_base_executable", "") or "")
    if not base or base == sys.executable:
        return None
    try:
        output([base, "-c", "import pip"], os.environ, 30)
    except MachineError:
        return None
    return base


def _taken(lock: IO[str]) -> Iterator[Progress]:
    """Wait until nobody else prepares the same; the lock goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows, where labs without Docker do not run
        return
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not told:
                told = True
                yield Progress("pull", "another tutor prepares the same packages; waiting for it")
            ending.listen()
            time.sleep(ending.SLICE)


def _failed(failure: CommandFailed) -> MachineError:
    said = failure.output.lower()
    if "no space left" in said:
        return MachineError("The disk is full: the packages of the services do not fit.", "Make room, and start again.")
    if "no matching distribution" in said or "could not find a version" in said:
        unreachable = "connection" in said or "resolution" in said or "timed out" in said
        if unreachable:
            return MachineError("The package index cannot be reached.", "Go online for the first start.")
        what = f"The package index has no fitting version for Python {platform.python_version()} on this system."
        return MachineError(f"{what} {failure.output.strip().splitlines()[-1]}", "Use another Python, or Docker.")
    return MachineError(f"The packages of the services cannot be installed. {failure.message}", "Start again.")


def _cannot(place: Path, error: OSError) -> MachineError:
    return MachineError(f"{place} cannot be written: {error.strerror or error}.", "Make room, or mend its permissions.")
