"""Runs async work for callers that are not: in a thread and an event loop of its own. Refuses to leave it behind.

A generator that drove the loop itself would stop it whenever its reader is busy drawing, and every time that is
measured inside would be wrong. So the loop runs beside, and what it tells is queued.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from tutor.labs import ending

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class _End(Generic[R]):
    """How the work ended; both are None when it was cancelled."""

    result: R | None = None
    error: BaseException | None = None


class _Work(Generic[T, R]):
    """One piece of work in its thread."""

    def __init__(self, work: Callable[[Callable[[T], None]], Coroutine[Any, Any, R]]) -> None:
        self.told: SimpleQueue[T | _End[R]] = SimpleQueue()
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[R] | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lab", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        end: _End[R] = _End()
        try:
            asyncio.run(self._main(end))
        finally:
            self._begun.set()
            self.told.put(end)

    async def _main(self, end: _End[R]) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = task = self._loop.create_task(self._work(self.told.put))
        self._begun.set()
        await asyncio.wait({task})
        if not task.cancelled():
            end.error = task.exception()
            end.result = task.result() if end.error is None else None

    def next(self) -> T | _End[R]:
        """What is told next, waited for; whoever waits can be told to end."""
        while True:
            try:
                return self.told.get(timeout=ending.SLICE)
            except Empty:
                ending.listen()

    def end(self) -> None:
        """Cancel what still runs, and wait until it has cleaned up."""
        self._begun.wait()
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # it has ended by itself, and its loop with it
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()


def streamed(work: Callable[[Callable[[T], None]], Coroutine[Any, Any, object]]) -> Iterator[T]:
    """What `work` tells through the function it is given, as it tells it; closing the generator cancels the work.

    Raises: whatever the work raises.
    """
    running: _Work[T, object] = _Work(work)
    try:
        while not isinstance(told := running.next(), _End):
            yield told
        if told.error is not None:
            raise told.error
    finally:
        running.end()


def finished(work: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """The result of `work`, waited for; Ctrl-C cancels it.

    Raises: whatever the work raises.
    """
    running: _Work[R, R] = _Work(lambda _tell: work())
    try:
        end = running.next()
    finally:
        running.end()
    if isinstance(end, _End) and end.error is not None:
        raise end.error
    return cast("R", end.result if isinstance(end, _End) else end)
