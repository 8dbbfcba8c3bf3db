"""The worker that talks to the provider: takes due steps, one call each, and records what it learnt.

It charges, and it is also the reconciler: asking what became of a charge, voiding and refunding are steps like any
other. So there is no second code path for recovery that only runs, untested, on the day of the outage.

Refuses to call inside a transaction. Claim (commits) - call - record (commits): dying between any two of them leaves
a row whose next step is safe. Refuses to give up: a step is retried until the provider has answered, at most every
`MAX_PAUSE` seconds, because an unknown payment is somebody's money.
"""

import asyncio
import contextlib
import logging
import random
import time
from typing import get_args
from uuid import UUID

import asyncpg
from prometheus_client import Gauge

from chassis import context, tracing
from chassis.database import Database
from chassis.metrics import registry
from payments import due, ledger
from payments.announcements import announce
from payments.model import Answer, Payment, Step, learn
from payments.provider_client import Provider

logger = logging.getLogger(__name__)

MAX_PAUSE = 30.0
SLOTS = 8
POLL = 0.5  # for steps that become due by time; new intents wake the worker through NOTIFY
LEASE_MARGIN = 10.0
MEASURE_EVERY = 5.0
RETRY_CONNECT = 0.5

_waiting = Gauge("payments_waiting", "Payments with a step left to take.", ("step",), registry=registry)


class Cashier:
    """A component: takes steps for payments, up to `SLOTS` at a time; run it in as many instances as you like."""

    def __init__(self, database: Database, provider: Provider, *, timeout: float, pause: float = 0.5) -> None:
        self._database = database
        self._provider = provider
        self._lease = timeout + LEASE_MARGIN
        self._pause = pause
        self._wake = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look for due steps."""
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Claim nothing more and finish the calls in flight; each has its timeout, so this ends."""
        if self._loop:
            self._loop.cancel()
            await asyncio.gather(self._loop, *self._calls, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._database.migrated()
            try:
                # A connection of its own: LISTEN needs one, and an idle poll should not use up the pool or fill traces.
                async with self._database.session() as session:
                    await session.add_listener("payments_due", self._on_notify)
                    await self._serve(session)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("the database is away; payments wait: %s", type(error).__name__)
            except Exception:  # whatever it was, the payments that are due next need a cashier too
                logger.exception("the cashier failed")
            await asyncio.sleep(RETRY_CONNECT)

    def _on_notify(self, *_: object) -> None:
        self._wake.set()

    async def _serve(self, session: asyncpg.Connection) -> None:
        measured = 0.0
        while True:
            self._wake.clear()
            free = SLOTS - len(self._calls)
            if await self._dispatch(session, free) < max(free, 1):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL)
            if time.monotonic() - measured > MEASURE_EVERY:
                measured = time.monotonic()
                await _measure(session)

    async def _dispatch(self, session: asyncpg.Connection, free: int) -> int:
        # Whatever is due is tried, as long as there is a place: the sooner the provider is back, the sooner we know.
        claimed = await due.claim(session, self._lease, free) if free else []
        for payment, step in claimed:
            call = asyncio.create_task(self._take(payment, step))
            self._calls.add(call)
            call.add_done_callback(self._done)
        return len(claimed)

    def _done(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._wake.set()
        if not call.cancelled() and (error := call.exception()):
            # The claim's lease runs out, and the next one asks first: nothing is lost, only late.
            logger.error("a payment step failed", exc_info=error)

    async def _take(self, payment: Payment, step: Step) -> None:
        parent = tracing.extract({"traceparent": payment.traceparent or ""})
        with context.bind(payment.correlation_id), tracing.span(f"payment {step}", parent=parent):
            answer = await self._provider.perform(step, payment)
            await self._record(payment.order_id, answer)

    async def _record(self, order_id: UUID, answer: Answer) -> None:
        async with self._database.transaction() as connection:
            payment = await ledger.lock(connection, order_id)
            change = learn(payment, answer)
            if change is None:
                return
            delay = self._backoff(payment.attempts) if change.later else 0.0
            payment = await ledger.write(connection, payment, change, delay=delay, reason=answer.reason)
            if change.announce:
                await announce(connection, payment, payment.causation_id)

    def _backoff(self, attempts: int) -> float:
        """Exponential and bounded; the jitter keeps a thousand unknown payments from asking at the same moment."""
        longest: float = min(MAX_PAUSE, self._pause * 2 ** min(attempts - 1, 16))
        return longest * random.uniform(0.5, 1)


async def _measure(session: asyncpg.Connection) -> None:
    counts = await due.waiting(session)
    for step in get_args(Step):
        _waiting.labels(step).set(counts.get(step, 0))
