"""Declares the topology on RabbitMQ: exchanges, quorum queues, and where the broker puts what failed too often.

Quorum queues, because they are replicated, survive a node and count deliveries: after DELIVERY_LIMIT of them a message
goes to the exchange for dead letters. Idempotent: every service declares everything, and whoever is first creates it.

Refuses to change what exists with other arguments: the broker closes the channel, and a person has to look.
"""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange

from chassis.events import topology

_QUORUM = {"x-queue-type": "quorum"}


async def declare(channel: AbstractChannel) -> dict[str, AbstractExchange]:
    """Declare all of it; returns the exchanges to publish to, by name ("" is the default exchange)."""
    exchanges: dict[str, AbstractExchange] = {"": channel.default_exchange}
    for name in topology.EXCHANGES:
        exchanges[name] = await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_exchange(topology.DEAD, ExchangeType.DIRECT, durable=True)
    exchanges[topology.DEAD] = dead
    for subscription, bindings in topology.SUBSCRIPTIONS.items():
        queue = await channel.declare_queue(
            subscription,
            durable=True,
            arguments={
                **_QUORUM,
                "x-delivery-limit": topology.DELIVERY_LIMIT,
                "x-dead-letter-exchange": topology.DEAD,
                "x-dead-letter-routing-key": subscription,
            },
        )
        for binding in bindings:
            await queue.bind(exchanges[binding.exchange], routing_key=binding.pattern)
    return exchanges
