"""What waits where in a running lab: queues of RabbitMQ, groups of Redis Streams. Refuses to take anything out.

The counts of RabbitMQ are its own statistics, up to five seconds old; checks ask in a way that is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tutor.errors import MachineError
from tutor.labs.asking import understood
from tutor.labs.checks import rabbit
from tutor.labs.checks.redis import streams
from tutor.labs.reach import Reach
from tutor.labs.site import Site
from tutor.labs.viewing import looked

TROUBLE = "The queues cannot be read"


@dataclass(frozen=True, slots=True)
class Queue:
    """Something that messages wait in. `waiting` are those that nobody has taken, `taken` those that somebody has and
    has not settled; rates are per second. None: nobody knows.
    """

    name: str
    kind: str
    waiting: int | None
    taken: int | None
    consumers: int | None
    arriving: float | None = None
    leaving: float | None = None


def queues(site: Site) -> list[Queue]:
    """Every queue, or every group of every stream, whatever carries the events of this lab; by name.

    Raises: UsageError when the lab is not running, MachineError when the broker does not say.
    """
    _, running = site.run()
    if site.found.lab.system.transport == "redis":
        return looked(site, lambda reach: _streams(reach, "redis"), TROUBLE)
    if f"{rabbit.PART}.redis" in running.addresses:  # an engine without RabbitMQ has put Redis Streams in its place
        return looked(site, lambda reach: _streams(reach, rabbit.PART), TROUBLE)
    if rabbit.PART not in site.found.lab.system.parts:
        raise MachineError("This lab has no queues: no broker is among its parts.")
    return looked(site, _rabbit, TROUBLE)


async def _rabbit(reach: Reach) -> list[Queue]:
    access = rabbit.Access.of(reach)
    found = await rabbit.manage(reach, access, f"queues/{access.place}")
    with understood(rabbit.PART):
        return sorted((_queue(one) for one in found or []), key=lambda one: one.name)


def _queue(data: Mapping[str, Any]) -> Queue:
    stats = data.get("message_stats") or {}
    return Queue(
        name=str(data["name"]),
        kind=str(data.get("type") or "classic"),
        waiting=data.get("messages_ready"),
        taken=data.get("messages_unacknowledged"),
        consumers=data.get("consumers"),
        arriving=_rate(stats, "publish"),
        leaving=_rate(stats, "ack"),
    )


def _rate(stats: Mapping[str, Any], name: str) -> float | None:
    rate = (stats.get(f"{name}_details") or {}).get("rate")
    return float(rate) if rate is not None else None


async def _streams(reach: Reach, part: str) -> list[Queue]:
    found = await streams(reach, part)
    return [queue for key in sorted(found) for queue in rows(key, found[key])]


def rows(key: str, stream: Mapping[str, Any]) -> Iterator[Queue]:
    """Each group of a stream; the stream itself when it has none."""
    if not stream["groups"]:
        yield Queue(key, "stream without a group", stream["length"], None, 0)
    for group in stream["groups"]:
        yield Queue(f"{key} > {group['name']}", "group", group["lag"], group["pending"], group["consumers"])
