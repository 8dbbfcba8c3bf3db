"""What becomes of one delivery: the same decision for every transport.

Handled: acknowledged. Failed: another attempt after 1, 5 and 25 s, then the dead letters. Permanent or
undecodable: the dead letters at once, with the reason.

Refuses endless retries (one poison message would occupy a consumer for ever) and silent drops.
"""

import logging
from dataclasses import dataclass
from typing import Literal

from chassis.events import topology
from chassis.events.bus import Handler, Permanent
from chassis.events.envelope import Event, Undecodable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """How to settle a delivery."""

    settle: Literal["ack", "retry", "dead"]
    seconds: float = 0
    reason: str = ""


ACK = Verdict("ack")


async def attempt(handler: Handler, body: bytes, number: int) -> Verdict:
    """Let the handler try, for the first time or again; never raises for what the message brought about."""
    try:
        event = Event.decode(body)
    except Undecodable as error:
        return _dead(f"undecodable: {error}")
    try:
        await handler(event)
    except Permanent as error:
        return _dead(f"permanent: {error}")
    except Exception as error:  # noqa: BLE001 - any failure of a handler is a failed attempt, none ends the consumer
        return _failed(event, error, number)
    return ACK


def crashing(deliveries: int) -> Verdict:
    """Give up on a message that was delivered again and again without any outcome: it kills its consumers."""
    return _dead(f"delivered {deliveries} times without an outcome")


def _failed(event: Event, error: Exception, number: int) -> Verdict:
    # The text of an exception may hold anything, personal data included; its type goes with the dead letter.
    name = type(error).__name__
    if number > len(topology.RETRY_DELAYS):
        return _dead(f"{name} after {number} attempts")
    seconds = topology.RETRY_DELAYS[number - 1]
    logger.warning("%s %s failed, again in %g s", event.type, event.id, seconds, exc_info=error)
    return Verdict("retry", seconds, name)


def _dead(reason: str) -> Verdict:
    logger.error("to the dead letters: %s", reason)
    return Verdict("dead", reason=reason)
