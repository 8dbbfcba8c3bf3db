"""Whether this process lives, and whether it should get traffic: two questions with two answers.

Refuses to let liveness ask a dependency: a database that is down must not restart every service in front of it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

CHECK_TIMEOUT = 1.0
CACHED_FOR = 0.5
# A no is asked again sooner: what has just come up, or come back, should not wait for traffic.
NO_CACHED_FOR = 0.1

logger = logging.getLogger(__name__)
Check = Callable[[], Awaitable[None]]
Answer = tuple[bool, dict[str, object]]


@dataclass
class _Entry:
    check: Check
    required: bool
    failing: bool = False


class Health:
    """Named checks of dependencies, and the state of the process itself."""

    def __init__(self) -> None:
        self.ready = False
        self.draining = False
        self._entries: dict[str, _Entry] = {}
        self._cached: tuple[float, Answer] | None = None
        self._running: asyncio.Task[Answer] | None = None

    def add(self, name: str, check: Check, *, required: bool = True) -> None:
        """Ask ``check`` for readiness; it raises when its dependency cannot be used."""
        self._entries[name] = _Entry(check, required)

    def live(self) -> dict[str, object]:
        """That this can be answered at all is the whole truth: the event loop turns."""
        return {"status": "live"}

    async def readiness(self) -> Answer:
        """Whether to send traffic here, and why."""
        if self.draining:
            return False, {"status": "draining"}
        if self._cached and time.monotonic() - self._cached[0] < (CACHED_FOR if self._cached[1][0] else NO_CACHED_FOR):
            answer = self._cached[1]
        else:
            if self._running is None or self._running.done():
                self._running = asyncio.create_task(self._ask_all())
            answer = await asyncio.shield(self._running)
        if not self.ready:
            return False, {**answer[1], "status": "starting"}
        return answer

    async def _ask_all(self) -> Answer:
        names = list(self._entries)
        results = await asyncio.gather(*(self._ask(name) for name in names))
        checks = dict(zip(names, results, strict=True))
        usable = all(result["ok"] for result in results if result["required"])
        answer: Answer = usable, {"status": "ready" if usable else "unavailable", "checks": checks}
        self._cached = time.monotonic(), answer
        return answer

    async def _ask(self, name: str) -> dict[str, object]:
        entry = self._entries[name]
        reason = ""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                await entry.check()
        except TimeoutError:
            reason = "timed out"
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
            reason = type(error).__name__
        if bool(reason) != entry.failing:
            entry.failing = bool(reason)
            logger.log(
                logging.WARNING if reason else logging.INFO,
                "dependency %s is %s",
                name,
                f"unavailable: {reason}" if reason else "available",
            )
        result: dict[str, object] = {"ok": not reason, "required": entry.required}
        if reason:
            result["reason"] = reason
        return result
