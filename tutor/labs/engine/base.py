"""The verbs that every engine has, and the values they speak in. Refuses to start anything itself.

Long verbs are generators of `Progress`: each face renders them; closing one before its end cleans up. The same
contract test runs against each engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

PORTS: Mapping[str, Mapping[str, int]] = {
    "gateway": {"http": 8000, "ops": 9000},
    "users": {"http": 8000, "ops": 9000},
    "orders": {"http": 8000, "ops": 9000},
    "inventory": {"http": 8000, "ops": 9000},
    "payments": {"http": 8000, "ops": 9000},
    "notifications": {"http": 8000, "ops": 9000},
    "observer": {"http": 8000, "ops": 9000},
    "users-db": {"sql": 5432},
    "orders-db": {"sql": 5432},
    "saga-db": {"sql": 5432},
    "rabbitmq": {"amqp": 5672, "http": 15672},
    "redis": {"redis": 6379},
    "consul": {"http": 8500},
    "prometheus": {"http": 9090},
    "alertmanager": {"http": 9093},
    "jaeger": {"http": 16686},
}
"""The ports of each part by name, as they are inside; where they are reached from here an engine says."""

Health = Literal["starting", "healthy", "unhealthy", "none"]
State = Literal["running", "paused", "restarting", "exited", "absent"]


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the workspace that replaces a folder inside a part. `source` is absolute."""

    part: str
    source: Path
    target: Literal["code", "config"]
    """`code`: the package of that service; `config`: its folder below `labs/system/config`."""
    name: str
    """The package (such as `orders` or `chassis`) or the folder of configuration (such as `gateway`)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a lab asks of an engine. `parts` are names of `labs/system/compose.yaml`, infrastructure included."""

    lab: str
    parts: tuple[str, ...]
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    replicas: Mapping[str, int] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    transport: Literal["amqp", "redis", "any"] = "amqp"
    """What carries the events: RabbitMQ, Redis Streams, or RabbitMQ where there is one."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something on this machine that stops the lab, or would spoil it, and what to do about it."""

    what: str
    remedy: str
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that happened in a long verb. `done` and `of` count within the phase; `of` is 0 when nobody knows."""

    phase: Literal["check", "pull", "build", "start", "wait", "stop"]
    text: str
    done: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class PartFacts:
    """One instance of a part. `inspect` is what the engine knows besides, as far as it does: `user`, `read_only`,
    `cap_drop`, `limits` (memory_mb, cpus, pids), `mounts`, `networks`, `image`, `environment`, `stop_seconds`.
    """

    part: str
    instance: str
    state: State
    health: Health
    started: datetime | None = None
    exit_code: int | None = None
    restarts: int = 0
    oom_killed: bool = False
    inspect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `fields` is the JSON object that it was, or empty when it was none."""

    part: str
    instance: str
    at: datetime | None
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done to a part through the engine. `seconds` is the grace of `stop` and `restart`."""

    do: Literal["stop", "kill", "pause", "disconnect", "start", "resume", "connect", "restart"]
    part: str
    instance: str = ""
    """One instance of several; empty for all."""


ROLLBACK: Mapping[str, str] = {"stop": "start", "kill": "start", "pause": "resume", "disconnect": "connect"}
"""What undoes an action; those that are not here undo themselves."""


@dataclass(frozen=True, slots=True)
class Running:
    """A started system, as an engine needs it to find it again; plain data, kept in the run's file.

    `addresses` maps `part.port` to host:port. `credentials` are what the learner and the checks log in with, such as
    `rabbitmq.user`, `admin.password`, `sql.orders` (a DSN that may only read).
    """

    engine: str
    project: str
    plan: Plan
    started: datetime
    addresses: Mapping[str, str]
    credentials: Mapping[str, str]


class Engine(Protocol):
    """What runs systems. Methods raise MachineError (tutor.errors) when the machine fails them."""

    name: str

    def obstacles(self, plan: Plan) -> Sequence[Obstacle]:
        """What stands in the way of this plan here, in plain words; nothing when it can start."""

    def fetch(self, plans: Sequence[Plan]) -> Iterator[Progress]:
        """Bring all that the plans need onto this machine, so that they start offline afterwards."""

    def up(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Start, wait until healthy, yield the `Running` last. Closed or failing before that: everything is undone."""

    def renew(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Like `up`, where something runs already, for this plan or another: of its data nothing is left, and its
        parts are those of the plan. What is slow to boot may go on running if it is made as new.
        """

    def apply(self, running: Running, parts: Sequence[str]) -> Iterator[Progress]:
        """Restart these parts so that they see the workspace as it is now; healthy, or failing visibly, when done."""

    def inspector(self, running: Running) -> Any:
        """What looks at the running system (`tutor.labs.reach.Inspector`)."""

    def act(self, running: Running, action: Action) -> None:
        """Do one thing to one part; doing it twice is no error."""

    def find(self, project: str) -> bool:
        """Whether anything of this project is there, running or not."""

    def down(self, project: str) -> Iterator[Progress]:
        """Remove everything of the project; nothing is left, and nothing to remove is no error."""
