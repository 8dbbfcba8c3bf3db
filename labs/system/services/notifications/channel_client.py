"""Calls to the providers of the channels: one request per attempt, with a time limit and an idempotency key.

Refuses to retry, and to read a failure as "not sent": a timeout, a broken connection and a 5xx say nothing about it.
"""

from chassis.http import Client, UpstreamError
from notifications.model import Answer, Message

SENT = Answer("SENT")
# Statuses of the 4xx class by which a provider says "not now", or "not you", but not "never".
NOT_NOW = frozenset({401, 403, 408, 409, 425, 429})


class Channels:
    """The providers' API, as far as notifications uses it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, message: Message) -> Answer:
        """Hand one message over; sent, rejected for good, or failed for a reason."""
        body = {"recipient": message.recipient, "content": message.content}
        headers = {"Idempotency-Key": str(message.key)}
        try:
            answer = await self._client.request("POST", f"/{message.channel}/messages", json=body, headers=headers)
        except UpstreamError as error:
            return Answer("FAILED", type(error).__name__)
        if 200 <= answer.status < 300:
            return SENT
        final = 400 <= answer.status < 500 and answer.status not in NOT_NOW
        return Answer("REJECTED" if final else "FAILED", f"status {answer.status}")
