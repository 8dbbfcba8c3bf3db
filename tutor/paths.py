"""Where things lie: the content that ships with the program, the learner's data, the cache. Refuses to create them."""

from __future__ import annotations

import os
from pathlib import Path

from tutor.errors import UsageError

HOME_VARIABLE = "TUTOR_HOME"
CONTENT_VARIABLE = "TUTOR_CONTENT"
DEFAULT_PACK = "week7"


def data_dir() -> Path:
    """The learner's own data: `$TUTOR_HOME`, or the user data directory of the platform.

    Raises: UsageError when `$TUTOR_HOME` starts with the home of a user who does not exist.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return expanded(Path(home))
    import platformdirs

    return Path(platformdirs.user_data_dir("tutor", appauthor=False))


def cache_dir() -> Path:
    """What can be deleted at any time: `$TUTOR_HOME/cache`, or the user cache directory of the platform."""
    if home := os.environ.get(HOME_VARIABLE):
        return expanded(Path(home)) / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("tutor", appauthor=False))


def store_file() -> Path:
    """The progress store."""
    return data_dir() / "progress.db"


def bundled_content() -> Path:
    """The packs that ship with the program: inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_bundled" / "content"
    return inside if inside.is_dir() else package.parent / "content"


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
