"""Which messages an event is worth: to whom, on which channels, with which facts. Pure.

Each message is a command of its own, routed by its type (notify.email, notify.sms, notify.push). Publishing the event
to all channel workers instead, by fan-out, would be simpler and wrong twice: each worker would have to know all
events and all addresses, and one slow channel could not be retried without the others.

Refuses words: what a message says is the template's business, so commands carry facts, and text can be changed
between an attempt and its replay.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.events.contracts import (
    Notify,
    NotifyEmail,
    NotifyPush,
    NotifySms,
    OrderCancelled,
    OrderConfirmed,
    UserRegistered,
)
from notifications.model import Channel, Recipient

COMMANDS: Mapping[Channel, type[Notify]] = {"email": NotifyEmail, "sms": NotifySms, "push": NotifyPush}


# What people are told about.
Happened = UserRegistered | OrderConfirmed | OrderCancelled


@dataclass(frozen=True)
class Occasion:
    """Which template, on which channels it is worth it, and the facts beside the recipient's name."""

    template: str
    channels: tuple[Channel, ...]
    facts: Mapping[str, str | int]


def occasion(happened: Happened) -> Occasion:
    """What there is to say about an event."""
    match happened:
        case UserRegistered():
            # Nobody waits for it, and a text message costs money.
            return Occasion("welcome", ("email", "push"), {})
        case OrderConfirmed():
            return Occasion(
                "order_confirmed",
                ("email", "sms", "push"),
                {"order": str(happened.order_id), "cents": happened.total_cents, "currency": happened.currency},
            )
        case OrderCancelled():
            return Occasion(
                "order_cancelled",
                ("email", "sms", "push"),
                {"order": str(happened.order_id), "reason": happened.reason},
            )


def commands(event_id: UUID, happened: Happened, recipient: Recipient) -> Iterator[tuple[Channel, Notify]]:
    """One command per channel that the event is worth and on which the recipient can be reached."""
    about = occasion(happened)
    for channel in about.channels:
        if address := recipient.address(channel):
            command = COMMANDS[channel](
                event_id=event_id,
                user_id=recipient.user_id,
                recipient=address,
                template=about.template,
                values={"name": recipient.name, **about.facts},
            )
            yield channel, command
