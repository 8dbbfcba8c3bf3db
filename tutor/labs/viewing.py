"""What a face shows of a running lab beside what verbs tell: lines of its logs that fit, and one way to ask for more.

Refuses to change anything, and to let trouble of ours look like an empty answer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from tutor.errors import MachineError
from tutor.labs.bridge import finished
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import LogLine
from tutor.labs.reach import Reach
from tutor.labs.site import Site
from tutor.labs.telemetry import EngineLogs, LogQuery, Logs, logs

T = TypeVar("T")

_TRACE = re.compile(r"[0-9a-f]{32}")
BEFORE = timedelta(minutes=1)
"""How long before the lab was noted as started its parts may have written their first lines."""


def looked(site: Site, look: Callable[[Reach], Awaitable[T]], what: str) -> T:
    """What `look` brings back; `what` says what it means when that cannot be had.

    Raises: UsageError when the lab is not running, MachineError when it cannot be seen.
    """
    reach = site.reach(*site.run())

    async def go() -> T:
        async with reach.open():
            return await look(reach)

    try:
        return finished(go)
    except CannotLook as trouble:
        raise MachineError(f"{what}: {trouble}.", "See: tutor lab status") from None


def lines(site: Site, parts: Sequence[str], words: str = "", limit: int = 200) -> list[LogLine]:
    """The newest lines of these parts (of all, when none is named), oldest first. `words` is a correlation id, a trace
    id, or a piece of either, or of text.

    Raises: UsageError when the lab is not running, MachineError when its logs cannot be read.
    """
    asked = tuple(parts or site.found.lab.system.parts)

    async def look(reach: Reach) -> list[LogLine]:
        since = reach.started - BEFORE
        if not words:
            found, _ = await EngineLogs(reach).lines(LogQuery(asked, since, limit=limit))
            return found
        query, found = LogQuery(asked, since, limit=limit), list[LogLine]()
        with suppress(CannotLook):  # who keeps the logs may be away: the learner may have stopped it
            found = await _fitting(logs(reach), query, words)
        # The engine has the lines as they were written, which hold a piece of an id as well.
        return found or await _fitting(EngineLogs(reach), query, words)

    return looked(site, look, "The logs cannot be read")


async def _fitting(kept: Logs, query: LogQuery, words: str) -> list[LogLine]:
    """By correlation id, by trace id, by text: the first of them that finds something."""
    ways = [replace(query, correlation_id=words), replace(query, text=words)]
    if _TRACE.fullmatch(words):
        ways.insert(0, replace(query, trace_id=words))
    for way in ways:
        found, _ = await kept.lines(way)
        if found:
            return found
    return []
