"""Passwords as argon2id hashes, computed beside the event loop, a few at a time.

A hash takes 64 MiB and a fifth of a second on purpose: that is what makes guessing from a stolen table expensive, and
what makes logging in a way to bring a service down. So there are as many at once as HASH_SLOTS says (slots x 64 MiB
of memory, whatever arrives), a queue with an end (beyond it the honest answer is 503), and no way around the pool.

For an address without an account the same work is done on a hash of nobody's password. Else the time of the answer
would tell who is a customer here. (After the parameters were changed, accounts cost what their old hash costs until
their next login: that difference is temporary and accepted.)

Refuses to log, keep or return a password.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError
from prometheus_client import Counter, Gauge

from chassis import tracing
from chassis.metrics import registry
from chassis.problems import Problem
from users.settings import Settings

T = TypeVar("T")

_hashes = Counter("password_hashes", "Hashes computed, by why.", ("operation",), registry=registry)
_pending = Gauge("password_hashes_pending", "Hashes being computed or waiting for a slot.", registry=registry)


class Busy(Problem):
    """More passwords than this instance can hash in reasonable time."""

    def __init__(self) -> None:
        detail = "Too many passwords are being checked at the moment."
        super().__init__(503, "Service Unavailable", detail=detail, headers={"Retry-After": "1"})


class Passwords:
    """A component: the pool, and the parameters of new hashes."""

    def __init__(self, settings: Settings) -> None:
        self._argon = PasswordHasher(
            time_cost=settings.hash_passes,
            memory_cost=settings.hash_memory_kib,
            parallelism=settings.hash_lanes,
            type=Type.ID,
        )
        # Threads, because argon2 lets go of the interpreter while it computes. A cancelled request cannot stop its
        # thread, so only a pool of this size, and no semaphore around a bigger one, really bounds the memory.
        self._pool = ThreadPoolExecutor(settings.hash_slots, thread_name_prefix="argon2")
        self._room = settings.hash_slots + settings.hash_queue
        self._waiting = 0
        self._nobody = ""

    async def start(self) -> None:
        """Compute the hash that unknown addresses are checked against."""
        self._nobody = await self.hash(secrets.token_urlsafe(32))

    async def stop(self) -> None:
        """Let go of the threads; what waits for one is cancelled."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """A new hash with today's parameters; raises Busy."""
        return await self._run("hash", lambda: self._argon.hash(_bytes(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether this is the password; without a stored hash the same work, and no. Raises Busy."""
        matches = await self._run("verify", lambda: self._matches(stored or self._nobody, password))
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether this hash was made with other parameters than today's."""
        return self._argon.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._argon.verify(stored, _bytes(password))
        except VerifyMismatchError:
            return False

    async def _run(self, operation: str, work: Callable[[], T]) -> T:
        if self._waiting >= self._room:
            raise Busy
        self._waiting += 1
        _hashes.labels(operation).inc()
        with tracing.span(f"argon2id {operation}"), _pending.track_inprogress():
            try:
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
            finally:
                self._waiting -= 1


def _bytes(password: str) -> bytes:
    """NFC, as RFC 8265 has it for passwords: an é typed on one keyboard must match the é typed on another."""
    return unicodedata.normalize("NFC", password).encode()
