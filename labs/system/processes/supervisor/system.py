"""Builds the parts that an order names, and starts, finds and ends them. Refuses to decide what is done to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from processes.child import Child
from processes.postgres import Blank, Postgres
from processes.rabbitmq import RabbitMQ
from processes.stack import SOURCES
from processes.supervisor.door import Doors
from processes.supervisor.logbook import LoggingLeash
from processes.supervisor.order import BROKER, CACHE, DATABASES, OBSERVERS, SERVICES, Order
from processes.supervisor.parts import Instance, about
from processes.supervisor.wiring import Places, Variables
from processes.valkey import Valkey

SERVE = Path(__file__).resolve().parents[1] / "serve.py"
READER = "tutor_reader"
MEMORY = "96mb"
"""Of what lies in Redis, as in the Compose file."""

PATIENCE = 300.0
"""Seconds until a database has to be there for the first time; a busy machine is no fault."""

Server = Postgres | Valkey | RabbitMQ


class System:
    """A whole system on a leash."""

    def __init__(self, order: Order, leash: LoggingLeash) -> None:
        self._order, self._leash = order, leash
        self._places = Places(order)
        self._variables = Variables(order, self._places, leash.folder)
        self._blank: Blank | None = None
        self._absent: set[str] = set()
        self._secrets: dict[str, str] = {}
        servers = [self._server(part) for part in order.parts if part in (*DATABASES, BROKER, CACHE)]
        services = [self._service(part, name) for part in self._played() for name in order.instances(part)]
        self.instances: list[Instance] = [*servers, *services]
        self._doors = Doors()

    def _played(self) -> list[str]:
        return [part for part in self._order.parts if part in SERVICES or part in OBSERVERS]

    def start(self) -> None:
        """Start whatever does not run, all at once; each says for itself when it can be used."""
        with ThreadPoolExecutor(len(self.instances)) as pool:
            list(pool.map(lambda one: one.start(), self.instances))

    def open(self) -> None:
        """Open the addresses that stand for several instances. Raises: OSError when a port is taken."""
        for part in self._played():
            behind = [self._places.instances[name] for name in self._order.instances(part)]
            if len(behind) > 1:
                self._doors.open(self._places.doors[part].port, [one.port for one in behind])
                self._doors.open(self._places.doors[part].ops_port, [one.ops_port for one in behind])

    def end(self) -> None:
        """End everything at once."""
        with ThreadPoolExecutor(len(self.instances)) as pool:
            list(pool.map(lambda one: one.end(), self.instances))
        self._doors.close()

    def of(self, part: str) -> list[Instance]:
        """The instances of a part."""
        return [one for one in self.instances if one.part == part]

    def where(self) -> dict[str, Any]:
        """Addresses, and what one logs in with."""
        credentials = self._variables.credentials
        secrets = {"admin": credentials.admin_password, "identity": credentials.identity_key, **self._secrets}
        return {"addresses": self._places.addresses(self._absent), "secrets": secrets}

    def _service(self, part: str, name: str) -> Instance:
        package = "observer" if part in OBSERVERS else part
        replaced = [one for one in self._order.replacements if one.part == part]
        folders = [f"{one.name}={one.source}" for one in replaced if one.target == "code"]
        variables = self._variables.of(part, name)
        if part in OBSERVERS:
            (self._leash.folder / OBSERVERS[part]).mkdir(exist_ok=True)
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(SOURCES),
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        child = Child(name, [sys.executable, "-P", str(SERVE), package, *folders], leash=self._leash, env=env)
        mounts = [{"source": str(one.source), "target": one.name, "writable": False} for one in replaced]
        ports = {"http": f"127.0.0.1:{variables['PORT']}", "ops": f"127.0.0.1:{variables['OPS_PORT']}"}
        image = f"process: {package}" + ("" if package == part else f" in place of {part}")
        return Instance(part, name, child, child.start, self._leash.book(name), about(image, variables, mounts, ports))

    def _server(self, part: str) -> Instance:
        if part in DATABASES:
            return self._database(part)
        if part == CACHE:
            return self._cache()
        return self._broker()

    def _database(self, part: str) -> Instance:
        self._blank = self._blank or Blank(self._leash)
        server = Postgres(self._leash, f"{part}-1", self._blank, port=self._places.servers[f"{part}.sql"])
        made: list[bool] = []

        def begin() -> None:
            if made:
                server.child.start()
            else:
                server.start(PATIENCE)
                server.create(*(self._variables.databases[name] for name in DATABASES[part]))
                server.run("\n".join(_reading(self._secrets["reader"], DATABASES[part])))
                made.append(True)

        self._secrets |= {"postgres": self._blank.password}
        self._secrets.setdefault("reader", token_urlsafe(16))
        return self._instance(part, server, begin, "process: PostgreSQL", {"sql": server.port})

    def _cache(self) -> Instance:
        server = Valkey(f"{CACHE}-1", self._leash, durable=True, memory=MEMORY)
        self._places.put(f"{CACHE}.redis", server.port)
        self._variables.redis_password = self._secrets["redis"] = server.password
        if self._order.transport == "redis":
            self._variables.events_url = server.url(1)
        return self._instance(CACHE, server, server.child.start, "process: Valkey", {"redis": server.port})

    def _broker(self) -> Instance:
        if self._order.transport == "streams":
            return self._stand_in()
        server = RabbitMQ(self._leash, name=f"{BROKER}-1", management=True, vhost="shop")
        self._places.put(f"{BROKER}.amqp", server.port)
        self._places.put(f"{BROKER}.http", server.management_port or 0)
        self._secrets["rabbitmq"] = server.password
        if self._order.transport != "redis":
            self._variables.events_url = server.url("shop")
        ports = {"amqp": server.port, "http": server.management_port or 0}
        return self._instance(BROKER, server, server.begin, "process: RabbitMQ", ports)

    def _stand_in(self) -> Instance:
        """Redis Streams in a Valkey of their own: so the broker can be taken away without taking the cache away."""
        server = Valkey(f"{BROKER}-1", self._leash, durable=True, memory=MEMORY)
        self._places.put(f"{BROKER}.redis", server.port)
        self._absent |= {f"{BROKER}.amqp", f"{BROKER}.http"}
        self._secrets["broker"] = server.password
        self._variables.events_url = server.url()
        image = "process: Valkey, Redis Streams in place of RabbitMQ"
        return self._instance(BROKER, server, server.child.start, image, {"redis": server.port})

    def _instance(self, part: str, server: Server, begin: Any, image: str, ports: dict[str, int]) -> Instance:
        where = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        book = self._leash.book(server.child.name)
        return Instance(part, server.child.name, server.child, begin, book, about(image, {}, [], where))


def _reading(password: str, databases: Sequence[str]) -> Iterator[str]:
    """A role that may read everything and write nothing: what looks must not use a service's own."""
    yield f"CREATE ROLE {READER} LOGIN PASSWORD '{password}' CONNECTION LIMIT 20;"
    yield f"ALTER ROLE {READER} SET default_transaction_read_only = on;"
    yield f"GRANT pg_read_all_data TO {READER};"
    for name in databases:
        yield f'GRANT CONNECT ON DATABASE "{name}" TO {READER};'
