"""Who was started by a process, and by those in turn. Refuses to signal anybody itself.

PostgreSQL puts each of its processes into a session of its own, so a process group does not hold them together.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")


def descendants(pid: int) -> list[int]:
    """The process ids of all that `pid` has started, directly or not, as they are now."""
    children: dict[int, list[int]] = {}
    for one, parent in _parents():
        children.setdefault(parent, []).append(one)
    found = list(children.get(pid, ()))
    for one in found:  # grows while it is walked
        found += children.get(one, ())
    return found


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, by whomever."""
    if (PROC / "self").exists():
        return _fields(pid)[:1] == ["T"]
    return _ps("-o", "state=", "-p", str(pid)).strip().startswith("T")


def _parents() -> Iterable[tuple[int, int]]:
    if (PROC / "self").exists():
        return _from_proc()
    rows = (line.split() for line in _ps("-A", "-o", "pid=,ppid=").splitlines())
    return [(int(pid), int(parent)) for pid, parent in rows]


def _from_proc() -> Iterator[tuple[int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            yield int(entry.name), int(fields[1])


def _fields(pid: int) -> list[str]:
    """State, parent and so on; nothing when the process is gone. Its name may hold anything, so it is cut off first."""
    try:
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout
