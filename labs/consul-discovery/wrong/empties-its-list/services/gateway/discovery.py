"""Where the instances of an upstream are: from a static list of URLs, or from Consul.

A name in the list may stand for several addresses (that is how Compose and Swarm present replicas); each address is
an instance of its own, or one dead replica would hide behind a healthy name. Names are asked again every few seconds.

Refuses to call an address that nobody vouches for: what Consul does not name as passing is not in the list.
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
SHORTEST_PAUSE = 0.1  # a Consul that answers at once, again and again, must not keep this process busy
LONGEST_PAUSE = 10.0
_GARBAGE = (ValueError, KeyError, TypeError, AttributeError)  # what an answer raises that is not what Consul sends


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
        self._first: Callable[[], object] | None = None
        self._url = f"{base_url}/v1/health/service/{name}"
        self._update = update
        self._wait = wait

    async def run(self, first: Callable[[], object] | None = None) -> None:
        """Until cancelled; `first` is called before the first list. Pauses grow, with jitter, while Consul is away."""
        self._first = first
        # Consul adds up to wait/16 of its own; the timeout is there for a connection that died without a word.
        timeout = aiohttp.ClientTimeout(total=self._wait + self._wait / 16 + 5, sock_connect=2)
        index, failures = 0, 0
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                try:
                    index = await self._ask(session, index)
                    failures = 0
                    await asyncio.sleep(SHORTEST_PAUSE)
                except (aiohttp.ClientError, TimeoutError, *_GARBAGE) as error:
                    failures += 1
                    index = 0
                    if failures == 1:
                        log.warning("consul cannot be asked for %s: %r", self._name, error)
                    if self._first is None:
                        self._update(())  # nobody vouches for these addresses any more
                    await asyncio.sleep(random.uniform(0.1, min(LONGEST_PAUSE, 0.25 * 2 ** min(failures, 8))))

    async def _ask(self, session: aiohttp.ClientSession, index: int) -> int:
        query = {"passing": "true", "index": str(index), "wait": f"{self._wait}s"}
        async with session.get(self._url, params=query) as answer:
            answer.raise_for_status()
            following = int(answer.headers["X-Consul-Index"])
            entries: list[dict[str, Any]] = await answer.json(content_type=None)
        addresses = [_address(entry, self._name) for entry in entries]
        if addresses:
            if self._first is not None:
                self._first()
                self._first = None
            self._update(addresses)
        elif index != following:
            # More often a registry that lost its memory than a service without a single instance.
            log.warning("consul knows no passing instance of %s, keeping the list", self._name)
        # An index that went backwards belongs to a registry that started anew: ask from the beginning.
        return following if following >= index else 0


def _address(entry: dict[str, Any], name: str) -> Address:
    service = entry["Service"]
    host, port = service["Address"] or entry["Node"]["Address"], int(service["Port"])
    scheme = (service.get("Meta") or {}).get("scheme", "http")
    if scheme not in ("http", "https") or not isinstance(host, str) or not 0 < port < 65_536:
        raise ValueError(f"{scheme}://{host}:{port} is no address")
    # Called by the service's name: that is what the certificate of each of its instances says.
    return Address(scheme, host, port, name)


async def consul_or_static(consul: ConsulDiscovery, static: StaticDiscovery) -> None:
    """Consul, with the static list until (and unless) it has named an instance for the first time."""
    async with asyncio.TaskGroup() as both:
        until_then = both.create_task(static.run())
        both.create_task(consul.run(first=until_then.cancel))
