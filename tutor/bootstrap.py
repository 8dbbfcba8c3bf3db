"""The one place where concrete parts are put together. Refuses to hold any logic of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tutor import paths

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.library import Library
    from tutor.store.log import Log


def open_library(content: Path | None) -> Library:
    """The pack to learn from.

    Raises: UsageError when there is no pack, ContentError when it is wrong.
    """
    from tutor.content.library import Library

    return Library(paths.pack_dir(content), paths.cache_dir())


def open_log(now: Callable[[], datetime]) -> Log:
    """The learner's progress.

    Raises: StoreError when it cannot be opened.
    """
    from tutor.store.log import Log

    return Log(paths.store_file(), now)


def open_coach(content: Path | None, now: Callable[[], datetime]) -> Coach:
    """Both together.

    Raises: UsageError, ContentError, StoreError as above.
    """
    from tutor.coach.coach import Coach

    return Coach(open_library(content), open_log(now), now)
