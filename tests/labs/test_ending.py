"""A verb that is at work in another thread ends when that is wished for, wherever it waits, and cleans up in peace."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tutor.labs import bridge, ending
from tutor.labs.engine.command import lines


def ended(wait: Callable[[], Any]) -> bool:
    """Whether a wish that is made while somebody waits ends the waiting."""
    wish, heard = ending.Wish(), threading.Event()

    def run() -> None:
        with ending.heeding(wish):
            try:
                wait()
            except ending.Ended:
                heard.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    wish.make()
    thread.join(20)
    return heard.is_set()


async def _for_ever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "wait",
    [
        lambda: ending.sleep(3600),
        lambda: bridge.finished(_for_ever),
        lambda: list(bridge.streamed(lambda _tell: _for_ever())),
        lambda: list(lines(["sleep", "3600"], {"PATH": "/usr/bin:/bin"}, 3600)),
    ],
    ids=["a pause", "work in a loop", "news of a loop", "a command"],
)
def test_whoever_waits_hears_the_wish(wait: Callable[[], Any]) -> None:
    """A pause, work in an event loop, what it tells, and a command that says nothing."""
    assert ended(wait)


def test_what_cleans_up_is_not_ended_in_its_turn() -> None:
    """The wish is heard once: what waits afterwards, in a `finally`, comes to its end."""
    wish, cleaned = ending.Wish(), []
    wish.make()
    with ending.heeding(wish), suppress(ending.Ended):
        try:
            ending.sleep(0.001)
        finally:
            ending.sleep(0.001)
            cleaned.append(True)
    assert cleaned == [True]


def test_without_a_wish_nothing_ends() -> None:
    """Whoever heeds nobody sleeps as long as it wants, and so does who heeds a wish that is not made."""
    ending.sleep(0.001)
    with ending.heeding(ending.Wish()):
        ending.listen()
    ending.listen()
