"""Makes a checkout runnable from nothing but Python: a virtualenv of its own in `.venv`. Refuses third-party imports.

`python3 -m tutor` and `python3 -m tests` come here first. The system's Python is never installed into, so this works
where it is externally managed (PEP 668), and without `ensurepip` too, as on Debian: pip then installs from outside.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class NotInstalled(Exception):
    """The virtualenv could not be made; the message says what to do."""


def is_checkout() -> bool:
    """True when the package lies in a source tree and not in site-packages."""
    return (ROOT / "pyproject.toml").is_file()


def inside() -> bool:
    """True when this very process runs in the checkout's virtualenv."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def prepare(extra: str = "") -> None:
    """Make or update the virtualenv, with the optional dependencies of `extra`; a no-op when nothing changed.

    Raises: NotInstalled with a sentence when that fails; running it again takes up where it stopped.
    """
    wanted = f"[{extra}]" if extra else ""
    with _alone():
        if _stamp(extra).is_file() and _stamp(extra).read_text() == _fingerprint() and PYTHON.exists():
            return
        print(f"Setting up {VENV} (once; about a minute) ...", file=sys.stderr, flush=True)
        _make()
        _pip("install", "--quiet", "--editable", f"{ROOT}{wanted}")
        _stamp(extra).write_text(_fingerprint())


def run(arguments: Sequence[str]) -> int:
    """Run the virtualenv's Python with `arguments` in place of this process where the system allows it."""
    command = [str(PYTHON), *arguments]
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode


def _make() -> None:
    if PYTHON.exists() and _succeeds(str(PYTHON), "-c", "pass"):
        return
    import venv

    has_pip = _succeeds(sys.executable, "-c", "import ensurepip")
    try:
        venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=has_pip).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(f"No virtualenv could be made in {VENV}: {error}.") from None


def _pip(*arguments: str) -> None:
    if _succeeds(str(PYTHON), "-c", "import pip"):
        command = [str(PYTHON), "-m", "pip"]
    elif _succeeds(sys.executable, "-c", "import pip"):
        command = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    else:
        raise NotInstalled("This Python has neither pip nor ensurepip. On Debian: apt install python3-venv")
    done = subprocess.run([*command, *arguments], check=False)
    if done.returncode:
        raise NotInstalled("The packages could not be installed; see above, and run the same command again.")


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _stamp(extra: str) -> Path:
    return VENV / f".installed-{extra or 'plain'}"


def _fingerprint() -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time set up; the lock goes with the process that holds it."""
    try:
        import fcntl
    except ImportError:  # Windows: two first runs at once are not guarded against
        yield
        return
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
