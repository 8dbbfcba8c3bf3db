"""Sends one HTTP request to a part of the system. Refuses redirects, retries and addresses outside of the lab.

    kind: http
    part: gateway
    path: /api/orders/${order}
    as: stranger
    expect: {status: {in: [403, 404]}}

No answer is an `error` of ours, unless the lab says that it is something to see: then `outcome` is one of the words
timeout, refused, reset, garbage in place of the status code.

    no_answer: seen
    timeout: 2s
    expect: {outcome: {in: [401, 403, refused]}}

A part that has died refuses too: let another check see that it works.

`repeat: {times: 20, parallel: 20}` sends it so often; `statuses`, `outcomes` and `counts` are about all of them, the
other values about the last.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tutor.labs.asking import Answer, NoAnswer, send, together, within
from tutor.labs.check import CannotLook, Check, Observation, Period, seconds
from tutor.labs.checks.requests import Prepared, Request, must_act, shown
from tutor.labs.reach import Reach
from tutor.shapes import Strict, Whole

LONGEST = 60.0
"""Seconds that all requests of one look may take together."""


class Repeat(Strict):
    """How often it is sent, and how many of them at once."""

    times: Annotated[Whole, Field(ge=1, le=200)]
    parallel: Annotated[Whole, Field(ge=1, le=50)] = 1


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request and what came of it."""

    sent: Prepared
    came: Answer | NoAnswer

    @property
    def outcome(self) -> int | str:
        return self.came.status if isinstance(self.came, Answer) else self.came.word


class HttpCheck(Request, Check):
    """One request and its answer."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "status": "the status code, nothing when no answer came",
        "outcome": "the status code, or how there was none: timeout, refused, reset, garbage",
        "headers": "headers by lower-case name",
        "json": "the body as JSON, nothing when it is none",
        "body": "the body as text",
        "duration_ms": "milliseconds until the whole answer was there",
        "trace_id": "the id of the trace that `traceparent: fresh` began",
        "statuses": "the status codes of all requests",
        "outcomes": "the outcomes of all requests",
        "jsons": "the bodies of all answers as JSON",
        "counts": "how many requests had each outcome, such as {'201': 1, '409': 19}",
    }

    kind: Literal["http"]
    timeout: Period = "10s"
    """How long one request waits for its answer."""
    no_answer: Literal["error", "seen"] = "error"
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        must_act(self, self.act)
        if not 0 < seconds(self.timeout) <= LONGEST:
            raise ValueError(f"`timeout` is {self.timeout}; give it at most {LONGEST:g}s")
        return self

    @property
    def look_seconds(self) -> float:
        """As long as the requests may take one after another, within reason, and a moment more."""
        repeat = self.repeat or Repeat(times=1)
        return min(seconds(self.timeout) * math.ceil(repeat.times / repeat.parallel), LONGEST) + 1.0

    async def look(self, reach: Reach) -> Observation:
        """Send it, or all of them, and read the whole answers."""
        repeat = self.repeat or Repeat(times=1)
        turn = asyncio.Semaphore(repeat.parallel)
        async with within(self.look_seconds - 0.5, f"{self.method} {self.path} at {self.part}", self.part):
            exchanges = await together(self._one(reach, turn, at + 1) for at in range(repeat.times))
        return self._observation(exchanges, reach)

    async def _one(self, reach: Reach, turn: asyncio.Semaphore, number: int) -> _Exchange:
        prepared = self.prepared(reach, number=number)
        async with turn:
            try:
                return _Exchange(prepared, await send(reach.http(), prepared.for_(reach.http()), seconds(self.timeout)))
            except NoAnswer as trouble:
                if self.no_answer == "seen":
                    return _Exchange(prepared, trouble)
                raise CannotLook(f"{self.part} {trouble}", self.part) from None

    def _observation(self, exchanges: Sequence[_Exchange], reach: Reach) -> Observation:
        last, secrets = exchanges[-1], reach.hiding()
        answers = [exchange.came for exchange in exchanges if isinstance(exchange.came, Answer)]
        outcomes = [exchange.outcome for exchange in exchanges]
        values: dict[str, Any] = {
            "status": None, "headers": {}, "json": None, "body": "", "duration_ms": None,
            "outcome": last.outcome,
            "trace_id": last.sent.trace or None,
            "statuses": [answer.status for answer in answers],
            "outcomes": outcomes,
            "jsons": [answer.data for answer in answers],
            "counts": dict(Counter(map(str, outcomes))),
        }  # fmt: skip
        text = f"no answer: {self.part} {last.came}"
        if isinstance(last.came, Answer):
            came = last.came
            values |= {"status": came.status, "headers": dict(came.headers), "json": came.data, "body": came.text}
            values["duration_ms"] = round(came.seconds * 1000, 1)
            text = shown(came.status, came.headers, came.text, secrets)
        return Observation(values, command=last.sent.curl(secrets), shown=text, trace=last.sent.trace)
