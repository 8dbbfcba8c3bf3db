"""The system in Docker, as it is shipped: its own Compose file, its own images, every profile.

Refuses to touch the product's containers in order to look inside: tests come in by the doors, a container beside them.
A `<service>-db` is the server that holds the service's database: inventory, payments and notifications share one here.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import asyncpg
import httpx
from docker.models.containers import Container

from processes.credentials import Credentials
from processes.ports import free_ports
from tests.system.harness.base import OPEN_PATHS, SERVICES, System
from tests.system.harness.compose import Project, engine, sweep
from tests.system.harness.waiting import eventually

SHARED = ("inventory", "payments", "notifications")
SERVERS = {"broker": "rabbitmq", **{f"{service}-db": "saga-db" for service in SHARED}}
PUBLISHED = {
    "gateway": "GATEWAY_PORT",
    "rabbitmq": "RABBITMQ_UI_PORT",
    "consul": "CONSUL_UI_PORT",
    "prometheus": "PROMETHEUS_PORT",
    "alertmanager": "ALERTMANAGER_PORT",
    "jaeger": "JAEGER_UI_PORT",
    "observer": "OBSERVER_PORT",
}
INSIDE = [
    *(f"{service}:{port}" for service in SERVICES for port in (8000, 9000)),
    *("rabbitmq:5672", "redis:6379", "users-db:5432", "orders-db:5432", "saga-db:5432"),
]
DOORS = Path(__file__).with_name("doors.py")
READY_TIMEOUT = 180.0


class Secrets:
    """Values of this run alone, and the variables by which the Compose file takes them."""

    def __init__(self) -> None:
        self.credentials = Credentials()
        spare = Credentials()
        self.passwords = dict(zip(("users", "orders", *SHARED), spare.service_keys.values(), strict=False))
        self.server, self.broker = spare.admin_password, spare.identity_key

    def variables(self) -> dict[str, str]:
        """What the Compose file is told."""
        own = self.credentials
        return {
            "ADMIN_EMAIL": own.admin_email,
            "ADMIN_PASSWORD": own.admin_password,
            "IDENTITY_KEYS": f"k1={own.identity_key}",
            "KEY_ENCRYPTION_KEY": own.encryption_key,
            "GATEWAY_SERVICE_KEY": own.service_keys["gateway"],
            "ORDERS_SERVICE_KEY": own.service_keys["orders"],
            "USERS_SERVICE_KEYS": own.accepted_by("users"),
            "PAYMENTS_SERVICE_KEYS": own.accepted_by("payments"),
            "POSTGRES_PASSWORD": self.server,
            "RABBITMQ_PASSWORD": self.broker,
            **{f"{service.upper()}_DB_PASSWORD": password for service, password in self.passwords.items()},
        }

    def all(self) -> list[str]:
        """What no log may hold."""
        return [*self.credentials.secrets(), *self.passwords.values(), self.server, self.broker]


class DockerSystem(System):
    """A started Compose project, seen through the harness."""

    name = "docker"
    transport: Literal["redis", "amqp"] = "amqp"

    def __init__(
        self,
        folder: Path,
        *,
        files: Sequence[str] = ("compose.yaml",),
        profiles: Sequence[str] = ("*",),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._secrets = Secrets()
        ports = free_ports(len(INSIDE) + len(PUBLISHED))
        self.doors = dict(zip(INSIDE, ports, strict=False))
        self._published = dict(zip(PUBLISHED, ports[len(INSIDE) :], strict=True))
        published = {PUBLISHED[part]: str(port) for part, port in self._published.items()}
        # Probes are rare: the tests look for themselves, and two cores have better things to do.
        variables = {
            "FAULTS": "on",
            "HEALTH_INTERVAL": "30s",
            **published,
            **self._secrets.variables(),
            **(settings or {}),
        }
        self.project = Project(folder, variables=variables, overrides=self._beside(), files=files, profiles=profiles)
        self._own: dict[str, dict[str, str]] = {}
        self._changes: dict[str, dict[str, str]] = {}
        self._earlier: dict[str, str] = {}

    @classmethod
    def started(cls, **options: Any) -> Iterator[DockerSystem]:
        """Everything up and ready; gone when the generator is closed, whatever happened in between."""
        client = engine()
        sweep(client)
        client.close()
        with tempfile.TemporaryDirectory(prefix="shop-tests-") as folder:
            system = cls(Path(folder), **options)
            try:
                system.project.build()
                system.project.compose("up", "-d", "--no-build")
                system.wait_ready(timeout=READY_TIMEOUT)
                yield system
            finally:
                system.close()
                system.project.down()

    def _beside(self) -> Mapping[str, Any]:
        doors = {
            "image": "${PYTHON_IMAGE:-python:3.13-slim}",
            "init": True,
            "command": ["python", "/doors.py", *(f"{port}={address}" for address, port in self.doors.items())],
            "volumes": [f"{DOORS}:/doors.py:ro"],
            "ports": [f"127.0.0.1:{port}:{port}" for port in self.doors.values()],
            "networks": ["edge", "mesh", "users-db", "orders-db", "saga-db"],
        }
        return {"services": {"doors": doors}}

    # where things are

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self._published.get(service) or self.doors[f'{service}:8000']}"

    def ops_url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.doors[f'{service}:9000']}"

    @property
    def admin_login(self) -> tuple[str, str]:
        return self._secrets.credentials.admin_email, self._secrets.credentials.admin_password

    @property
    def secrets(self) -> list[str]:
        return self._secrets.all()

    @property
    def encryption_key(self) -> str:
        return self._secrets.credentials.encryption_key

    @property
    def traces_url(self) -> str:
        return self.url("jaeger")

    @property
    def events_url(self) -> str:
        return f"amqp://shop:{self._secrets.broker}@127.0.0.1:{self.doors['rabbitmq:5672']}/shop"

    def service_key(self, service: str) -> str:
        return self._secrets.credentials.service_keys[service]

    # what can be done to it

    def containers(self, part: str) -> list[Container]:
        """The containers of a part: more than one when it was scaled."""
        found = self.project.containers(SERVERS.get(part, part))
        assert found, f"there is no container of {part}"
        return found

    def start(self, *parts: str) -> None:
        for part in parts:
            for container in self.containers(part):
                container.start()

    def stop(self, part: str) -> None:
        for container in self.containers(part):
            container.stop()

    def kill(self, part: str) -> None:
        for container in self.containers(part):
            container.kill()

    def pause(self, part: str) -> None:
        for container in self.containers(part):
            container.pause()

    def resume(self, part: str) -> None:
        for container in self.containers(part):
            if container.status == "paused":
                container.unpause()

    def scale(self, service: str, instances: int) -> None:
        """Run so many instances of a service, as `docker compose up --scale` does."""
        self.project.compose(
            "up", "-d", "--no-build", "--no-deps", "--no-recreate", "--scale", f"{service}={instances}", service
        )

    def configure(self, service: str, **variables: str) -> None:
        self._own[service] = variables
        self.reconfigure(service)

    def reconfigure(self, service: str, **variables: str) -> None:
        self._changes.pop(service, None)
        if variables:
            self._changes[service] = variables
        # The container is made anew, and what the old one has logged would go with it.
        self._earlier[service] = self.logs(service)
        told = {name: {**self._own.get(name, {}), **self._changes.get(name, {})} for name in SERVICES}
        changed = {name: {"environment": variables} for name, variables in told.items() if variables}
        self.project.layer("changes", {"services": changed})
        self.project.compose("up", "-d", "--no-build", "--no-deps", service)

    def wait_ready(self, *services: str, timeout: float = 60) -> None:
        waiting = list(services or SERVICES)

        def all_ready() -> bool:
            waiting[:] = [service for service in waiting if not self._is_ready(service)]
            assert not waiting, f"not ready: {', '.join(waiting)}\n{self._tails(waiting)}"
            return True

        eventually(all_ready, timeout)

    def _is_ready(self, service: str) -> bool:
        try:
            ready = self._http.get(f"{self.ops_url(service)}/health/ready", timeout=3).status_code == 200
        except httpx.HTTPError:
            return False
        return ready and self._is_found(service)

    def _is_found(self, service: str) -> bool:
        """Does the gateway know where it is? A container that was made anew has a new address."""
        if service not in OPEN_PATHS:
            return True
        try:
            return self._http.get(self.gateway_url + OPEN_PATHS[service], timeout=3).status_code < 500
        except httpx.HTTPError:
            return True  # the gateway itself is down, which is nothing that this service could wait for

    def _tails(self, services: list[str]) -> str:
        return "\n".join(f"--- {service}\n{self.logs(service)[-2000:]}" for service in services)

    def mend(self) -> None:
        running: dict[str, int] = {}
        for container in self.project.containers():
            service = str(container.labels["com.docker.compose.service"])
            running[service] = running.get(service, 0) + 1
            if container.status == "paused":
                container.unpause()
            elif container.status != "running" and service != "certs":  # which has done its work
                container.start()
        for service in {*self._changes, *(name for name, count in running.items() if count > 1)}:
            self.reconfigure(service)
        self.wait_ready()
        self.forgive()

    # what can be seen of it

    def sql(self, service: str, statement: str) -> list[dict[str, Any]]:
        wrapped = f"WITH found AS ({statement}) SELECT coalesce(json_agg(found), '[]') FROM found"
        with ThreadPoolExecutor(1) as aside:  # the caller may have an event loop of its own
            rows: list[dict[str, Any]] = json.loads(aside.submit(asyncio.run, self._fetch(service, wrapped)).result())
        return rows

    def database(self, service: str) -> dict[str, Any]:
        """How a service's role reaches its database from here: what `asyncpg.connect` takes."""
        server = SERVERS.get(f"{service}-db", f"{service}-db")
        access = {"user": service, "password": self._secrets.passwords[service], "database": service}
        return {"host": "127.0.0.1", "port": self.doors[f"{server}:5432"], "timeout": 10, **access}

    async def _fetch(self, service: str, statement: str) -> Any:
        connection = await asyncpg.connect(**self.database(service))
        try:
            return await connection.fetchval(statement, timeout=10)
        finally:
            await connection.close()

    def logs(self, part: str) -> str:
        found = self.containers(part)
        now = "".join(container.logs().decode("utf-8", "replace") for container in found)
        return self._earlier.get(part, "") + now
