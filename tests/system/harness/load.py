"""Many calls at once, from threads. Refuses to judge: it returns every answer, and what broke instead of one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.system.harness.base import Response


@dataclass
class Outcome:
    """What came back, and what did not."""

    answers: list[Response] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def statuses(self) -> set[int]:
        """Every status that was answered."""
        return {answer.status for answer in self.answers}


def at_once(call: Callable[[], Response], times: int) -> list[Response]:
    """The same call from `times` threads that start together."""
    barrier = threading.Barrier(times)

    def together(_number: int) -> Response:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(together, range(times)))


@contextmanager
def load(call: Callable[[], Response], threads: int = 4, pause: float = 0.02) -> Iterator[Outcome]:
    """Call over and over from some threads while the body runs; the outcome is complete after it."""
    outcome, stop = Outcome(), threading.Event()

    def work() -> None:
        while not stop.wait(pause):
            try:
                outcome.answers.append(call())
            except httpx.HTTPError as error:
                outcome.broken.append(repr(error))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield outcome
    finally:
        stop.set()
        for worker in workers:
            worker.join()
