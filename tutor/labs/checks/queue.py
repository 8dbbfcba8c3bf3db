"""Asks RabbitMQ about a queue, an exchange, a binding, or a virtual host. Refuses to change or to take anything.

    kind: queue
    name: notifications.email
    expect:
      exists: true
      type: quorum
      arguments: {x-dead-letter-exchange: shop.dead}
      bindings: {contains: {source: shop.commands, key: notify.email}}

A name with `*` in it is a pattern: `list` holds every queue that fits. `exchange: shop.events` asks about an exchange,
`binding: {source: shop.events, queue: orders.saga, key: payment.*}` whether there is one. `ready` and `consumers` are
exact; `unacked` and `rates` are up to five seconds old, and `unacked` is nothing as long as the broker has not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote

from pydantic import StringConstraints, model_validator

from tutor.labs.asking import understood, within
from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.checks import rabbit
from tutor.labs.checks.rabbit import PART, Access
from tutor.labs.reach import Reach
from tutor.shapes import Strict

AmqpName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Key = Annotated[str, StringConstraints(max_length=255)]

MAX_LISTED = 200
_RATES = {"published": "publish", "delivered": "deliver_get", "redelivered": "redeliver", "acked": "ack"}


class Binding(Strict):
    """A binding from an exchange to a queue, or to another exchange. Any key when none is given."""

    source: AmqpName
    queue: AmqpName | None = None
    exchange: AmqpName | None = None
    key: Key | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.queue is None) == (self.exchange is None):
            raise ValueError("a binding leads to one thing; write `queue` or `exchange`")
        return self


class QueueCheck(Check):
    """What the broker has."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether there is one",
        "type": "of a queue: classic, quorum or stream; of an exchange: topic, direct, fanout, headers ...",
        "durable": "whether it survives a restart of the broker",
        "auto_delete": "whether it goes when its last user goes",
        "arguments": "the arguments that it was declared with",
        "policy": "the name of the policy in force, nothing when there is none",
        "ready": "messages that wait for a consumer, exact",
        "unacked": "messages that a consumer has and has not settled",
        "total": "ready and unacked together",
        "consumers": "how many consumers there are, exact",
        "consumer_list": "each consumer: tag, prefetch, acks",
        "bindings": "each binding: source, destination, kind, key, arguments; without that of the default exchange",
        "rates": "messages per second: published, delivered, redelivered, acked",
        "totals": "the same as counts since the queue was made",
        "list": "everything that fits a pattern, each with the values above that a list has",
        "count": "how many there are: queues that fit the pattern, bindings that fit, or 0 and 1",
    }

    kind: Literal["queue"]
    name: AmqpName | None = None
    exchange: AmqpName | None = None
    binding: Binding | None = None
    vhost: AmqpName | None = None
    """Another virtual host than the lab's own; alone, it is what is asked about."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        asked = [key for key in ("name", "exchange", "binding") if getattr(self, key) is not None]
        if len(asked) > 1 or not (asked or self.vhost):
            raise ValueError("ask about one thing: `name` (of a queue), `exchange`, `binding`, or `vhost`")
        return self

    async def look(self, reach: Reach) -> Observation:
        """Ask once."""
        access = Access.of(reach, self.vhost)
        async with within(self.look_seconds - 0.5, f"asking {PART}", PART):
            with understood(PART):
                path, values = await self._asked(reach, access)
        return Observation(values, command=rabbit.command(reach, access, path))

    async def _asked(self, reach: Reach, access: Access) -> tuple[str, dict[str, Any]]:
        if self.name is not None:
            name = str(reach.filled(self.name))
            return await (_queues(reach, access, name) if "*" in name else _queue(reach, access, name))
        if self.exchange is not None:
            return await _exchange(reach, access, str(reach.filled(self.exchange)))
        if self.binding is not None:
            return await _binding(reach, access, Binding.model_validate(reach.filled(self.binding.model_dump())))
        return await _vhost(reach, access)


async def _queue(reach: Reach, access: Access, name: str) -> tuple[str, dict[str, Any]]:
    path = f"queues/{access.place}/{quote(name, safe='')}"
    found = await rabbit.manage(reach, access, path)
    if found is None:
        return path, {"exists": False, "count": 0}
    values = _facts(found)
    bindings = await rabbit.manage(reach, access, f"{path}/bindings")
    values["bindings"] = [_bound(one) for one in bindings or [] if one["source"]]
    async with rabbit.connected(reach, access) as connection:
        values |= await rabbit.exact(connection, name)
    return path, {"exists": True, "count": 1, **_summed(values)}


async def _queues(reach: Reach, access: Access, pattern: str) -> tuple[str, dict[str, Any]]:
    path = f"queues/{access.place}"
    found = [one for one in await rabbit.manage(reach, access, path) or [] if fnmatchcase(one["name"], pattern)]
    if len(found) > MAX_LISTED:
        raise CannotLook(f"{len(found)} queues fit {pattern}; ask about fewer", PART)
    listed = []
    async with rabbit.connected(reach, access) as connection:
        for one in found:
            listed.append({"name": one["name"], **_summed(_facts(one) | await rabbit.exact(connection, one["name"]))})
    return path, {"exists": bool(listed), "count": len(listed), "list": listed}


async def _exchange(reach: Reach, access: Access, name: str) -> tuple[str, dict[str, Any]]:
    path = f"exchanges/{access.place}/{quote(name, safe='')}"
    found = await rabbit.manage(reach, access, path)
    if found is None:
        return path, {"exists": False, "count": 0}
    bindings = await rabbit.manage(reach, access, f"{path}/bindings/source")
    return path, {
        "exists": True,
        "count": 1,
        "type": found["type"],
        "durable": found["durable"],
        "auto_delete": found["auto_delete"],
        "arguments": found["arguments"],
        "policy": found.get("policy") or None,
        "bindings": [_bound(one) for one in bindings or []],
    }


async def _binding(reach: Reach, access: Access, wanted: Binding) -> tuple[str, dict[str, Any]]:
    kind, destination = ("q", wanted.queue) if wanted.queue is not None else ("e", wanted.exchange)
    ends = f"{quote(wanted.source, safe='')}/{kind}/{quote(str(destination), safe='')}"
    path = f"bindings/{access.place}/e/{ends}"
    found = [_bound(one) for one in await rabbit.manage(reach, access, path) or []]
    fits = [one for one in found if wanted.key in (None, one["key"])]
    return path, {"exists": bool(fits), "count": len(fits), "bindings": found}


async def _vhost(reach: Reach, access: Access) -> tuple[str, dict[str, Any]]:
    path = f"vhosts/{access.place}"
    found = await rabbit.manage(reach, access, path)
    return path, {"exists": found is not None, "count": int(found is not None)}


def _facts(queue: Mapping[str, Any]) -> dict[str, Any]:
    stats = queue.get("message_stats") or {}
    return {
        "type": queue.get("type") or queue["arguments"].get("x-queue-type", "classic"),
        "durable": queue["durable"],
        "auto_delete": queue["auto_delete"],
        "arguments": queue["arguments"],
        "policy": queue.get("policy") or None,
        "ready": queue.get("messages_ready"),
        "unacked": queue.get("messages_unacknowledged"),
        "consumers": queue.get("consumers"),
        "consumer_list": [
            {"tag": one["consumer_tag"], "prefetch": one["prefetch_count"], "acks": one["ack_required"]}
            for one in queue.get("consumer_details") or []
        ],
        "rates": {name: (stats.get(f"{key}_details") or {}).get("rate", 0.0) for name, key in _RATES.items()},
        "totals": {name: stats.get(key, 0) for name, key in _RATES.items()},
    }


def _summed(values: dict[str, Any]) -> dict[str, Any]:
    ready, unacked = values["ready"], values["unacked"]
    return {**values, "total": None if ready is None or unacked is None else ready + unacked}


def _bound(binding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": binding["source"],
        "destination": binding["destination"],
        "kind": binding["destination_type"],
        "key": binding["routing_key"],
        "arguments": binding["arguments"],
    }
