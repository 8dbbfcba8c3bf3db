"""Tells Consul where this instance is, and that it is leaving.

Each instance registers as soon as Consul can be reached. The health check points at the ops port: what decides about
traffic is readiness, not whether a port is open.

Refuses to make a service depend on its registry: a Consul that is down delays nothing and fails nothing here; the
instance serves whoever still knows its address.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import aiohttp

from chassis import tasks

if TYPE_CHECKING:
    from chassis.settings import ServiceSettings

log = logging.getLogger(__name__)

TRY_EVERY = 5.0
CALL_TIMEOUT = aiohttp.ClientTimeout(total=2.0)


def registration(name: str, settings: "ServiceSettings") -> dict[str, Any]:
    """What Consul is told: the address to call, and the URL to ask whether it is ready."""
    scheme = "https" if settings.serves_tls else "http"
    where = urlsplit(settings.advertise_url or f"{scheme}://{settings.instance_id}:{settings.port}")
    host = where.hostname or settings.instance_id
    literal = f"[{host}]" if ":" in host else host
    return {
        "ID": f"{name}-{settings.instance_id}",
        "Name": name,
        "Address": host,
        "Port": where.port or settings.port,
        "Meta": {"scheme": where.scheme or scheme},
        "Check": {
            "HTTP": f"http://{literal}:{settings.ops_port}/health/ready",
            "Interval": "2s",
            "Timeout": "2s",
            # A crashed instance cannot say goodbye. One minute is Consul's smallest value.
            "DeregisterCriticalServiceAfter": "1m",
        },
    }


class ConsulRegistration:
    """A component: registers once, deregisters on stop (before the listeners close)."""

    def __init__(self, name: str, settings: "ServiceSettings", *, every: float = TRY_EVERY) -> None:
        self._body: Mapping[str, Any] = registration(name, settings)
        self._base = settings.consul_url.rstrip("/")
        self._every = every
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to register in the background; a Consul that is down must not hold up the start."""
        self._session = aiohttp.ClientSession(timeout=CALL_TIMEOUT)
        self._task = asyncio.create_task(self._until_registered(self._session), name="consul-registration")

    async def stop(self) -> None:
        """End the trying first, or the loop could register what was just taken out."""
        await tasks.end([self._task] if self._task else [])
        self._task = None
        if self._session is not None:
            await self._deregister(self._session)
            await self._session.close()
            self._session = None

    async def _until_registered(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with session.put(f"{self._base}/v1/agent/service/register", json=self._body) as answer:
                    answer.raise_for_status()
                log.info("registered with consul as %s", self._body["ID"])
                return
            except (aiohttp.ClientError, TimeoutError) as error:
                log.warning("cannot register with consul: %s", error or type(error).__name__)
            await asyncio.sleep(self._every)

    async def _deregister(self, session: aiohttp.ClientSession) -> None:
        try:
            async with session.put(f"{self._base}/v1/agent/service/deregister/{self._id}") as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("cannot deregister from consul, its check will: %s", error or type(error).__name__)

    @property
    def _id(self) -> str:
        return quote(self._body["ID"], safe="")
