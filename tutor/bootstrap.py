"""The one place where concrete parts are put together. Refuses to hold any logic of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tutor import paths

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.labs import Labs
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

    return Coach(open_library(content), open_log(now), now, paths.lab_ids())


def open_labs(coach: Coach, now: Callable[[], datetime], others: Sequence[Path] = ()) -> Labs:
    """The labs that ship, and those in the folders `others`, for this learner on this machine.

    Raises: UsageError when a folder holds no lab.
    """
    from tutor.coach.labs import Labs
    from tutor.labs.engine.base import Engine
    from tutor.labs.engine.docker import DockerEngine
    from tutor.labs.engine.local.dependencies import Dependencies
    from tutor.labs.engine.local.engine import LocalEngine
    from tutor.labs.library import Found, Library
    from tutor.labs.site import Site
    from tutor.labs.trust import Trust

    data, system = paths.labs_data_dir(), paths.system_dir()
    engines: dict[str, Engine] = {
        "docker": DockerEngine(data / "engines", system),
        "local": LocalEngine(data / "engines", system, Dependencies(paths.cache_dir(), system)),
    }

    def site(found: Found) -> Site:
        return Site(found, system, data, engines, now)

    return Labs(coach, Library(paths.bundled_labs(), others, Trust(data / "trusted.json")), site)
