"""Where things lie: the content that ships with the program, the learner's data, the cache. Refuses to create them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tutor.errors import MachineError, UsageError

HOME_VARIABLE = "TUTOR_HOME"
CONTENT_VARIABLE = "TUTOR_CONTENT"
DEFAULT_PACK = "week7"


def data_dir() -> Path:
    """The learner's own data: `$TUTOR_HOME`, or the user data directory of the platform.

    Raises: UsageError when `$TUTOR_HOME` starts with the home of a user who does not exist, MachineError when it is
    not set and this user has no home folder.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return expanded(Path(home))
    import platformdirs

    return _of_this_user(platformdirs.user_data_dir)


def cache_dir() -> Path:
    """What can be deleted at any time: `$TUTOR_HOME/cache`, or the user cache directory of the platform.

    Raises: as `data_dir` does.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return expanded(Path(home)) / "cache"
    import platformdirs

    return _of_this_user(platformdirs.user_cache_dir)


def _of_this_user(folder: Callable[..., str]) -> Path:
    try:
        place = Path(folder("tutor", appauthor=False))
    except RuntimeError:
        place = Path("~")
    if "~" in place.parts[:1]:  # what was left as it is, because nobody knows where home is
        raise MachineError("This user has no home folder to keep progress in.", "Set TUTOR_HOME to a folder.")
    return place


def store_file() -> Path:
    """The progress store."""
    return data_dir() / "progress.db"


def bundled_content() -> Path:
    """The packs that ship with the program: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_bundled" / "content"
    return inside if inside.is_dir() else package.parent / "content"


def bundled_labs() -> Path:
    """The labs that ship with the program, one folder each, and `system`, which they run."""
    package = Path(__file__).resolve().parent
    inside = package / "_bundled" / "labs"
    return inside if inside.is_dir() else package.parent / "labs"


def lab_ids() -> frozenset[str]:
    """The ids of the labs that ship, without reading any of them."""
    return frozenset(file.parent.name for file in bundled_labs().glob("*/lab.yaml"))


def system_dir() -> Path:
    """The reference system: its Compose file, its services, its configuration."""
    return bundled_labs() / "system"


def labs_data_dir() -> Path:
    """What is kept of labs in progress: a folder each with the run's file and the workspace.

    Raises: as `data_dir` does.
    """
    return data_dir() / "labs"


def pack_dir(chosen: Path | None) -> Path:
    """The pack to learn from: the one given, else `$TUTOR_CONTENT`, else the one that ships.

    Raises: UsageError when the folder does not exist or holds no `pack.yaml`.
    """
    named = chosen or (Path(value) if (value := os.environ.get(CONTENT_VARIABLE)) else None)
    folder = expanded(named) if named else bundled_content() / DEFAULT_PACK
    try:
        is_folder, is_pack = folder.is_dir(), (folder / "pack.yaml").is_file()
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}.", "Give a pack folder that you can read."
        ) from None
    if not is_folder:
        raise UsageError(f"There is no folder {folder}.", "Give a pack folder, or make one: tutor content new FOLDER")
    if not is_pack:
        raise UsageError(
            f"{folder} is not a content pack: it holds no pack.yaml.", "Make a pack with: tutor content new FOLDER"
        )
    return folder


def expanded(path: Path) -> Path:
    """`path` with a leading `~` written out.

    Raises: UsageError when it starts with the home of a user who does not exist.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise UsageError(f"There is no home folder for {path}.", "Write the path out in full.") from None
