"""What notifications does about events: makes commands of them, through the outbox, in the consumer's transaction.

**Why a copy of addresses.** An event about an order says whose it is, not where they can be reached. To ask users
for each event would make every message wait for users to be up, and would put the load of a sale on it twice. To put
addresses into each event would spread personal data over all queues and consumers. So the one event that carries
them is kept here. What that costs: the copy is late, and wrong for good when users changes something that no event
tells of (today: a new phone number); and whoever asks to be forgotten has to be forgotten here too, in this table, in
`notifications`, and for a day in the outbox. Both need an event of users; without one it is a step of a runbook.

**When the order comes first.** user.registered may arrive after order.confirmed: two producers, two outboxes, no
order between them. Failing, to be tried again after 1, 5 and 25 seconds, would nearly always work, and would leave
dead letters for a person whenever the outbox of users is half a minute late, though nothing is wrong with them. To
wait for something that will come is not a failure. So the event is kept in `waiting_events`, and user.registered
itself continues it: no polling, no time limit, no attempt used up. The price is a table that could grow unseen, so
its size and age are measured (see `waiting`).

Refuses to send: a provider may take seconds, and a transaction must not wait for it.
"""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context, outbox, tracing
from chassis.consumer import Handler
from chassis.events.contracts import Contract, OrderCancelled, OrderConfirmed, UserRegistered
from chassis.events.envelope import Event, new_event, read
from notifications import recipients
from notifications.model import Recipient
from notifications.planning import Happened, commands

NAME = "notifications"
SUBSCRIPTION = "notifications.events"
_ABOUT_ORDERS: Mapping[str, type[OrderConfirmed] | type[OrderCancelled]] = {
    contract.type: contract for contract in (OrderConfirmed, OrderCancelled)
}


async def on_user_registered(registered: UserRegistered, event: Event, connection: AsyncConnection) -> None:
    """Welcome them, and go on with what has waited for them."""
    recipient = await recipients.learn(connection, registered)
    await _tell(connection, event, registered, recipient)
    for earlier in await recipients.released(connection, recipient.user_id):
        parent = tracing.extract({"traceparent": earlier.traceparent or ""})
        # On behalf of the request that caused it, not of the registration.
        with context.bind(earlier.correlation_id), tracing.span(f"{earlier.type} continue", parent=parent):
            await _tell(connection, earlier, read(earlier, _ABOUT_ORDERS[earlier.type]), recipient)


async def on_order(happened: OrderConfirmed | OrderCancelled, event: Event, connection: AsyncConnection) -> None:
    """Tell whose order it is, now or when they are known."""
    recipient = await recipients.find_or_wait(connection, happened.user_id, event)
    if recipient is not None:
        await _tell(connection, event, happened, recipient)


async def _tell(connection: AsyncConnection, event: Event, happened: Happened, recipient: Recipient) -> None:
    for channel, command in commands(event.id, happened, recipient):
        # Order is kept for each user within a channel; the channels need not wait for each other.
        subject = f"{recipient.user_id}/{channel}"
        await outbox.add(connection, new_event(command, subject=subject, producer=NAME, cause=event))


HANDLERS: Mapping[type[Contract], Handler] = {
    UserRegistered: on_user_registered,
    OrderConfirmed: on_order,
    OrderCancelled: on_order,
}
