"""Ends a verb that is at work in another thread, where no Ctrl-C arrives: whoever waits asks here now and then.

Refuses to end anything twice: what cleans up afterwards must not be ended in its turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLICE = 0.2
"""Seconds after which somebody who waits asks again."""


class Ended(BaseException):
    """The verb is to end now, as Ctrl-C ends one on the command line."""


class Wish:
    """The wish that a verb ends: made by one thread, heard once by the other."""

    def __init__(self) -> None:
        self._made = threading.Event()
        self.heard = False

    def make(self) -> None:
        """Wish for the end."""
        self._made.set()

    def hear(self) -> bool:
        """Whether it is to end; True a single time."""
        if self.heard or not self._made.is_set():
            return False
        self.heard = True
        return True


_here = threading.local()


@contextmanager
def heeding(wish: Wish) -> Iterator[None]:
    """Whatever waits in this thread meanwhile heeds the wish."""
    _here.wish = wish
    try:
        yield
    finally:
        del _here.wish


def listen() -> None:
    """Go on, unless somebody wishes that this thread's verb ends.

    Raises: Ended.
    """
    wish: Wish | None = getattr(_here, "wish", None)
    if wish is not None and wish.hear():
        raise Ended


def sleep(seconds: float) -> None:
    """Sleep, listening.

    Raises: Ended.
    """
    left = seconds
    while left > 0:
        time.sleep(min(left, SLICE))
        left -= SLICE
        listen()
