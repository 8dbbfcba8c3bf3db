"""The ports, the passwords and the variables of one supervised system. Refuses to start anything.

What `processes.environment` says for one instance of each service is the base; this adds what an order may ask for on
top: several instances, other settings, replaced configuration, another carrier of events.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from processes.credentials import Credentials
from processes.environment import Address, Wiring, environment
from processes.ports import free_ports
from processes.postgres import DatabaseAccess
from processes.supervisor.order import BROKER, CACHE, DATABASES, OBSERVERS, SERVICES, Order

INSIDE: Mapping[str, Mapping[int, str]] = {
    **{name: {8000: "http", 9000: "ops"} for name in (*SERVICES, "observer")},
    "jaeger": {16686: "http", 4318: "http"},
    **{name: {5432: "sql"} for name in DATABASES},
    BROKER: {5672: "amqp", 15672: "http"},
    CACHE: {6379: "redis"},
}
"""The ports of the parts as they are in containers: settings may name a part so, such as http://users:8000."""

_INSIDE = re.compile(rf"\b({'|'.join(INSIDE)}):(\d+)\b")
_REDIS = re.compile(rf"(rediss?://){CACHE}:6379\b")


class Places:
    """Where everything listens. Parts that are not run have an address too: one where nobody answers."""

    def __init__(self, order: Order) -> None:
        self._order = order
        played = (*SERVICES, *OBSERVERS)
        names = [name for part in played for name in order.instances(part)]
        ports = iter(free_ports(2 * len(names) + 2 * len(played) + len(DATABASES) + 3))
        self.instances = {name: Address(next(ports), next(ports)) for name in names}
        self.doors: dict[str, Address] = {}
        for part in played:
            several = order.instances(part)
            self.doors[part] = Address(next(ports), next(ports)) if len(several) > 1 else self.instances[several[0]]
        self.servers = {f"{part}.sql": next(ports) for part in DATABASES}
        self.servers |= {f"{BROKER}.amqp": next(ports), f"{BROKER}.http": next(ports), f"{CACHE}.redis": next(ports)}

    def put(self, key: str, port: int) -> None:
        """A server has a port of its own choice."""
        self.servers[key] = port

    def addresses(self, absent: set[str]) -> dict[str, str]:
        """Each `part.port` of the parts that are run, as host:port; `absent` are ports that are not offered."""
        found = dict(self.servers)
        for part, address in self.doors.items():
            found[f"{part}.http"] = address.port
            if part != "jaeger":
                found[f"{part}.ops"] = address.ops_port
        mine = {key: port for key, port in found.items() if key.partition(".")[0] in self._order.parts}
        return {key: f"127.0.0.1:{port}" for key, port in sorted(mine.items()) if key not in absent}

    def translated(self, value: str, password: str) -> str:
        """A setting that names parts as containers do, with where they are here."""
        value = _REDIS.sub(rf"\1:{password}@{CACHE}:6379", value)
        return _INSIDE.sub(self._here, value)

    def _here(self, found: re.Match[str]) -> str:
        part, port = found[1], INSIDE[found[1]].get(int(found[2]))
        if port is None:
            return found[0]
        if part in self.doors:
            return f"127.0.0.1:{self.doors[part].ops_port if port == 'ops' else self.doors[part].port}"
        return f"127.0.0.1:{self.servers[f'{part}.{port}']}"


class Variables:
    """The environment of each instance of each service."""

    def __init__(self, order: Order, places: Places, folder: Path) -> None:
        self._order, self._places, self._folder = order, places, folder
        self.credentials = Credentials()
        self.databases = {
            name: DatabaseAccess(name, secrets.token_urlsafe(16), places.servers[f"{part}.sql"])
            for part, names in DATABASES.items()
            for name in names
        }
        self.redis_password = secrets.token_urlsafe(16)
        self.events_url = f"amqp://shop:nobody@127.0.0.1:{places.servers[f'{BROKER}.amqp']}/shop"

    @property
    def redis_url(self) -> str:
        """Where the cache is, or would be."""
        return f"redis://:{self.redis_password}@127.0.0.1:{self._places.servers[f'{CACHE}.redis']}"

    def of(self, part: str, instance: str) -> dict[str, str]:
        """The variables of one instance."""
        address = self._places.instances[instance]
        found = {
            **environment("observer" if part in OBSERVERS else part, self._wiring(part)),
            **dict(self._telemetry(part)),
        }
        if part == "gateway":
            found |= self._upstreams()
        chosen = {**self._order.settings.get("all", {}), **self._order.settings.get(part, {})}
        return {
            **found,
            **{name: self._places.translated(value, self.redis_password) for name, value in chosen.items()},
            **dict(self._configuration(part)),
            # Whatever an order says: nothing listens anywhere but here.
            "HOST": "127.0.0.1",
            "PORT": str(address.port),
            "OPS_PORT": str(address.ops_port),
            "INSTANCE_ID": instance,
        }

    def _wiring(self, part: str) -> Wiring:
        return Wiring(
            addresses=self._places.doors,
            databases=self.databases,
            credentials=self.credentials,
            events_url=self.events_url,
            redis_url=f"{self.redis_url}/0",
            folder=self._folder / OBSERVERS.get(part, ""),
        )

    def _telemetry(self, part: str) -> Iterator[tuple[str, str]]:
        """Traces go to what plays Jaeger, if it is run, else to observer; logs to observer."""
        if part in OBSERVERS:
            return
        run = [name for name in ("jaeger", "observer") if name in self._order.parts]
        yield "OTLP_ENDPOINT", self._places.doors[run[0]].url if run else ""
        yield "OTLP_LOGS_ENDPOINT", self._places.doors["observer"].url if "observer" in run else ""

    def _upstreams(self) -> dict[str, str]:
        """Every instance of every service, as a name that stands for several addresses would say it."""
        return {
            f"{part.upper()}_URL": ",".join(self._places.instances[name].url for name in self._order.instances(part))
            for part in SERVICES
            if part != "gateway"
        }

    def _configuration(self, part: str) -> Iterator[tuple[str, str]]:
        for one in self._order.replacements:
            if one.part == part == "gateway" and one.target == "config":
                yield "ROUTES_FILE", str(one.source / "routes.yaml")
