"""Listens to an exchange through a queue of its own, and publishes to see what becomes of it. Refuses to consume from,
or to change what arrives in, any queue of the learner.

    kind: amqp
    exchange: shop.events
    bind: ["order.#"]
    request: {method: POST, path: /api/orders, as: customer, json: {lines: [{sku: STICKER, quantity: 1}]}}
    act: true
    listen: 5s
    enough: 1
    expect: {messages: {contains: {key: order.created, body: {data: {customer_id: "${customer.id}"}}}}}

Publishing is confirmed and mandatory, so that `returned` counts what no queue took:

    publish: [{exchange: shop.events, key: order.created, id: "${uuid}", json: {number: "${number}"}, times: 5}]
    act: true
    expect: {confirmed: 5, returned: 0}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self
from uuid import uuid4

from pydantic import Field, StringConstraints, model_validator

from tutor.labs.asking import NoAnswer, send, within
from tutor.labs.check import CannotLook, Check, Observation, Period, seconds
from tutor.labs.checks import listening, rabbit
from tutor.labs.checks.queue import AmqpName, Key
from tutor.labs.checks.rabbit import PART, Access
from tutor.labs.checks.requests import Prepared, Request
from tutor.labs.reach import Reach
from tutor.shapes import Strict, Whole

if TYPE_CHECKING:
    from aio_pika import Message
    from aio_pika.abc import AbstractConnection

LONGEST = 60.0
AT_ONCE = 100
"""Messages that are on their way to the broker together."""

_NOTHING: Mapping[str, Any] = {
    "exists": False, "messages": [], "count": 0, "keys": [], "ids": [], "confirmed": 0, "returned": 0, "refused": 0,
}  # fmt: skip


class Publish(Strict):
    """Some messages. `${number}` counts them from 1, `${uuid}` is fresh for each."""

    exchange: Annotated[str, StringConstraints(max_length=255)]
    """The empty name is the default exchange, whose keys are names of queues."""
    key: Key
    json_: Annotated[Any, Field(alias="json")] = None
    body: Annotated[str, StringConstraints(strip_whitespace=False, max_length=100_000)] | None = None
    headers: Annotated[dict[str, str | int | bool], Field(max_length=50)] = Field(default_factory=dict)
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    times: Annotated[Whole, Field(ge=1, le=1000)] = 1

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if ("json_" in self.model_fields_set) == (self.body is not None):
            raise ValueError("a message has one body; write `json` or `body`")
        return self


@dataclass(slots=True)
class _Sent:
    """What became of what was published."""

    confirmed: int = 0
    returned: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0


class AmqpCheck(Check):
    """What an exchange lets through."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether every exchange that is named is there; nothing is done when one is not",
        "messages": "what was heard: body (JSON or text), headers, key, id, redelivered, exchange",
        "count": "how many were heard",
        "keys": "their routing keys, in order",
        "ids": "their message ids, in order",
        "confirmed": "how many of the published messages a queue has taken",
        "returned": "how many came back because no queue wants them",
        "refused": "how many a queue would not take, because it is full",
        "status": "the status of the answer to `request`",
        "json": "its body as JSON",
    }

    kind: Literal["amqp"]
    exchange: AmqpName | None = None
    bind: Annotated[tuple[Key, ...], Field(min_length=1, max_length=20)] | None = None
    """Routing keys, `*` and `#` as the broker takes them."""
    publish: Annotated[tuple[Publish, ...], Field(min_length=1, max_length=20)] = ()
    request: Request | None = None
    """A request to send once the queue listens."""
    listen: Period = "2s"
    enough: Annotated[Whole, Field(ge=1, le=1000)] | None = None
    """So many messages end the listening before its time."""
    vhost: AmqpName | None = None

    @model_validator(mode="after")
    def _makes_a_check(self) -> Self:
        if (self.exchange is None) != (self.bind is None):
            raise ValueError("to listen, write both `exchange` and `bind`")
        if self.bind is None and not self.publish:
            raise ValueError("write what to hear (`exchange` and `bind`) or what to `publish`")
        if (self.publish or (self.request and not self.request.reads)) and not self.act:
            raise ValueError("this check changes something; write `act: true`, and it is done once, alone")
        if not 0 < seconds(self.listen) <= LONGEST:
            raise ValueError(f"`listen` is {self.listen}; give it at most {LONGEST:g}s")
        return self

    @property
    def look_seconds(self) -> float:
        """The time to listen, and some to connect and to publish."""
        return 25.0 + seconds(self.listen)

    async def look(self, reach: Reach) -> Observation:
        """Listen, do what is to be done, hear what comes of it."""
        access = Access.of(reach, self.vhost)
        request = self.request.prepared(reach) if self.request is not None else None
        command = self._command(reach, access, request)
        trace = request.trace if request is not None else ""
        async with within(self.look_seconds - 0.5, f"listening at {PART}", PART):
            named = {one.exchange for one in self.publish if one.exchange} | ({self.exchange} - {None})
            for exchange in sorted(str(one) for one in named):
                if await listening.exchange(reach, access, exchange) is None:
                    return Observation(dict(_NOTHING), command, f"there is no exchange {exchange}")
            values = await self._heard(reach, access, request)
        shown = reach.hiding().text(json.dumps(values, indent=1, default=str))[:2000]
        return Observation(values, command=command, shown=shown, trace=trace)

    async def _heard(self, reach: Reach, access: Access, request: Prepared | None) -> dict[str, Any]:
        async with rabbit.connected(reach, access) as connection:
            if self.exchange is None or self.bind is None:
                return {"exists": True, **await self._done(reach, connection, request)}
            async with listening.ear(
                reach, access, connection, self.exchange, self.bind, shadow=bool(self.publish)
            ) as ear:
                done = await self._done(reach, connection, request)
                messages = await ear.heard(seconds(self.listen), self.enough)
        return {
            "exists": True, "messages": messages, "count": len(messages), **done,
            "keys": [one["key"] for one in messages], "ids": [one["id"] for one in messages],
        }  # fmt: skip

    async def _done(self, reach: Reach, connection: AbstractConnection, request: Prepared | None) -> dict[str, Any]:
        sent = _Sent()
        if self.publish:
            await _publish(connection, self.publish, reach, sent)
        values = {"confirmed": sent.confirmed, "returned": len(sent.returned), "refused": sent.refused}
        if request is None or self.request is None:
            return values
        try:
            answer = await send(reach.http(), request.for_(reach.http()), 10.0)
        except NoAnswer as trouble:
            raise CannotLook(f"{self.request.part} {trouble}", self.request.part) from None
        return {**values, "status": answer.status, "json": answer.data}

    def _command(self, reach: Reach, access: Access, request: Prepared | None) -> str:
        secrets = reach.hiding()
        lines = [request.curl(secrets)] if request is not None else []
        for one in self.publish:
            body = json.dumps(one.json_) if one.body is None else one.body
            message = [f"exchange={one.exchange}", f"routing_key={one.key}", f"payload={body}"]
            lines.append(secrets.command("rabbitmqadmin", "publish", *message))
        if self.exchange is not None:
            lines.append(rabbit.command(reach, access, f"exchanges/{access.place}/{self.exchange}/bindings/source"))
        return "\n".join(lines)


async def _publish(connection: AbstractConnection, wanted: tuple[Publish, ...], reach: Reach, sent: _Sent) -> None:
    """Publish all, in order; messages with the same id one after another, or the library confuses their answers."""
    channel = connection.channel(publisher_confirms=True, on_return_raises=False)
    await channel.initialize()
    for group in _groups(_messages(wanted, reach)):
        await asyncio.gather(*(_one(channel, one, message, sent) for one, message in group))


async def _one(channel: Any, one: tuple[str, str], message: Message, sent: _Sent) -> None:
    from aio_pika.exceptions import DeliveryError
    from pamqp.commands import Basic

    exchange, key = one
    through = channel.default_exchange if not exchange else await channel.get_exchange(exchange, ensure=False)
    try:
        result = await through.publish(message, key, mandatory=True)
    except DeliveryError:
        sent.refused += 1
        return
    if isinstance(result, Basic.Ack):
        sent.confirmed += 1
    else:
        sent.returned.append({"key": key, "id": message.message_id})


def _messages(wanted: tuple[Publish, ...], reach: Reach) -> Iterator[tuple[tuple[str, str], Message]]:
    from aio_pika import DeliveryMode, Message

    for one in wanted:
        for number in range(1, one.times + 1):
            more = {"number": number, "uuid": str(uuid4())}
            body = reach.filled(one.body if one.body is not None else one.json_, **more)
            text = str(body) if one.body is not None else json.dumps(body)
            message = Message(
                text.encode(),
                headers=reach.filled(one.headers, **more),
                message_id=str(reach.filled(one.id, **more)) if one.id is not None else None,
                content_type="application/json" if one.body is None else "text/plain",
                delivery_mode=DeliveryMode.PERSISTENT,
            )
            yield (one.exchange, str(reach.filled(one.key, **more))), message


def _groups(
    messages: Iterator[tuple[tuple[str, str], Message]],
) -> Iterator[list[tuple[tuple[str, str], Message]]]:
    group: list[tuple[tuple[str, str], Message]] = []
    ids: set[str] = set()
    for where, message in messages:
        id_ = message.message_id or ""
        if len(group) == AT_ONCE or (id_ and id_ in ids):
            yield group
            group, ids = [], set()
        group.append((where, message))
        ids.add(id_)
    if group:
        yield group
