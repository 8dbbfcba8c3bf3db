"""A queue of our own that hears what an exchange lets through. Refuses to change what any other queue gets.

A binding of ours can take something away from others in two ways. At an exchange that chooses one of its queues (a
consistent hash, a modulus, a random one) a new queue gets its share: such exchanges are not listened to. And a message
that nobody wants goes to the alternate exchange or back to its publisher, until somebody wants it: so where there is an
alternate exchange, or we publish ourselves, we are a shadow, bound with the keys of those that are bound already, and
at the alternate exchange likewise. What we get is a copy of what somebody gets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tutor.labs.asking import parsed, understood
from tutor.labs.check import CannotLook
from tutor.labs.checks import rabbit
from tutor.labs.checks.plain import plain
from tutor.labs.checks.rabbit import PART, Access

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

    from tutor.labs.reach import Reach

COPYING = ("topic", "direct", "fanout", "headers")
"""Types of exchanges that give a copy to everybody who is bound."""

MAX_MESSAGES = 5_000
MAX_BODY = 65_536
_DEPTH = 4


async def exchange(reach: Reach, access: Access, name: str) -> Mapping[str, Any] | None:
    """An exchange as the management API shows it, None when there is none."""
    found = await rabbit.manage(reach, access, f"exchanges/{access.place}/{quote(name, safe='')}")
    with understood(PART):
        if found is not None and not isinstance(found["type"], str):
            raise TypeError(found["type"])
    return found if isinstance(found, dict) else None


@dataclass(slots=True)
class Ear:
    """What is heard. Keys that were bound for others' sake are left out."""

    kind: str
    keys: Sequence[str]
    _heard: list[dict[str, Any]] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: AbstractIncomingMessage) -> None:
        """Keep a message, if it is one of those that are listened for."""
        key = message.routing_key or ""
        if len(self._heard) < MAX_MESSAGES and any(fits(self.kind, wanted, key) for wanted in self.keys):
            self._heard.append(_shown(message))
            self._more.set()

    async def heard(self, seconds: float, enough: int | None) -> list[dict[str, Any]]:
        """Everything that comes within this time, or until it is enough."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0 and (enough is None or len(self._heard) < enough):
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), left)
            except TimeoutError:
                break
        return list(self._heard)


@asynccontextmanager
async def ear(
    reach: Reach, access: Access, connection: AbstractConnection, name: str, keys: Sequence[str], *, shadow: bool
) -> AsyncIterator[Ear]:
    """Listen to these keys of an exchange that exists. The queue is gone afterwards, however this ends."""
    facts = await exchange(reach, access, name)
    kind = facts["type"] if facts else ""
    if kind not in COPYING:
        raise CannotLook(f"{name} is of type {kind}: listening there would take messages from others", PART)
    channel = connection.channel(publisher_confirms=False)
    await channel.initialize()
    # Exclusive: it goes with the connection, also when this process is killed. Bounded: nobody else reads it.
    arguments: Any = {"x-queue-type": "classic", "x-max-length": MAX_MESSAGES}
    queue = await channel.declare_queue(exclusive=True, auto_delete=True, durable=False, arguments=arguments)
    listener = Ear(kind, [str(reach.filled(key)) for key in keys])
    shadow = shadow or await _alternate(reach, access, facts or {}) is not None
    bindings = _shadows(reach, access, name) if shadow else _own(name, listener.keys)
    for place, key, more in [one async for one in bindings]:
        await queue.bind(place, routing_key=key, arguments=more or None)
    await queue.consume(_keep(listener), no_ack=True)
    yield listener


def _keep(listener: Ear) -> Any:
    async def keep(message: AbstractIncomingMessage) -> None:
        listener.take(message)

    return keep


async def _own(name: str, keys: Sequence[str]) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    for key in keys:
        yield name, key, {}


async def _shadows(
    reach: Reach, access: Access, name: str, depth: int = 0
) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    """Exchange, key and arguments of each binding that others have there, and at its alternate exchange."""
    facts = await exchange(reach, access, name)
    if facts is None or facts["type"] not in COPYING or depth == _DEPTH:
        return
    path = f"exchanges/{access.place}/{quote(name, safe='')}/bindings/source"
    with understood(PART):
        for one in await rabbit.manage(reach, access, path) or []:
            yield name, one["routing_key"], one["arguments"]
    alternate = await _alternate(reach, access, facts)
    if alternate is not None:
        async for inner in _shadows(reach, access, alternate, depth + 1):
            yield inner


async def _alternate(reach: Reach, access: Access, facts: Mapping[str, Any]) -> str | None:
    """Where an exchange sends what nobody wants, whether its declaration or a policy says so."""
    with understood(PART):
        found = facts["arguments"].get("alternate-exchange")
        if found is None and facts.get("policy"):
            policy = await rabbit.manage(reach, access, f"policies/{access.place}/{quote(facts['policy'], safe='')}")
            found = (policy or {}).get("definition", {}).get("alternate-exchange")
    return str(found) if found else None


def fits(kind: str, wanted: str, key: str) -> bool:
    """Whether an exchange of this type lets a key through to who is bound with `wanted`."""
    if kind == "topic":
        return _topic(wanted.split("."), key.split("."))
    return kind in ("fanout", "headers") or wanted == key


def _topic(wanted: list[str], words: list[str]) -> bool:
    """`*` stands for one word, `#` for any number of them. One row per pattern word, as for edit distances."""
    row = [True] + [False] * len(words)
    for one in wanted:
        if one == "#":
            reached = False
            row = [reached := reached or here for here in row]
        else:
            row = [False] + [before and one in ("*", word) for before, word in zip(row, words, strict=False)]
    return row[-1]


def _shown(message: AbstractIncomingMessage) -> dict[str, Any]:
    data = parsed(message.body[:MAX_BODY]) if len(message.body) <= MAX_BODY else None
    return {
        "key": message.routing_key or "",
        "body": data if data is not None else message.body[:MAX_BODY].decode("utf-8", "replace"),
        "headers": plain(message.headers),
        "id": message.message_id,
        "redelivered": bool(message.redelivered),
        "exchange": message.exchange or "",
    }
