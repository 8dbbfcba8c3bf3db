"""What moves through a running lab: what its services have counted, read twice, gives rates. Refuses to guess: what a
service does not count is absent, and one that does not answer is named.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tutor.labs.asking import ask
from tutor.labs.check import CannotLook
from tutor.labs.definition import SERVICES
from tutor.labs.reach import Reach
from tutor.labs.site import Site
from tutor.labs.viewing import looked

_LINE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? ([-+.\deE]+)(?: \d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

REQUESTS, ATTEMPTS = "http_requests_total", "gateway_attempts_total"
PUBLISHED, HANDLED, WAITING = "outbox_published_total", "events_handled_total", "outbox_pending"
BREAKER = "breaker_state"


@dataclass(frozen=True, slots=True)
class Counted:
    """What one service has counted since it started. None: it does not count that. `calls` is by upstream."""

    requests: float | None = None
    errors: float = 0.0
    published: float | None = None
    handled: float | None = None
    waiting: float | None = None
    calls: Mapping[str, float] = field(default_factory=dict)
    breakers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """The counters of all services at one moment; `silent` are those that did not answer, with the reason."""

    at: datetime
    services: Mapping[str, Counted]
    silent: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rate:
    """What one service did per second between two samples; `errors` is the share of answers that were 5xx."""

    requests: float | None = None
    errors: float | None = None
    published: float | None = None
    handled: float | None = None
    calls: Mapping[str, float] = field(default_factory=dict)


def sample(site: Site) -> Sample:
    """Ask every service of the lab for its counters.

    Raises: UsageError when the lab is not running.
    """
    parts = [part for part in site.found.lab.system.parts if part in SERVICES]

    async def look(reach: Reach) -> Sample:
        found = await asyncio.gather(*(_of(reach, part) for part in parts))
        answers = dict(zip(parts, found, strict=True))
        return Sample(
            site.now(),
            {part: one for part, one in answers.items() if isinstance(one, Counted)},
            {part: one for part, one in answers.items() if isinstance(one, str)},
        )

    return looked(site, look, "The counters cannot be read")


async def _of(reach: Reach, part: str) -> Counted | str:
    try:
        # The address of `ops` leads to one instance; of a part with several, that one speaks for itself alone.
        answer = await ask(reach, part, "/metrics", port="ops", unseen=True)
    except CannotLook as trouble:
        return str(trouble)
    return counted(answer.text) if answer.status == 200 else f"{part} has no metrics: HTTP {answer.status}"


SERVED_BY: Mapping[str, str] = {"passwords": "users"}
"""Upstreams of the gateway that are named unlike the service behind them."""


def counted(text: str) -> Counted:
    """The counters in an exposition of metrics."""
    totals: dict[str, float] = {}
    calls: dict[str, float] = {}
    breakers: dict[str, float] = {}
    errors = 0.0
    for name, labels, value in _samples(text):
        totals[name] = totals.get(name, 0.0) + value
        if name == REQUESTS and labels.get("status", "").startswith("5"):
            errors += value
        elif name == ATTEMPTS:
            upstream = labels.get("upstream", "")
            upstream = SERVED_BY.get(upstream, upstream)
            calls[upstream] = calls.get(upstream, 0.0) + value
        elif name == BREAKER:
            breakers[labels.get("name", "")] = value
    requests, published, handled, waiting = (totals.get(one) for one in (REQUESTS, PUBLISHED, HANDLED, WAITING))
    return Counted(requests, errors, published, handled, waiting, calls, breakers)


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        try:
            value = float(found[3])
        except ValueError:
            continue
        yield found[1], dict(_LABEL.findall(found[2] or "")), value


def rates(before: Sample | None, after: Sample) -> dict[str, Rate]:
    """What each service did per second in between; nothing for one that was not seen twice."""
    seconds = (after.at - before.at).total_seconds() if before else 0.0
    if before is None or seconds <= 0:
        return {}
    both = {part: (before.services[part], now) for part, now in after.services.items() if part in before.services}
    return {part: _rate(then, now, seconds) for part, (then, now) in both.items()}


def _rate(then: Counted, now: Counted, seconds: float) -> Rate:
    answered, failed = _grown(then.requests, now.requests), _grown(then.errors, now.errors)
    return Rate(
        requests=None if answered is None else answered / seconds,
        errors=(failed or 0.0) / answered if answered else None,
        published=_per(then.published, now.published, seconds),
        handled=_per(then.handled, now.handled, seconds),
        calls={name: (_grown(then.calls.get(name, 0.0), value) or 0.0) / seconds for name, value in now.calls.items()},
    )


def _per(then: float | None, now: float | None, seconds: float) -> float | None:
    grown = _grown(then, now)
    return None if grown is None else grown / seconds


def _grown(then: float | None, now: float | None) -> float | None:
    """By how much a counter has grown; one that is smaller than before has begun anew. One that came up began at 0."""
    if now is None:
        return None
    then = then or 0.0
    return now - then if now >= then else now
