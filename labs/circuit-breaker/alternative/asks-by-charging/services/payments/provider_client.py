"""Calls to the payment provider: one request per step, with a timeout, and an answer that never pretends to know.

Refuses to retry: whether and when to ask again is decided by what the database remembers. Refuses to read a failure
as "declined": a timeout, a broken connection and a 5xx say nothing about whether the money moved. Refuses to believe a
charge of another amount: that is not this payment's, and a person has to look.
"""

import logging

from chassis.http import Client, Response, UpstreamError
from payments.model import OUTCOME, Answer, Payment, Step

logger = logging.getLogger(__name__)

UNCLEAR = Answer("unclear")
# Statuses of the 4xx class by which a provider says "not now", not "no".
NOT_NOW = frozenset({401, 403, 408, 409, 425, 429})


class Provider:
    """The provider's API, as far as payments uses it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def perform(self, step: Step, payment: Payment) -> Answer:
        """Take one step for one payment; "unclear" when we do not know more than before."""
        try:
            response = await self._send(step, payment)
            return _read(step, payment, response)
        except UpstreamError as error:
            logger.warning("provider gave no answer", extra={"step": step, "reason": type(error).__name__})
            return UNCLEAR

    async def _send(self, step: Step, payment: Payment) -> Response:
        path = f"/charges/{payment.key}"
        match step:
            case "charge" | "ask":
                # To ask is to say it again: under the same key they answer with what they have done, or do it now.
                body = {"amount_cents": payment.amount_cents, "currency": payment.currency}
                headers = {"Idempotency-Key": payment.key}
                return await self._client.request("POST", "/charges", json=body, headers=headers)
            case "void":
                return await self._client.request("POST", f"{path}/void")
            case "refund":
                return await self._client.request("POST", f"{path}/refund")


def _read(step: Step, payment: Payment, response: Response) -> Answer:
    if response.status in (200, 201):
        return _charge(payment, response)
    if step in ("charge", "ask") and 400 <= response.status < 500 and response.status not in NOT_NOW:
        return Answer("declined", f"refused by the provider with status {response.status}")
    return UNCLEAR


def _charge(payment: Payment, response: Response) -> Answer:
    body = response.json()
    if not isinstance(body, dict):
        return UNCLEAR
    if body.get("status") == "captured" and body.get("amount_cents") != payment.amount_cents:
        logger.error("the provider has charged another amount", extra={"order_id": str(payment.order_id)})
        return UNCLEAR
    for lesson in OUTCOME:
        if body.get("status") == lesson:
            return Answer(lesson, _reason(body.get("reason")))
    return UNCLEAR


def _reason(said: object) -> str | None:
    """Somebody else's text as one that our tables, events and logs can hold: one that they refuse would stop us."""
    text = said[:200] if isinstance(said, str) else ""
    return "".join(char if char.isprintable() else " " for char in text).strip() or None
