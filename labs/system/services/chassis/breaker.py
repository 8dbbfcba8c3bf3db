"""A circuit breaker: stops calling what keeps failing, and asks it again carefully.

Closed, it counts outcomes in a rolling window. Open, it refuses at once, so that callers do not queue up behind a
dead dependency and the dependency is not hit while it restarts. Half-open, it lets a handful of probes through and
believes only them.

Refuses to open on little traffic (one failure of one call is 100 %), to count what the caller did wrong (that is for
the caller to report as `success`), and to let an answer from before a change of state decide the new state.
"""

import time
from collections.abc import Callable
from enum import IntEnum

from prometheus_client import Counter, Gauge

STATE = Gauge("breaker_state", "0 closed, 1 half-open, 2 open", ["name"])
REJECTIONS = Counter("breaker_rejections_total", "Calls refused without being tried", ["name"])

BUCKETS = 10


class State(IntEnum):
    """What the breaker does with the next call; the numbers are what the metric exports."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class CircuitOpen(Exception):
    """The call was refused; `retry_after` is how many seconds pass before a probe may be let through."""

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"circuit {name} is open")
        self.name = name
        self.retry_after = retry_after


class Permit:
    """The right to make one call; report exactly one outcome (later reports are ignored)."""

    __slots__ = ("_breaker", "_done", "_generation")

    def __init__(self, breaker: "CircuitBreaker", generation: int) -> None:
        self._breaker = breaker
        self._generation = generation
        self._done = False

    def success(self) -> None:
        """The dependency answered, also when the answer was that the request is wrong."""
        self._finish(False)

    def failure(self) -> None:
        """The dependency failed, timed out or could not be reached."""
        self._finish(True)

    def cancelled(self) -> None:
        """The caller went away: nothing was learnt, and a probe's place is free again."""
        self._finish(None)

    def _finish(self, failed: bool | None) -> None:
        if not self._done:
            self._done = True
            self._breaker._record(self._generation, failed)


class CircuitBreaker:
    """Rolling error rate, half-open probes, exported state; for one event loop (no locks: nothing here awaits)."""

    def __init__(
        self,
        name: str,
        *,
        window: float = 10.0,
        minimum: int = 20,
        error_rate: float = 0.5,
        open_for: float = 5.0,
        half_open: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.state = State.CLOSED
        self._width = window / BUCKETS
        self._minimum = minimum
        self._error_rate = error_rate
        self._open_for = open_for
        self._half_open = half_open
        self._clock = clock
        # Each change of state starts a generation. A slow call that was let through while closed must not close,
        # or open, the breaker minutes later.
        self._generation = 0
        self._opened_at = 0.0
        self._probes = 0
        self._proved = 0
        self._calls = [0] * BUCKETS
        self._failures = [0] * BUCKETS
        self._tick = int(clock() / self._width)
        # Read when scraped, from the newest breaker of this name: one that was replaced must not speak for it.
        STATE.labels(name).set_function(lambda: float(self.state))

    def allow(self) -> Permit:
        """A permit for one call, or CircuitOpen."""
        if self.state is State.CLOSED:
            return Permit(self, self._generation)
        if self.state is State.OPEN:
            wait = self._opened_at + self._open_for - self._clock()
            if wait > 0:
                raise self._refusal(wait)
            self._enter(State.HALF_OPEN)
        if self._probes >= self._half_open:
            raise self._refusal(1.0)
        self._probes += 1
        return Permit(self, self._generation)

    def _refusal(self, wait: float) -> CircuitOpen:
        REJECTIONS.labels(self.name).inc()
        return CircuitOpen(self.name, wait)

    def _record(self, generation: int, failed: bool | None) -> None:
        if generation != self._generation:
            return
        if self.state is State.HALF_OPEN:
            self._record_probe(failed)
        elif failed is not None:
            self._count(failed)

    def _record_probe(self, failed: bool | None) -> None:
        if failed is None:
            self._probes -= 1
        elif failed:
            self._enter(State.OPEN)
        else:
            self._proved += 1
            if self._proved >= self._half_open:
                self._enter(State.CLOSED)

    def _count(self, failed: bool) -> None:
        self._forget_old()
        slot = self._tick % BUCKETS
        self._calls[slot] += 1
        if not failed:
            return  # a success never raises the rate, so only failures need the sums
        self._failures[slot] += 1
        calls = sum(self._calls)
        if calls >= self._minimum and sum(self._failures) / calls >= self._error_rate:
            self._enter(State.OPEN)

    def _forget_old(self) -> None:
        now = int(self._clock() / self._width)
        for tick in range(max(self._tick + 1, now - BUCKETS + 1), now + 1):
            self._calls[tick % BUCKETS] = self._failures[tick % BUCKETS] = 0
        self._tick = now

    def _enter(self, state: State) -> None:
        self.state = state
        self._generation += 1
        self._probes = self._proved = 0
        if state is State.OPEN:
            self._opened_at = self._clock()
        self._calls = [0] * BUCKETS
        self._failures = [0] * BUCKETS
