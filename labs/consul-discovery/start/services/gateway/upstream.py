"""One service as the gateway sees it while running: its instances, breaker, retry budget and places.

Refuses to queue: when all places are taken, the next request is told so at once. A queue in front of a slow service
only turns its slowness into timeouts for everybody, and holds memory meanwhile.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge

from chassis import breaker
from chassis.breaker import CircuitBreaker
from chassis.problems import Problem
from gateway import balancer
from gateway.balancer import Balancer
from gateway.config import RetryBudget, Upstream
from gateway.discovery import ConsulDiscovery, StaticDiscovery, consul_or_static

log = logging.getLogger(__name__)

IN_FLIGHT = Gauge("gateway_upstream_in_flight", "Requests that hold a place", ["upstream"])
FULL = Counter("gateway_upstream_full_total", "Requests refused because all places were taken", ["upstream"])
FIRST_LOOK = 2.0


class Budget:
    """Retries as a share of requests: without it, three attempts each turn an overload into three overloads."""

    def __init__(self, config: RetryBudget, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._tokens = float(config.burst)
        self._at = clock()

    def deposit(self) -> None:
        """One request came in."""
        self._tokens = min(self._config.burst, self._tokens + self._config.ratio)

    def spend(self) -> bool:
        """Whether one retry may be made."""
        now = self._clock()
        self._tokens = min(self._config.burst, self._tokens + (now - self._at) * self._config.per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class RunningUpstream:
    """Started and stopped with the configuration that names it; kept by a reload that does not change it.

    One that replaces another takes over what was learnt about the service: the instances and how they behaved, and
    the breaker if its settings are the same. Whoever changes a limit does not want an open breaker closed.
    """

    def __init__(
        self, name: str, config: Upstream, consul_url: str = "", before: "RunningUpstream | None" = None
    ) -> None:
        self.name = name
        self.config = config
        self.balancer = Balancer(name, config)
        self.breaker: CircuitBreaker
        self.budget = Budget(config.retry_budget)
        self.in_flight = 0
        if before is not None:
            self.balancer.instances = before.balancer.instances
        if before is not None and before.config.breaker == config.breaker:
            self.breaker = before.breaker
        else:
            self.breaker = CircuitBreaker(name, **config.breaker.model_dump())
        self._gauge = IN_FLIGHT.labels(name)
        self._consul_url = consul_url
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look for instances, and go on in the background: a name that is not known yet does not hold up the start."""
        self._task = asyncio.create_task(self._discover(), name=f"discovery of {self.name}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), FIRST_LOOK)

    async def stop(self) -> None:
        """Stop looking; requests under way keep the instance they have."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _discover(self) -> None:
        static = StaticDiscovery(self.name, self.config.instances, self._found)
        consul = None
        if self._consul_url and self.config.consul:
            consul = ConsulDiscovery(self.config.consul, self._consul_url, self._found)
        while True:
            try:
                await (consul_or_static(consul, static) if consul else static.run())
            except Exception:  # a bug in here must not freeze the list for ever without a word
                log.exception("looking for instances of %s failed, trying again", self.name)
                await asyncio.sleep(5)

    def _found(self, addresses: balancer.Addresses) -> None:
        self.balancer.replace(addresses)
        self._looked.set()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place, or a 503 at once."""
        if self.in_flight >= self.config.max_in_flight:
            FULL.labels(self.name).inc()
            raise Problem(503, f"{self.name} is at its limit", headers={"Retry-After": "1"})
        self.in_flight += 1
        self._gauge.inc()
        try:
            yield
        finally:
            self.in_flight -= 1
            self._gauge.dec()


def forget(name: str) -> None:
    """Stop exporting the state of an upstream that is gone: it would be scraped, and alerted on, for ever."""
    for gauge in (balancer.EJECTED, balancer.INSTANCES, breaker.STATE):
        with contextlib.suppress(KeyError):
            gauge.remove(name)
