"""The plain files of a folder that somebody else has made. Refuses links, devices, names that lead elsewhere, and
amounts that no lab needs: a lab from the internet must not reach beyond its own folder.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from tutor.errors import ContentError, Problem

MAX_FILES = 500
MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 12
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_LEFT_OUT = {"__pycache__", ".DS_Store"}


def plain_files(folder: Path) -> dict[str, Path]:
    """Every file below `folder` by its path with slashes, sorted; empty when there is no such folder.

    Raises: ContentError with everything that does not belong there.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    if folder.is_symlink():
        raise ContentError([Problem(folder, 0, "is a link; put a folder there")])
    for path, what in _walk(folder, 0):
        if what:
            problems.append(Problem(path, 0, what))
        else:
            found[path.relative_to(folder).as_posix()] = path
        if len(found) + len(problems) > MAX_FILES:
            problems.append(Problem(folder, 0, f"holds more than {MAX_FILES} files; a lab needs few"))
            break
    if problems:
        raise ContentError(problems)
    return dict(sorted(found.items()))


def read_plain(path: Path) -> bytes:
    """What a file holds.

    Raises: ContentError when it is too large or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ContentError([Problem(path, 0, f"cannot be read: {error.strerror}")]) from None
    if len(data) > MAX_BYTES:
        raise ContentError([Problem(path, 0, f"is larger than {MAX_BYTES // 1024 // 1024} MiB")])
    return data


def _walk(folder: Path, depth: int) -> Iterator[tuple[Path, str]]:
    """Each file, with what is wrong with it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        yield folder, f"cannot be read: {error.strerror}"
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name in _LEFT_OUT or entry.name.endswith(".pyc"):
            continue
        what = _wrong(entry, depth)
        if what or not entry.is_dir(follow_symlinks=False):
            yield path, what
        else:
            yield from _walk(path, depth + 1)


def _wrong(entry: os.DirEntry[str], depth: int) -> str:
    """What keeps an entry from being a plain file or a folder to look into."""
    if not _NAME.fullmatch(entry.name):
        return "has a name that is not only letters, digits, dots, hyphens and underscores; rename it"
    if entry.is_symlink():
        return "is a link; put the file itself there"
    if entry.is_dir(follow_symlinks=False):
        return "" if depth < MAX_DEPTH else f"lies more than {MAX_DEPTH} folders deep; flatten it"
    is_file = stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    return "" if is_file else "is not a plain file; remove it"
