"""Who hears what: the exchanges and the subscriptions of the whole system in one table.

Every service declares all of it when it starts, not only its part. So an event that is published before its
consumer has ever run finds a queue and waits there, and services start in any order.

Refuses subscriptions that are not in the table: a queue that nobody wrote down is a queue nobody watches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.events.contracts import COMMANDS, EVENTS

EXCHANGES = (EVENTS, COMMANDS)
DEAD = "shop.dead"

# Seconds before the second, third and fourth attempt. Growing, because most failures are over within a second
# and the others want time; bounded, because a message that failed four times needs a person. (Shorter in this lab.)
RETRY_DELAYS: tuple[float, ...] = (1, 6, 12)
# Deliveries that end neither in an ack nor in a retry (the process died) are bounded too.
DELIVERY_LIMIT = 20


@dataclass(frozen=True)
class Binding:
    """Messages of `exchange` whose routing key matches `pattern` (`*` stands for one word)."""

    exchange: str
    pattern: str

    def matches(self, key: str) -> bool:
        """Say whether a routing key matches, as a topic exchange would."""
        wanted, words = self.pattern.split("."), key.split(".")
        return len(wanted) == len(words) and all(w in {"*", word} for w, word in zip(wanted, words, strict=True))


SUBSCRIPTIONS: Mapping[str, tuple[Binding, ...]] = {
    "orders.saga": (Binding(EVENTS, "inventory.*"), Binding(EVENTS, "payment.*")),
    "inventory.orders": (
        Binding(EVENTS, "order.created"),
        Binding(EVENTS, "order.cancelled"),
        Binding(COMMANDS, "inventory.*"),
    ),
    "payments.orders": (
        Binding(EVENTS, "inventory.reserved"),
        Binding(EVENTS, "order.cancelled"),
        Binding(COMMANDS, "payment.*"),
    ),
    "notifications.events": (
        Binding(EVENTS, "user.registered"),
        Binding(EVENTS, "order.confirmed"),
        Binding(EVENTS, "order.cancelled"),
    ),
    "notifications.email": (Binding(COMMANDS, "notify.email"),),
    "notifications.sms": (Binding(COMMANDS, "notify.sms"),),
    "notifications.push": (Binding(COMMANDS, "notify.push"),),
}


def wants(subscription: str, exchange: str, key: str) -> bool:
    """Say whether a subscription is bound to this key of this exchange."""
    return any(b.exchange == exchange and b.matches(key) for b in SUBSCRIPTIONS[subscription])


def dead_queue(subscription: str) -> str:
    """Name the place where the subscription's dead letters lie."""
    return f"{subscription}.dead"


def retry_queue(subscription: str, seconds: float) -> str:
    """Name the queue in which a message waits that long for its next attempt."""
    return f"{subscription}.retry.{seconds:g}"
