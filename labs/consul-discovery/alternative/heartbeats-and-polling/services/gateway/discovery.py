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
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from gateway.balancer import Address

log = logging.getLogger(__name__)

Update = Callable[[Sequence[Address]], None]
RESOLVE_EVERY = 5.0
ASK_EVERY = 1.0
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
    """Asks Consul every second who passes. What changes is known a second later, at the price of a request each."""

    def __init__(self, name: str, base_url: str, update: Update, *, every: float = ASK_EVERY) -> None:
        self._name = name
        self._url = f"{base_url}/v1/health/service/{name}"
        self._update = update
        self._every = every

    async def run(self, first: Callable[[], object] | None = None) -> None:
        """Until cancelled; `first` is called before the first list. What cannot be asked changes nothing."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3, sock_connect=2)) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, *_GARBAGE):
                    addresses = await self._ask(session)
                    if addresses and first is not None:
                        first()
                        first = None
                    if addresses:
                        self._update(addresses)
                await asyncio.sleep(self._every)

    async def _ask(self, session: aiohttp.ClientSession) -> list[Address]:
        async with session.get(self._url, params={"passing": "true"}) as answer:
            answer.raise_for_status()
            entries: list[dict[str, Any]] = await answer.json(content_type=None)
        return [_address(entry, self._name) for entry in entries]


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
