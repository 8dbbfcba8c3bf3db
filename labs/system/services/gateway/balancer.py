"""Chooses the instance for the next attempt, and keeps instances that fail out of the choice for a while.

Ejection is per instance and quick (three failures in a row); the circuit breaker is per upstream and slower. So one
bad instance of three costs a few requests, and only a whole upstream that fails opens the breaker.

Refuses to eject more than a share of the instances: when everything fails, the fault is rarely in every instance, and
sending all traffic to the last "good" one would kill that one too.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from prometheus_client import Gauge

from gateway.config import Upstream

log = logging.getLogger(__name__)

EJECTED = Gauge("gateway_instances_ejected", "Instances kept out of the choice", ["upstream"])
INSTANCES = Gauge("gateway_instances", "Instances known", ["upstream"])


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instance listens, and the name it is called by (Host header, and what its certificate must say)."""

    scheme: str
    host: str
    port: int
    name: str

    @property
    def base(self) -> str:
        """The URL in front of a path."""
        return f"{self.scheme}://{_literal(self.host)}:{self.port}"

    @property
    def authority(self) -> str:
        """The Host header."""
        return f"{_literal(self.name)}:{self.port}"


Addresses = Sequence[Address]


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Instance:
    """One address with what was seen of it."""

    __slots__ = ("address", "base", "ejected_until", "ejections", "failures", "in_flight")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.base = address.base
        self.in_flight = 0
        self.failures = 0
        self.ejections = 0
        self.ejected_until = 0.0


class Balancer:
    """Instances of one upstream; for one event loop."""

    def __init__(self, name: str, config: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._ejection = config.ejection
        self._least = config.balance == "least_connections"
        self._clock = clock
        self._next = 0
        self.instances: tuple[Instance, ...] = ()
        # Read when scraped: an ejection ends by itself, and nothing happens here at that moment.
        EJECTED.labels(name).set_function(lambda: len(self.instances) - len(self._in()))
        INSTANCES.labels(name).set_function(lambda: len(self.instances))

    def replace(self, addresses: Addresses) -> None:
        """The list has changed. What stays keeps its history: a fresh list must not un-eject a bad instance."""
        known = {instance.address: instance for instance in self.instances}
        unique = dict.fromkeys(addresses)
        self.instances = tuple(known.get(address) or Instance(address) for address in unique)

    def choose(self, tried: Collection[Instance] = ()) -> Instance | None:
        """The instance for the next attempt, one that was not tried yet if there is one; None when none is known."""
        usable: Sequence[Instance] = self._usable()
        if tried:
            usable = [instance for instance in usable if instance not in tried] or usable
        if not usable:
            return None
        self._next += 1
        if not self._least:
            return usable[self._next % len(usable)]
        # Ties go round among themselves: else an idle upstream would send everything to its first instance, and the
        # neighbour of a busy one would get that one's turns on top of its own.
        fewest = min(instance.in_flight for instance in usable)
        tied = [instance for instance in usable if instance.in_flight == fewest]
        return tied[self._next % len(tied)]

    def succeeded(self, instance: Instance) -> None:
        """It answered properly: all is forgiven, unless it is ejected. Then this is an answer from before that."""
        if instance.ejected_until <= self._clock():
            instance.failures = instance.ejections = 0

    def failed(self, instance: Instance) -> None:
        """It failed, timed out or could not be reached."""
        if instance.ejected_until > self._clock():
            return
        instance.failures += 1
        # Back from an ejection it is on probation: the first failure sends it out again, for longer.
        enough = 1 if instance.ejections else self._ejection.failures
        if instance.failures >= enough and self._may_eject():
            seconds = min(self._ejection.longest, self._ejection.seconds * 2**instance.ejections)
            instance.ejections = min(instance.ejections + 1, 16)
            instance.failures = 0
            instance.ejected_until = self._clock() + seconds
            log.warning("%s is ejected for %g s", instance.base, seconds)

    def _may_eject(self) -> bool:
        out = len(self.instances) - len(self._in())
        return out + 1 <= len(self.instances) * self._ejection.share

    def _in(self) -> Sequence[Instance]:
        now = self._clock()
        return [instance for instance in self.instances if instance.ejected_until <= now]

    def _usable(self) -> Sequence[Instance]:
        usable = self._in()
        # Panic: the list has shrunk to mostly ejected instances. Spreading over all of them beats crushing the rest.
        if len(usable) < max(1, len(self.instances) * (1 - self._ejection.share)):
            return self.instances
        return usable
