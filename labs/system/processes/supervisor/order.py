"""What a supervisor is asked to run: plain data that comes as JSON. Refuses data that it does not understand.

The parts have the names of `compose.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

DATABASES: Mapping[str, tuple[str, ...]] = {
    "users-db": ("users",),
    "orders-db": ("orders",),
    "saga-db": ("inventory", "payments", "notifications"),
}
"""Each server with the services whose databases it holds."""

SERVICES = ("gateway", "users", "orders", "inventory", "payments", "notifications")
OBSERVERS = {"observer": "observer", "jaeger": "jaeger"}
"""Parts that observer plays, each with the name of its folder: what takes traces here answers as Jaeger does."""

BROKER, CACHE = "rabbitmq", "redis"
KNOWN = {*SERVICES, *OBSERVERS, *DATABASES, BROKER, CACHE}


@dataclass(frozen=True)
class Replacement:
    """A folder that replaces a package (`code`) or a folder of configuration (`config`) for one part."""

    part: str
    source: Path
    target: Literal["code", "config"]
    name: str


@dataclass(frozen=True)
class Order:
    """A system, and where it may put its things.

    `record` is the file that says where the supervisor is reached. `transport` is `amqp` (RabbitMQ), `redis` (streams
    in the part `redis`) or `streams`: those of a Valkey that takes RabbitMQ's place.
    """

    project: str
    record: Path
    logs: Path
    parts: tuple[str, ...]
    replicas: Mapping[str, int]
    settings: Mapping[str, Mapping[str, str]]
    replacements: tuple[Replacement, ...]
    transport: Literal["amqp", "redis", "streams"]

    def instances(self, part: str) -> list[str]:
        """The names of a part's instances."""
        return [f"{part}-{number}" for number in range(1, self.replicas.get(part, 1) + 1)]


def read(data: Mapping[str, Any]) -> Order:
    """The order in this data. Raises: LookupError, TypeError, ValueError when it is none."""
    unknown = set(data["parts"]) - KNOWN
    if unknown:
        raise ValueError(f"no such parts here: {', '.join(sorted(unknown))}")
    several = {part for part, count in data["replicas"].items() if count > 1} - set(SERVICES)
    if several:
        raise ValueError(f"only services can have several instances, not {', '.join(sorted(several))}")
    return Order(
        project=str(data["project"]),
        record=Path(data["record"]),
        logs=Path(data["logs"]),
        parts=tuple(data["parts"]),
        replicas={str(part): int(count) for part, count in data["replicas"].items()},
        settings={str(part): dict(chosen) for part, chosen in data["settings"].items()},
        replacements=tuple(
            Replacement(one["part"], Path(one["source"]), one["target"], one["name"]) for one in data["replacements"]
        ),
        transport=data["transport"],
    )
