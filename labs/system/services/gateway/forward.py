"""Sends a request to an upstream until there is an answer worth giving: attempts, retries, budget, deadline.

One deadline covers everything from the first attempt to the last byte of the answer, so that attempts and pauses
cannot add up to more than the client was promised.

Refuses to repeat what may have happened already: only idempotent methods are repeated after bytes were sent, and POST
only where the route says that its service honours the Idempotency-Key. A connection that never came about was
certainly not a request, so that is repeated for every method.
"""

import asyncio
import random

from prometheus_client import Counter

from chassis.breaker import CircuitOpen
from chassis.problems import Problem
from gateway.config import Retry
from gateway.exchange import Answer, Attempt, AttemptFailed, Outgoing, Wire
from gateway.upstream import RunningUpstream

RETRIES = Counter(
    "gateway_retries_total", "Attempts after the first, and those the budget refused", ["upstream", "made"]
)

IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE"))
RETRIED_STATUSES = frozenset((502, 503, 504))
# Less time than this is not enough for an answer; a timeout would be held against an instance that did nothing wrong.
SHORTEST_ATTEMPT = 0.05


class Forwarder:
    """Sends requests through breaker, balancer and budget of their upstream."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, upstream: RunningUpstream, request: Outgoing) -> Answer:
        """The answer, whatever its status, or a Problem when there was none in time."""
        upstream.budget.deposit()
        while True:
            outcome: Answer | AttemptFailed
            try:
                outcome = await self._attempt(upstream, request)
            except AttemptFailed as failure:
                outcome = failure
            pause = _pause(request.retry, len(request.tried))
            if not (_curable(outcome, request) and _affordable(upstream, request, pause)):
                break
            if isinstance(outcome, Answer):
                outcome.close()
            await asyncio.sleep(pause)
        if isinstance(outcome, AttemptFailed):
            raise outcome.problem from outcome
        return outcome

    async def _attempt(self, upstream: RunningUpstream, request: Outgoing) -> Answer:
        instance = upstream.balancer.choose(request.tried)
        if instance is None:
            raise Problem(503, f"{upstream.name} has no instance", headers={"Retry-After": "2"})
        try:
            permit = upstream.breaker.allow()
        except CircuitOpen as refusal:
            wait = {"Retry-After": str(max(1, round(refusal.retry_after + 0.5)))}
            raise Problem(503, f"{upstream.name} is not available", headers=wait) from None
        request.tried.append(instance)
        return await self._wire.exchange(request, Attempt(upstream, instance, permit))


def _curable(outcome: Answer | AttemptFailed, request: Outgoing) -> bool:
    """Whether another attempt is harmless and could help."""
    if isinstance(outcome, AttemptFailed):
        return outcome.unsent or request.may_repeat
    # A service that says when to come back is believed: trying again in 50 ms would be rude, and in vain.
    told = any(name.lower() == b"retry-after" for name, _ in outcome.headers)
    return request.may_repeat and outcome.status in RETRIED_STATUSES and not told


def _affordable(upstream: RunningUpstream, request: Outgoing, pause: float) -> bool:
    """Whether there are attempts, time and budget left; the budget is asked last, for asking spends."""
    if len(request.tried) >= request.retry.attempts:
        return False
    if asyncio.get_running_loop().time() + pause + SHORTEST_ATTEMPT >= request.deadline:
        return False
    made = upstream.budget.spend()
    RETRIES.labels(upstream.name, "yes" if made else "no_budget").inc()
    return made


def _pause(retry: Retry, attempts: int) -> float:
    """Full jitter: clients that failed together must not come back together."""
    return random.uniform(0, min(retry.longest_pause, retry.pause * 2 ** max(0, attempts - 1)))
