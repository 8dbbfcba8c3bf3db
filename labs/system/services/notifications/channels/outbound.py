"""What the providers have sent. Refuses a second message under one key: asked again, it answers as the first time."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from notifications.model import Channel

# One statement, so that two requests at once under one key are one message as well.
ENTER = text(
    "INSERT INTO channels.messages (channel, key, recipient, content) VALUES (:channel, :key, :recipient, :content)"
    " ON CONFLICT (channel, key) DO UPDATE SET requests = messages.requests + 1 RETURNING key, sent_at"
)


class Receipt(BaseModel):
    """That a message was taken over, and when it was first."""

    key: str
    sent_at: datetime


async def enter(connection: AsyncConnection, channel: Channel, key: str, recipient: str, content: str) -> Receipt:
    """Send a message, once per key."""
    values = {"channel": channel, "key": key, "recipient": recipient, "content": content}
    return Receipt.model_validate(dict((await connection.execute(ENTER, values)).one()._mapping))
