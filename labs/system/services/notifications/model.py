"""The values that the parts of notifications pass to each other: recipient, message, answer.

Refuses to do anything, and to be printed with an address in it: what is logged by accident must not be personal data.
"""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID, uuid5

Channel = Literal["email", "sms", "push"]
Status = Literal["PENDING", "FAILED", "SENT", "REJECTED"]


@dataclass(frozen=True)
class Recipient:
    """Somebody and the addresses at which they can be reached; None where there is none that could be used."""

    user_id: UUID
    name: str = field(repr=False)
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    device: str | None = field(repr=False)

    def address(self, channel: Channel) -> str | None:
        """Where to reach them on a channel."""
        return {"email": self.email, "sms": self.phone, "push": self.device}[channel]


@dataclass(frozen=True)
class Message:
    """One message, ready to be sent."""

    event_id: UUID
    user_id: UUID
    channel: Channel
    template: str
    recipient: str = field(repr=False)
    content: str = field(repr=False)

    @property
    def key(self) -> UUID:
        """The idempotency key at the provider."""
        return message_key(self.event_id, self.channel, self.recipient)


def message_key(event_id: UUID, channel: Channel, recipient: str) -> UUID:
    """Computed, not stored: it survives even the loss of the row, say when a backup has to be restored."""
    return uuid5(event_id, f"{channel}:{recipient}")


@dataclass(frozen=True)
class Answer:
    """How an attempt ended, with the reason when not well."""

    status: Literal["SENT", "REJECTED", "FAILED"]
    reason: str | None = None
