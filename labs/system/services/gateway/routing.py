"""The routes in force, and their replacement while requests are under way.

The file is looked at every second, and at once on SIGHUP. A new configuration is built completely beside the old one
and then swapped in by one assignment, so no request sees half of each. Upstreams whose settings did not change keep
running: a reload must not close a breaker that is open, or forget which instance is bad.

Refuses a bad file: the configuration in force stays, an error names file and line, and a metric says so until the
file is good again. A gateway that cannot read its routes at the start refuses to start.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import Counter, Gauge

from gateway.config import Configuration, Route
from gateway.routes_file import BadRoutes, read
from gateway.templates import Tree
from gateway.upstream import RunningUpstream

log = logging.getLogger(__name__)

RELOADS = Counter("gateway_routes_reloads_total", "Times the routes file was read", ["outcome"])
VALID = Gauge("gateway_routes_valid", "1 while the routes file on disk is the configuration in force")
POLL = 1.0

Fingerprint = tuple[int, int, int]


class Routing:
    """A component: configuration in force, its tree of routes and its running upstreams."""

    def __init__(self, path: Path, environment: Mapping[str, str], consul_url: str = "", *, poll: float = POLL) -> None:
        self._path = path
        self._environment = environment
        self._consul_url = consul_url
        self._poll = poll
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._seen = _fingerprint(path)
        self.configuration: Configuration = read(path, environment)
        self.tree = _tree(self.configuration)
        self.upstreams: Mapping[str, RunningUpstream] = {}
        VALID.set(1)

    async def start(self) -> None:
        """Start the upstreams and begin to watch the file."""
        self.upstreams = await self._upstreams(self.configuration)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError, RuntimeError, AttributeError):
            loop.add_signal_handler(signal.SIGHUP, self._wake.set)  # not on Windows, nor outside the main thread
        self._task = asyncio.create_task(self._watch(), name="routes file")

    async def stop(self) -> None:
        """Stop watching, then the upstreams."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            with contextlib.suppress(NotImplementedError, RuntimeError, AttributeError):
                asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        for upstream in self.upstreams.values():
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
        before = self.upstreams
        upstreams = await self._upstreams(configuration)
        # No await between these: a request sees all of the old or all of the new.
        self.configuration, self.tree, self.upstreams = configuration, _tree(configuration), upstreams
        RELOADS.labels("done").inc()
        VALID.set(1)
        log.info("routes reloaded: %d routes, %d upstreams", len(configuration.routes), len(upstreams))
        for name, upstream in before.items():
            if upstreams.get(name) is not upstream:
                await upstream.stop()
        return True

    async def _upstreams(self, configuration: Configuration) -> Mapping[str, RunningUpstream]:
        running = {}
        for name, config in configuration.upstreams.items():
            known = self.upstreams.get(name)
            if known is not None and known.config == config:
                running[name] = known
            else:
                running[name] = RunningUpstream(name, config, self._consul_url)
                await running[name].start()
        return running

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._poll)
            asked = self._wake.is_set()
            self._wake.clear()
            now = _fingerprint(self._path)
            if asked or now != self._seen:
                self._seen = now
                try:
                    await self.reload()
                except Exception:  # one odd file must not end the watching of all later ones
                    log.exception("reading the routes failed")


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
