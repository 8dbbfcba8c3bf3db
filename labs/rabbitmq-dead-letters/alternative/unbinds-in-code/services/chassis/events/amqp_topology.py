"""Declares the topology on RabbitMQ: exchanges, quorum queues, their retry queues and dead letters.

Quorum queues, because they are replicated, survive a node and count deliveries. Idempotent: every service
declares everything, and whoever is first creates it.

There is no alternate exchange on purpose. What is routed into one counts as routed, so `mandatory` would never tell a
publisher that a queue is missing, and the events would lie where nobody handles them.

Refuses to change what exists with other arguments: the broker closes the channel, and a person has to look.
"""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange

from chassis.events import topology

_QUORUM = {"x-queue-type": "quorum"}
# At least once also inside the broker: a message leaves its queue only when the next one has confirmed it.
_SAFE = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}

# RabbitMQ 4 drops what was put back 20 times, and a dead letter that a person looks at is put back each time.
_FOR_EVER = {"x-delivery-limit": 2**31 - 1}


async def declare(channel: AbstractChannel) -> dict[str, AbstractExchange]:
    """Declare all of it; returns the exchanges to publish to, by name ("" is the default exchange)."""
    exchanges: dict[str, AbstractExchange] = {"": channel.default_exchange}
    for name in topology.EXCHANGES:
        exchanges[name] = await channel.declare_exchange(name, ExchangeType.TOPIC, durable=True)
    dead = await channel.declare_exchange(topology.DEAD, ExchangeType.DIRECT, durable=True)
    exchanges[topology.DEAD] = dead
    for subscription in topology.SUBSCRIPTIONS:
        await _declare_subscription(channel, subscription, exchanges)
    return exchanges


async def _declare_subscription(
    channel: AbstractChannel, subscription: str, exchanges: dict[str, AbstractExchange]
) -> None:
    buried = await channel.declare_queue(
        topology.dead_queue(subscription), durable=True, arguments={**_QUORUM, **_FOR_EVER}
    )
    await buried.bind(exchanges[topology.DEAD], routing_key=subscription)
    for seconds in topology.RETRY_DELAYS:
        # Nobody consumes these: a message waits until its time is up, and is "dead-lettered" back to work.
        await channel.declare_queue(
            topology.retry_queue(subscription, seconds),
            durable=True,
            arguments={
                **_QUORUM,
                **_SAFE,
                "x-message-ttl": int(seconds * 1000),  # milliseconds, and the broker takes no fractions
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": subscription,
            },
        )
    # The arguments that it was declared with on its first day: a queue that exists keeps them, whatever is declared.
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
    for binding in topology.SUBSCRIPTIONS[subscription]:
        await queue.bind(exchanges[binding.exchange], routing_key=binding.pattern)
    for binding in topology.FORMER.get(subscription, ()):
        await queue.unbind(exchanges[binding.exchange], routing_key=binding.pattern)
