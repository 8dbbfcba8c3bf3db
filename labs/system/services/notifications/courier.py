"""The worker of one channel: renders a command, hands the message to the provider, writes down how it went.

Claim (commits) - send - record (commits). No transaction is open while the provider is asked, and no inbox row says
"handled" before it was: the row of the message itself, unique per event, recipient and channel, is what duplicates
are recognised by. So a second command for the same message is a duplicate too, not only a second delivery of one.

**How often is a message sent?** Never twice by two deliveries at once: one has the claim, the others wait for how it
ends. But a worker that dies, or loses the answer, between "the provider took it" and COMMIT leaves a message that may
have been sent, and no database of ours can know. Then there are two choices: send again (at least once) or not (at
most once). A message twice is a nuisance, one that never comes is a complaint: we send again, with the same
idempotency key, and a provider that knows such keys, like the stub, sends once. With one that does not, a duplicate
is possible here and nowhere else. Exactly once is what two parties agree on, not what one of them implements.

A failure is raised, and the bus does the rest: another attempt after 1, 5 and 25 seconds, then the dead letters. A
provider that is down for longer fills them; that is meant. They are kept, counted, alerted on, and replayed by a
person who has seen the cause go away.

Refuses to retry by itself, which would multiply with the retries of the bus, and to call it a failure when the
provider says that there is no such address: nobody can mend that, so it is recorded, and is no dead letter.
"""

import asyncio
import logging
from typing import Any

from prometheus_client import Counter

from chassis.consumer import Permanent, Receiver, patiently
from chassis.database import Database
from chassis.events.bus import Bus
from chassis.events.contracts import Notify
from chassis.events.envelope import Event
from chassis.metrics import registry
from notifications import journal
from notifications.addresses import normal
from notifications.channel_client import Channels
from notifications.journal import Claim, Taken
from notifications.model import Answer, Channel, Message, message_key
from notifications.planning import COMMANDS
from notifications.rendering import Unrenderable, render

logger = logging.getLogger(__name__)

# How much longer than a call a claim lasts: in this time the outcome is written down, or the worker is dead.
LEASE_MARGIN = 5.0
LOOK_AGAIN = 0.2

_LABELS = ("channel", "template")
_sent = Counter("notifications_sent", "Messages that a provider has taken over.", _LABELS, registry=registry)
_failed = Counter("notifications_failed", "Attempts to send that failed.", _LABELS, registry=registry)
_rejected = Counter("notifications_rejected", "Messages to addresses that do not exist.", _LABELS, registry=registry)
_COUNTERS = {"SENT": _sent, "FAILED": _failed, "REJECTED": _rejected}


def subscription_of(channel: Channel) -> str:
    """The subscription of a channel's commands."""
    return f"notifications.{channel}"


class NotSent(Exception):
    """The attempt failed; its text is the reason, which names no address."""


class Courier(Receiver):
    """Handles the commands of one channel."""

    def __init__(self, database: Database, bus: Bus, channel: Channel, channels: Channels, *, timeout: float) -> None:
        super().__init__(bus, subscription_of(channel), [COMMANDS[channel]])
        self._database = database
        self._channel = channel
        self._channels = channels
        self._lease = timeout + LEASE_MARGIN

    async def receive(self, data: Any, event: Event) -> str:
        """Send the message of a command, unless it has been sent."""
        message = written(self._channel, data)
        claim = await self._claim(message)
        if claim is None:
            return "duplicate"
        answer = await self._channels.send(message)
        await self._record(message, claim, answer)
        if answer.status == "FAILED":
            raise NotSent(answer.reason)
        return "handled"

    async def _claim(self, message: Message) -> Claim | None:
        """The claim, as soon as nobody else has it; None when the message is done."""
        while (taken := await patiently(self._database, lambda: self._try_claim(message))) == "busy":
            # Waiting here costs no attempt, and ends: with the other's outcome, or with its claim.
            await asyncio.sleep(LOOK_AGAIN)
        return None if taken == "done" else taken

    async def _try_claim(self, message: Message) -> Taken:
        async with self._database.transaction() as connection:
            return await journal.claim(connection, message, self._lease)

    async def _record(self, message: Message, claim: Claim, answer: Answer) -> None:
        async def write() -> bool:
            async with self._database.transaction() as connection:
                return await journal.record(connection, message, claim, answer)

        if await patiently(self._database, write):
            _COUNTERS[answer.status].labels(message.channel, message.template).inc()
        facts = {"channel": message.channel, "template": message.template, "user_id": str(message.user_id)}
        logger.info("notification %s", answer.status, extra={**facts, "attempt": claim.attempt, "why": answer.reason})


def written(channel: Channel, command: Notify) -> Message:
    """The message that a command asks for; raises Permanent for one that can never be sent."""
    recipient = normal(channel, command.recipient)
    if recipient is None:
        raise Permanent(f"the recipient is no address for {channel}")
    key = message_key(command.event_id, channel, recipient)
    try:
        content = render(channel, command.template, recipient, command.values, key=key)
    except Unrenderable as error:
        raise Permanent(str(error)) from error
    return Message(command.event_id, command.user_id, channel, command.template, recipient, content)
