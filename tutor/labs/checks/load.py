"""Sends requests at a steady rate. Refuses more than 200 a second, more than a minute, and addresses outside the lab.

    kind: load
    path: /api/orders/${order}
    as: customer
    rps: 40
    for: 20s
    after: 15s                       # what was due before is sent, and not counted
    expect: {error_rate: {lt: 0.02}, p95_ms: {lt: 300}, statuses: {"401": {absent: true}}}

The loop is open: each request leaves when it is due, whether or not earlier ones came back, and its latency counts from
then. A client that waited for slow answers would hide exactly the slow part. `clients: 10` in place of `rps` is the
opposite, so many clients that each wait for their answer; it finds out how much comes through. `mix` takes turns.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tutor.labs.asking import Answer, NoAnswer, send, within
from tutor.labs.check import CannotLook, Check, Observation, Period, seconds
from tutor.labs.checks.requests import Account, HeaderName, HeaderValue, Path, Prepared, Request, must_act
from tutor.labs.reach import Reach
from tutor.shapes import Strict, Whole

if TYPE_CHECKING:
    import httpx

MAX_RPS, MAX_SECONDS, MAX_CLIENTS = 200, 60.0, 50
CONNECTIONS = 200
LATE = 2.0
"""A request that leaves so many seconds after it was due was held up by this machine: then nothing that was measured
here says anything about the learner's work."""


class Variation(Strict):
    """What is different in one of the requests that take turns."""

    path: Path | None = None
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=50)] = Field(default_factory=dict)
    json_: Annotated[Any, Field(alias="json")] = None
    as_: Annotated[Account | None, Field(alias="as")] = None


@dataclass(slots=True)
class _Tally:
    """What came of the requests that count."""

    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    answered: bool = False
    trouble: NoAnswer | None = None
    late: float = 0.0

    def take(self, came: Answer | NoAnswer, seconds_: float, counts: bool) -> None:
        self.answered = self.answered or isinstance(came, Answer)
        if isinstance(came, NoAnswer):
            self.trouble = came
        if counts:
            self.seconds.append(seconds_)
            self.outcomes[str(came.status) if isinstance(came, Answer) else came.word] += 1


class LoadCheck(Request, Check):
    """Many requests."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "total": "how many requests counted",
        "ok": "how many were answered with a status below 400",
        "failed": "how many were answered with 500 or more, or not at all",
        "error_rate": "the share of those, from 0 to 1",
        "statuses": "how many there were of each status, and of timeout, refused, reset, garbage",
        "p50_ms": "half of the requests took no longer than this, in milliseconds from when they were due",
        "p95_ms": "95 of 100",
        "p99_ms": "99 of 100",
        "max_ms": "the slowest",
        "rps": "answers per second",
    }
    ALONE: ClassVar[bool] = True

    kind: Literal["load"]
    rps: Annotated[Whole, Field(ge=1, le=MAX_RPS)] | None = None
    clients: Annotated[Whole, Field(ge=1, le=MAX_CLIENTS)] | None = None
    for_: Annotated[Period, Field(alias="for")] = "5s"
    after: Period = "0s"
    max: Annotated[Whole, Field(ge=1, le=int(MAX_RPS * MAX_SECONDS))] = int(MAX_RPS * MAX_SECONDS)
    """No more requests than this in all."""
    timeout: Period = "10s"
    mix: Annotated[tuple[Variation, ...], Field(min_length=1, max_length=10)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        must_act(self, self.act)
        if (self.rps is None) == (self.clients is None):
            raise ValueError("write `rps` (requests per second) or `clients` (who each wait for their answer)")
        if not 0 < seconds(self.for_) <= MAX_SECONDS:
            raise ValueError(f"`for` is {self.for_}; give it at most {MAX_SECONDS:g}s")
        if seconds(self.after) >= seconds(self.for_):
            raise ValueError("`after` leaves nothing to count; make it shorter than `for`")
        if not 0 < seconds(self.timeout) <= 30:
            raise ValueError(f"`timeout` is {self.timeout}; give it at most 30s")
        return self

    @property
    def look_seconds(self) -> float:
        """The time of the load, and of the last answer."""
        return seconds(self.for_) + seconds(self.timeout) + 5.0

    async def look(self, reach: Reach) -> Observation:
        """Send everything, wait for every answer."""
        import httpx

        requests: list[Request] = [self] if self.mix is None else [_varied(self, one) for one in self.mix]
        tally = _Tally()
        # Every request may have a connection of its own: waiting for one would be waiting that nobody asked for.
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(within(self.look_seconds - 0.5, f"load on {self.part}", self.part))
            client = await stack.enter_async_context(
                httpx.AsyncClient(timeout=None, trust_env=False, verify=False, limits=limits)
            )
            await _Load(self, requests, reach, client, tally).run()
        if not tally.answered:
            raise CannotLook(f"{self.part} {tally.trouble or 'got no request'}", self.part)
        if tally.late > LATE:
            raise CannotLook(f"this machine was too busy: a request left {tally.late:.1f} s after it was due")
        values = _values(tally, seconds(self.for_) - seconds(self.after))
        command = requests[0].prepared(reach).curl(reach.hiding())
        return Observation(values, command=command, shown="\n".join(f"{key}: {one}" for key, one in values.items()))


class _Load:
    """One load under way."""

    def __init__(
        self, check: LoadCheck, requests: Sequence[Request], reach: Reach, client: httpx.AsyncClient, tally: _Tally
    ) -> None:
        self._check, self._requests, self._reach = check, requests, reach
        self._client, self._tally = client, tally
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._end = self._begun + seconds(check.for_)
        self._number = 0

    async def run(self) -> None:
        """All of it. Raises: CannotLook when a request cannot be made."""
        trouble: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._check.rps is not None:
                    await self._steady(tasks, self._check.rps)
                for _ in range(self._check.clients or 0):
                    tasks.create_task(self._one_after_another())
        except* CannotLook as several:
            trouble = several.exceptions[0]
        if trouble is not None:
            raise trouble

    async def _steady(self, tasks: asyncio.TaskGroup, rps: int) -> None:
        for number in range(min(max(1, round(rps * seconds(self._check.for_))), self._check.max)):
            due = self._begun + number / rps
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            self._tally.late = max(self._tally.late, self._loop.time() - due)
            tasks.create_task(self._one(self._next(), due, number / rps >= seconds(self._check.after)))

    async def _one_after_another(self) -> None:
        while self._loop.time() < self._end and self._number < self._check.max:
            # No faster than the limit in all, whoever answers how quickly.
            due = max(self._loop.time(), self._begun + self._number / MAX_RPS)
            request = self._next()
            await asyncio.sleep(due - self._loop.time())
            await self._one(request, due, due - self._begun >= seconds(self._check.after))

    def _next(self) -> Prepared:
        self._number += 1
        return self._requests[(self._number - 1) % len(self._requests)].prepared(self._reach, number=self._number)

    async def _one(self, prepared: Prepared, due: float, counts: bool) -> None:
        came: Answer | NoAnswer
        try:
            came = await send(self._client, prepared.for_(self._client), seconds(self._check.timeout))
        except NoAnswer as trouble:
            came = trouble
        self._tally.take(came, self._loop.time() - due, counts)


def _varied(request: LoadCheck, variation: Variation) -> Request:
    """The request as this variation has it."""
    own = request.model_dump(by_alias=True, exclude_unset=True, include=set(Request.model_fields))
    other = variation.model_dump(by_alias=True, exclude_unset=True)
    if "headers" in other:
        other["headers"] = {**own.get("headers", {}), **other["headers"]}
    return Request.model_validate({**own, **other})


def _values(tally: _Tally, span: float) -> dict[str, Any]:
    total = sum(tally.outcomes.values())
    numbers = {outcome: count for outcome, count in tally.outcomes.items() if outcome.isdigit()}
    ok = sum(count for outcome, count in numbers.items() if int(outcome) < 400)
    failed = total - sum(count for outcome, count in numbers.items() if int(outcome) < 500)
    took = sorted(tally.seconds)
    return {
        "total": total,
        "ok": ok,
        "failed": failed,
        "error_rate": failed / total if total else None,
        "statuses": dict(sorted(tally.outcomes.items())),
        **{f"p{percent}_ms": percentile(took, percent) for percent in (50, 95, 99)},
        "max_ms": percentile(took, 100),
        "rps": round(sum(numbers.values()) / span, 1),
    }


def percentile(took: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of sorted seconds, in milliseconds; None of nothing."""
    if not took:
        return None
    return round(took[max(0, math.ceil(len(took) * percent / 100) - 1)] * 1000, 1)
