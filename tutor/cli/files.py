"""Files that a learner asked for: exports and reports. Refuses to overwrite one unasked, or to leave half of one."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from tutor import paths
from tutor.errors import MachineError, UsageError


def writable(path: Path, force: bool) -> Path:
    """`path`, made absolute, when it can be written without harm.

    Raises: UsageError when it exists and `force` is not given, when its folder does not exist, or when no file can
    have that name.
    """
    path = paths.expanded(path).absolute()
    try:
        is_folder, has_folder, exists = path.is_dir(), path.parent.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be written: {why}.", "Choose another name.") from None
    if is_folder or not has_folder:
        raise UsageError(f"{path} cannot be written: " + ("it is a folder." if is_folder else "no such folder."))
    if exists and not force:
        raise UsageError(f"{path} exists already.", "Choose another name, or overwrite it with --force.")
    return path


def write(path: Path, text: str) -> None:
    """Put `text` into `path`, all of it or nothing: what was there stays until the new text is on disk.

    Raises: MachineError when it cannot be written.
    """
    data = text.encode("utf-8", "replace")
    try:
        found = path.stat() if path.exists() else None
        if found and not stat.S_ISREG(found.st_mode):  # a pipe or a terminal cannot be renamed over
            path.write_bytes(data)
        else:
            _replace(Path(os.path.realpath(path)), data, found)
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}.", "Choose another place.") from None


def _replace(path: Path, data: bytes, found: os.stat_result | None) -> None:
    """Write beside `path`, then rename; the permissions of a file that was there are kept."""
    beside = path.parent / f".tutor-{secrets.token_hex(8)}.part"
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if found:
            beside.chmod(stat.S_IMODE(found.st_mode))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
