"""Open-loop load through the gateway: each request leaves at its own time, whether or not earlier ones came back.

Latency counts from the moment a request was due, not from when the client got round to sending it: a client that
waits for slow answers before it sends more would hide exactly the slow part ("coordinated omission").
Refuses hosts other than the loopback.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ORDER = {"lines": [{"sku": "STICKER", "quantity": 1}]}
READ, CREATE = "read", "create"


@dataclass
class Outcome:
    """What came of a load: latencies in seconds per kind of request, answers by kind and status, ids of orders."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {READ: [], CREATE: []})
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)
    late: float = 0.0

    def all_seconds(self) -> list[float]:
        """Latencies of every request."""
        return [*self.seconds[READ], *self.seconds[CREATE]]


@dataclass(frozen=True)
class Learner:
    """One client of the shop: its token, and an order of its own to read."""

    token: str
    order_id: str


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile; nan of nothing."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


class Load:
    """Sends `rate` requests per second for `seconds`; one in five creates an order, the others read."""

    def __init__(self, gateway: str, *, rate: int, seconds: float, clients: int = 20) -> None:
        if urlsplit(gateway).hostname not in LOOPBACK:
            raise ValueError(f"{gateway} is not on this machine: load goes to the loopback only")
        self._gateway = gateway
        self._rate = rate
        self._count = int(rate * seconds)
        self._clients = clients
        self._outcome = Outcome()

    async def run(self) -> Outcome:
        """Register the clients, send everything, wait for every answer."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            self._gateway, connector=connector, timeout=aiohttp.ClientTimeout(total=30)
        ) as session:
            learners = [await self._learner(session) for _ in range(self._clients)]
            await self._send_all(session, learners)
        return self._outcome

    async def _learner(self, session: aiohttp.ClientSession) -> Learner:
        email, password = f"load-{uuid.uuid4().hex}@example.com", uuid.uuid4().hex
        await self._call(session, "/api/users", {"email": email, "password": password, "name": "Load"})
        tokens = await self._call(session, "/api/auth/login", {"email": email, "password": password})
        token = tokens["access_token"]
        order = await self._call(session, "/api/orders", ORDER, token)
        self._outcome.orders.append(order["id"])
        return Learner(token, order["id"])

    async def _call(self, session: aiohttp.ClientSession, path: str, body: object, token: str = "") -> dict[str, Any]:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with session.post(path, json=body, headers=headers) as answer:
            answer.raise_for_status()
            data: dict[str, Any] = await answer.json()
            return data

    async def _send_all(self, session: aiohttp.ClientSession, learners: list[Learner]) -> None:
        start = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._count):
                due = start + number / self._rate
                wait = due - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                self._outcome.late = max(self._outcome.late, time.perf_counter() - due)
                tasks.create_task(self._one(session, number, due, learners[number % len(learners)]))

    async def _one(self, session: aiohttp.ClientSession, number: int, due: float, learner: Learner) -> None:
        kind = CREATE if number % 5 == 0 else READ
        headers = {"Authorization": f"Bearer {learner.token}"}
        try:
            if kind == CREATE:
                headers["Idempotency-Key"] = uuid.uuid4().hex
                request = session.post("/api/orders", json=ORDER, headers=headers)
            else:
                request = session.get(f"/api/orders/{learner.order_id}", headers=headers)
            async with request as answer:
                body = await answer.json()
                if kind == CREATE and answer.status == 201:
                    self._outcome.orders.append(body["id"])
                self._outcome.answers[kind, str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._outcome.answers[kind, type(error).__name__] += 1
        self._outcome.seconds[kind].append(time.perf_counter() - due)
