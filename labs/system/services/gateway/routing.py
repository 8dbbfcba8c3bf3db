"""The routes in force, and their replacement while requests are under way.

The file is looked at twice a second, and at once on SIGHUP. A new configuration is built completely beside the old one
and then swapped in by one assignment; a request takes what is in force when it comes and keeps it to its end, so none
sees half of each. Upstreams whose settings did not change keep running: a reload must not close a breaker that is open,
or forget which instance is bad.

Refuses a bad file: the configuration in force stays, an error names file and line, and a metric says so until the
file is good again. A gateway that cannot read its routes at the start refuses to start.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import Counter, Gauge

from gateway.config import Configuration, Route
from gateway.routes_file import BadRoutes, read
from gateway.templates import Tree
from gateway.upstream import RunningUpstream, forget

log = logging.getLogger(__name__)

RELOADS = Counter("gateway_routes_reloads_total", "Times the routes file was read", ["outcome"])
VALID = Gauge("gateway_routes_valid", "1 while the routes file on disk is the configuration in force")
POLL = 0.5

Fingerprint = tuple[int, int, int]


@dataclass(frozen=True)
class InForce:
    """One configuration with its tree of routes and its running upstreams."""

    configuration: Configuration
    tree: Tree[Route]
    upstreams: Mapping[str, RunningUpstream]


class Routing:
    """A component: what is in force, and the watch over the file."""

    def __init__(self, path: Path, environment: Mapping[str, str], consul_url: str = "", *, poll: float = POLL) -> None:
        self._path = path
        self._environment = environment
        self._consul_url = consul_url
        self._poll = poll
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._read = _fingerprint(path)
        configuration = read(path, environment)
        self.in_force = InForce(configuration, _tree(configuration), {})
        VALID.set(1)

    async def start(self) -> None:
        """Start the upstreams and begin to watch the file."""
        self.in_force = await self._started(self.in_force.configuration)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(signal.SIGHUP, self._wake.set)  # not outside the main thread
        self._task = asyncio.create_task(self._watch(), name="routes file")

    async def stop(self) -> None:
        """Stop watching, then the upstreams."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            with contextlib.suppress(NotImplementedError, RuntimeError):
                asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        for upstream in self.in_force.upstreams.values():
            await upstream.stop()

    async def reload(self) -> bool:
        """Read the file and put it in force; False when it is bad, and nothing has changed."""
        try:
            configuration = await asyncio.to_thread(read, self._path, self._environment)
        except BadRoutes as bad:
            for problem in bad.problems:
                log.error("the routes stay as they were: %s", problem)
            RELOADS.labels("refused").inc()
            VALID.set(0)
            return False
        before = self.in_force.upstreams
        self.in_force = after = await self._started(configuration)
        for name, upstream in before.items():
            if after.upstreams.get(name) is not upstream:
                await upstream.stop()
            if name not in after.upstreams:
                forget(name)
        RELOADS.labels("done").inc()
        VALID.set(1)
        log.info("routes reloaded: %d routes, %d upstreams", len(configuration.routes), len(after.upstreams))
        return True

    async def _started(self, configuration: Configuration) -> InForce:
        """Built beside what is in force: the new upstreams have looked for their instances before a request comes."""
        running: dict[str, RunningUpstream] = {}
        fresh = []
        for name, config in configuration.upstreams.items():
            known = self.in_force.upstreams.get(name)
            if known is not None and known.config == config:
                running[name] = known
            else:
                running[name] = RunningUpstream(name, config, self._consul_url, known)
                fresh.append(running[name].start())
        await asyncio.gather(*fresh)
        return InForce(configuration, _tree(configuration), running)

    async def _watch(self) -> None:
        last = self._read
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._poll)
            asked = self._wake.is_set()
            self._wake.clear()
            now = _fingerprint(self._path)
            # An editor that writes in place may be half-way, and half a file can be a good one with fewer routes. So
            # a change has to hold still from one look to the next.
            if asked or (now != self._read and now == last):
                self._read = now
                try:
                    await self.reload()
                except Exception:  # one odd file must not end the watching of all later ones
                    log.exception("reading the routes failed")
            last = now


def _fingerprint(path: Path) -> Fingerprint | None:
    """Changes with every way to write a file, also by renaming another one over it; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _tree(configuration: Configuration) -> Tree[Route]:
    tree: Tree[Route] = Tree()
    for route in configuration.routes:
        tree.add(route.path, route.methods, route)
    return tree
