"""Where the instances of an upstream are: from a static list of URLs, or from Consul.

A name in the list may stand for several addresses (that is how Compose and Swarm present replicas); each address is
an instance of its own, or one dead replica would hide behind a healthy name. Names are asked again every few seconds.

Refuses to forget: a registry or name server that is down, or answers with nothing, leaves the last list in place. An
address that no longer works costs a quick connection error; an empty list costs every request.
"""

import asyncio
import contextlib
import ipaddress
import logging
import random
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from gateway.balancer import Address

log = logging.getLogger(__name__)

Update = Callable[[Sequence[Address]], None]
RESOLVE_EVERY = 5.0
CONSUL_WAIT = 30
LONGEST_PAUSE = 10.0


class StaticDiscovery:
    """A list of base URLs, resolved again and again."""

    def __init__(self, name: str, urls: Sequence[str], update: Update, *, every: float = RESOLVE_EVERY) -> None:
        self._name = name
        self._urls = urls
        self._update = update
        self._every = every
        self._known: dict[str, tuple[Address, ...]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every)

    async def once(self) -> None:
        """Ask for all names, in parallel, and publish what is known afterwards."""
        found = await asyncio.gather(*(resolve(url) for url in self._urls), return_exceptions=True)
        for url, addresses in zip(self._urls, found, strict=True):
            if isinstance(addresses, BaseException):
                if not isinstance(addresses, OSError | UnicodeError):
                    raise addresses
                if url not in self._known:
                    log.debug("%s: %s does not resolve yet", self._name, url)
            else:
                self._known[url] = addresses
        self._update([address for url in self._urls for address in self._known.get(url, ())])


async def resolve(url: str) -> tuple[Address, ...]:
    """The addresses behind a base URL; OSError when the name is not known."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return (Address(parts.scheme, host, port, host),)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # One family: `localhost` is two addresses of one process, and half of the requests would find nobody on ::1.
    family = socket.AF_INET if any(entry[0] == socket.AF_INET for entry in found) else socket.AF_INET6
    hosts = sorted({str(entry[4][0]) for entry in found if entry[0] == family})
    return tuple(Address(parts.scheme, each, port, host) for each in hosts)


class ConsulDiscovery:
    """Blocking queries: Consul answers when something changes, so a dead instance is known within a second or so."""

    def __init__(self, name: str, base_url: str, update: Update, *, wait: int = CONSUL_WAIT) -> None:
        self._name = name
        self._url = f"{base_url}/v1/health/service/{name}"
        self._update = update
        self._wait = wait

    async def run(self) -> None:
        """Until cancelled; pauses grow, with jitter, while Consul cannot be asked."""
        # Consul adds up to wait/16 of its own; the timeout is there for a connection that died without a word.
        timeout = aiohttp.ClientTimeout(total=self._wait + self._wait / 16 + 5, sock_connect=2)
        index, failures = 0, 0
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                try:
                    index = await self._ask(session, index)
                    failures = 0
                except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
                    failures += 1
                    index = 0
                    if failures == 1:
                        log.warning("consul cannot be asked for %s, keeping the list: %r", self._name, error)
                    await asyncio.sleep(random.uniform(0.1, min(LONGEST_PAUSE, 0.25 * 2 ** min(failures, 8))))

    async def _ask(self, session: aiohttp.ClientSession, index: int) -> int:
        query = {"passing": "true", "index": str(index), "wait": f"{self._wait}s"}
        async with session.get(self._url, params=query) as answer:
            answer.raise_for_status()
            following = int(answer.headers["X-Consul-Index"])
            entries: list[dict[str, Any]] = await answer.json(content_type=None)
        addresses = [_address(entry) for entry in entries]
        if addresses:
            self._update(addresses)
        elif index != following:
            # More often a registry that lost its memory than a service without a single instance.
            log.warning("consul knows no passing instance of %s, keeping the list", self._name)
        # An index that went backwards belongs to a registry that started anew: ask from the beginning.
        return following if following >= index else 0


def _address(entry: dict[str, Any]) -> Address:
    service = entry["Service"]
    host = service["Address"] or entry["Node"]["Address"]
    return Address((service.get("Meta") or {}).get("scheme", "http"), host, int(service["Port"]), host)


async def consul_or_static(consul: ConsulDiscovery, static: StaticDiscovery) -> None:
    """Consul, with the static list until (and unless) it has answered for the first time."""
    await static.once()
    await consul.run()


