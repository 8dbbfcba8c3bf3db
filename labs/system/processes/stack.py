"""The whole system as child processes: real PostgreSQL, real Valkey, a broker, and the services.

Everything starts at once. Nothing waits for what it depends on: services start in any order and say themselves when
they are ready, so the slowest part is the time to start and not the sum. Refuses to go on when a part ends before it
is ready: it names the part and quotes its log.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from processes.child import POLL, Child
from processes.credentials import Credentials
from processes.environment import Address, Wiring, environment
from processes.leash import Leash
from processes.ports import free_ports
from processes.postgres import Postgres
from processes.rabbitmq import RabbitMQ
from processes.valkey import Valkey

SOURCES = Path(__file__).resolve().parents[1] / "services"
CORE = ("users", "orders", "gateway")
SAGA = ("inventory", "payments", "notifications")
ALL = (*CORE, *SAGA)
OBSERVER = "observer"  # takes the telemetry of the others; not part of the shop, so it is started when it is asked for
WITH_DATABASE = ("users", "orders", "inventory", "payments", "notifications")
READY_TIMEOUT = 60.0


class Stack:
    """One run of the system. `settings` are variables for all services, on top of what the wiring says."""

    def __init__(
        self,
        leash: Leash,
        *,
        services: Sequence[str] = ALL,
        rabbitmq: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.services = tuple(services)
        self.credentials = Credentials()
        self.postgres = Postgres(leash)
        self.cache = Valkey("redis", leash, durable=False)
        self.broker: Valkey | RabbitMQ = RabbitMQ(leash) if rabbitmq else Valkey("broker", leash, durable=True)
        self.servers: Mapping[str, Postgres | Valkey | RabbitMQ] = {
            "postgres": self.postgres,
            "redis": self.cache,
            "broker": self.broker,
        }
        self._leash = leash
        self._settings = dict(settings or {})
        known = (*ALL, OBSERVER) if OBSERVER in services else ALL
        ports = free_ports(2 * len(known))
        self.addresses = {name: Address(*ports[2 * index : 2 * index + 2]) for index, name in enumerate(known)}
        names = [name for name in self.services if name in WITH_DATABASE]
        self.databases = {name: self.postgres.access(name) for name in names}
        self.children = {name: self._child(name, {}) for name in self.services}

    def _child(self, name: str, overrides: Mapping[str, str]) -> Child:
        wiring = Wiring(
            addresses=self.addresses,
            databases=self.databases,
            credentials=self.credentials,
            events_url=self.broker.url(),
            redis_url=self.cache.url(),
            folder=self._leash.folder,
        )
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(SOURCES),
            "PYTHONUNBUFFERED": "1",
            **environment(name, wiring),
            **self._settings,
            **overrides,
        }
        return Child(name, [sys.executable, "-m", name], leash=self._leash, env=env)

    def start(self) -> None:
        """Start everything at once and wait until every service says that it is ready."""
        with ThreadPoolExecutor() as pool:
            parts = [pool.submit(self._start_postgres), pool.submit(self.cache.start), pool.submit(self.broker.start)]
            for child in self.children.values():
                child.start()
            for part in parts:
                part.result()
        self.wait_ready()

    def _start_postgres(self) -> None:
        self.postgres.start()
        self.postgres.create(*self.databases.values())

    def wait_ready(self, *names: str, timeout: float = READY_TIMEOUT) -> None:
        """Until these services (all of them by default) are ready. Raises: ChildFailed with the log of the culprit."""
        deadline = time.monotonic() + timeout
        for name in names or self.services:
            left = max(POLL, deadline - time.monotonic())
            self.children[name].wait_until(partial(self.is_ready, name), left)

    def is_ready(self, name: str) -> bool:
        """What the service itself says on its ops port."""
        try:
            with urllib.request.urlopen(f"{self.ops_url(name)}/health/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def reconfigure(self, name: str, overrides: Mapping[str, str]) -> None:
        """Restart one service with these variables on top of its own; {} brings back what it had."""
        self.children[name].stop()
        self.children[name] = self._child(name, overrides)
        self.children[name].start()

    def url(self, name: str) -> str:
        """The business port of a service, behind the gateway's back."""
        return f"http://127.0.0.1:{self.addresses[name].port}"

    def ops_url(self, name: str) -> str:
        """The operations port: health, metrics, faults."""
        return f"http://127.0.0.1:{self.addresses[name].ops_port}"

    def stop(self) -> None:
        """The edge first, then the services together, then what they stand on."""
        with ThreadPoolExecutor() as pool:
            if "gateway" in self.children:
                self.children["gateway"].stop()
            list(pool.map(lambda child: child.stop(), self.children.values()))
            list(pool.map(lambda part: part.stop(), (self.broker, self.cache, self.postgres)))

    def describe(self) -> str:
        """Endpoints, credentials and logs, for a person."""
        admin = self.credentials
        rows = [("gateway", self.url("gateway")), ("administrator", f"{admin.admin_email} / {admin.admin_password}")]
        rows += [(f"{name} (direct, ops)", f"{self.url(name)}  {self.ops_url(name)}") for name in self.services]
        rows += [(f"{name} database", access.url) for name, access in self.databases.items()]
        rows += [("events", self.broker.url()), ("redis", self.cache.url()), ("logs", str(self._leash.logs))]
        width = max(len(label) for label, _ in rows)
        return "\n".join(f"{label:<{width}}  {value}" for label, value in rows)
