"""The system as plain processes. Refuses to pause one database: all share one server here, which pauses whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from processes.child import Child
from processes.leash import Leash
from processes.stack import ALL, Stack
from tests.system.harness.base import System

DATABASE = "-db"


class ProcessSystem(System):
    """A started stack, seen through the harness."""

    def __init__(self, leash: Leash, *, rabbitmq: bool = False, settings: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.stack = Stack(leash, services=(*ALL, "observer"), rabbitmq=rabbitmq, settings=settings)
        self.name = "rabbitmq" if rabbitmq else "processes"
        self.transport = "amqp" if rabbitmq else "redis"
        self._own: dict[str, dict[str, str]] = {}
        self._changed: set[str] = set()
        self._closed: set[str] = set()

    def url(self, service: str) -> str:
        return self.stack.url(service)

    def ops_url(self, service: str) -> str:
        return self.stack.ops_url(service)

    @property
    def admin_login(self) -> tuple[str, str]:
        credentials = self.stack.credentials
        return credentials.admin_email, credentials.admin_password

    @property
    def secrets(self) -> list[str]:
        passwords = [access.password for access in self.stack.databases.values()]
        return [*self.stack.credentials.secrets(), *passwords, self.stack.broker.password, self.stack.cache.password]

    @property
    def encryption_key(self) -> str:
        return self.stack.credentials.encryption_key

    @property
    def traces_url(self) -> str:
        return self.stack.url("observer")

    @property
    def events_url(self) -> str:
        return self.stack.broker.url()

    def service_key(self, service: str) -> str:
        return self.stack.credentials.service_keys[service]

    def start(self, *parts: str) -> None:
        for part in parts:
            if part.endswith(DATABASE):
                self._closed.discard(part)
                self.stack.postgres.open(part.removesuffix(DATABASE))
            else:
                self._starter(part)()

    def _starter(self, part: str) -> Callable[[], None]:
        server = self.stack.servers.get(part)
        return server.start if server is not None else self.stack.children[part].start

    def _child(self, part: str) -> Child:
        server = self.stack.servers.get(part)
        return server.child if server is not None else self.stack.children[part]

    def stop(self, part: str) -> None:
        if part.endswith(DATABASE):
            self._closed.add(part)
            self.stack.postgres.close(part.removesuffix(DATABASE))
        else:
            self._child(part).stop()

    def kill(self, part: str) -> None:
        if part.endswith(DATABASE):
            self.stop(part)  # a crash of one database of several in a server looks just like this to its clients
        else:
            self._child(part).kill()

    def pause(self, part: str) -> None:
        self._child(part).pause()

    def resume(self, part: str) -> None:
        self._child(part).resume()

    def configure(self, service: str, **variables: str) -> None:
        self._own[service] = variables
        self.reconfigure(service)

    def reconfigure(self, service: str, **variables: str) -> None:
        self.stack.reconfigure(service, {**self._own.get(service, {}), **variables})
        (self._changed.add if variables else self._changed.discard)(service)

    def wait_ready(self, *services: str, timeout: float = 60) -> None:
        self.stack.wait_ready(*services, timeout=timeout)

    def mend(self) -> None:
        for part in ("postgres", "redis", "broker", *self.stack.services):
            self.resume(part)
            self.start(part)
        for part in sorted(self._closed):
            self.start(part)
        for service in sorted(self._changed):
            self.reconfigure(service)
        self.wait_ready()
        self.forgive()

    def sql(self, service: str, statement: str) -> list[dict[str, Any]]:
        wrapped = f"WITH found AS ({statement}) SELECT coalesce(json_agg(found), '[]') FROM found"
        rows: list[dict[str, Any]] = json.loads(self.stack.postgres.run(wrapped, database=service))
        return rows

    def logs(self, part: str) -> str:
        return self._child(part).log.read_text(encoding="utf-8", errors="replace")
