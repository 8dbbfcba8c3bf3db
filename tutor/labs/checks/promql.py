"""Asks Prometheus. Refuses to write, to reload, and to take an empty answer for a zero.

    kind: promql
    query: sum by (instance) (rate(http_requests_total{service="orders"}[30s]))
    expect: {count: 3, vector: {each: {value: {gt: 0.5}}}}

`range: {query: ..., last: 2m, step: 5s}` gives `series`, each with its values. `alert: ErrorRatioHigh`, `rule: name`
and `targets: {service: orders}` ask for what is loaded and how it stands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tutor.labs.asking import ask, understood, within
from tutor.labs.check import CannotLook, Check, Observation, Period, seconds
from tutor.labs.matching import shown
from tutor.labs.reach import Reach
from tutor.shapes import Strict

PART = "prometheus"
MAX_SERIES = 1000
_WORST = ("firing", "pending", "inactive")

Query = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Range(Strict):
    """A query over the last so many seconds."""

    query: Query
    last: Period = "2m"
    step: Period = "5s"

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not 0 < seconds(self.step) <= seconds(self.last) <= 3600 or seconds(self.last) / seconds(self.step) > 1000:
            raise ValueError(f"{self.last} in steps of {self.step} is too long or too fine: at most 60m, 1000 steps")
        return self


class PromqlCheck(Check):
    """A query, a rule, an alert, or the targets."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether there is any series, rule, alert or target of this kind",
        "count": "how many there are",
        "value": "the number, when there is exactly one series; nothing when it is not a number",
        "vector": "each series: labels, value",
        "series": "of a range: each series: labels, values, min, max, last",
        "min": "of a range with one series: its least value",
        "max": "its greatest",
        "state": "of an alert: firing, pending or inactive, the worst when several rules have the name",
        "firing": "how many instances of the alert fire",
        "active": "each instance of the alert: labels, annotations, state, value",
        "expression": "of a rule or alert: what it computes",
        "for_seconds": "of an alert: how long it must hold before it fires",
        "labels": "the labels that the rule sets",
        "annotations": "the annotations that the rule sets",
        "health": "of a rule: ok, or why it cannot be computed",
        "up": "how many of the targets can be scraped",
        "targets": "each target: labels, health, error, url",
    }

    kind: Literal["promql"]
    query: Query | None = None
    range: Range | None = None
    alert: Name | None = None
    rule: Name | None = None
    targets: Annotated[dict[Name, Name], Field(max_length=10)] | None = None
    """Labels that a target must have; all targets when empty."""

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if len([one for one in (self.query, self.range, self.alert, self.rule, self.targets) if one is not None]) != 1:
            raise ValueError("ask one thing: `query`, `range`, `alert`, `rule` or `targets`")
        return self

    async def look(self, reach: Reach) -> Observation:
        """Ask once."""
        async with within(self.look_seconds - 0.5, PART, PART):
            path, query, values = await self._asked(reach)
        words = ["curl", "-s", *(["-G"] if query else []), reach.url(PART) + path]
        for name, value in query.items():
            words += ["--data-urlencode", f"{name}={value}"]
        return Observation(values, reach.hiding().command(*words), shown(values))

    async def _asked(self, reach: Reach) -> tuple[str, dict[str, str], dict[str, Any]]:
        if self.query is not None:
            asked = {"query": str(reach.filled(self.query))}
            data = await _data(reach, "/api/v1/query", asked)
            with understood(PART):
                return "/api/v1/query", asked, _instant(data)
        if self.range is not None:
            return await _range(reach, self.range)
        if self.targets is not None:
            data = await _data(reach, "/api/v1/targets", {"state": "active"})
            with understood(PART):
                return "/api/v1/targets", {}, _targets(data["activeTargets"], reach.filled(self.targets))
        kind, name = ("alerting", self.alert) if self.alert is not None else ("", self.rule)
        data = await _data(reach, "/api/v1/rules", {})
        with understood(PART):
            rules = [rule for group in data["groups"] for rule in group["rules"]]
            wanted = str(reach.filled(name))
            named = [rule for rule in rules if rule["name"] == wanted and kind in ("", rule["type"])]
            return "/api/v1/rules", {}, _rule(named)


async def _data(reach: Reach, path: str, query: Mapping[str, str]) -> Any:
    answer = await ask(reach, PART, path, query=query)
    with understood(PART):
        data = answer.data
        if data["status"] != "success":
            raise CannotLook(f"{PART} does not take the question: {data['error']}"[:300], PART)
        return data["data"]


async def _range(reach: Reach, wanted: Range) -> tuple[str, dict[str, str], dict[str, Any]]:
    # Prometheus' own clock, which may not be ours: a query in the future or the past would see nothing.
    data = await _data(reach, "/api/v1/query", {"query": "time()"})
    with understood(PART):
        now = float(data["result"][0])
    asked = {
        "query": str(reach.filled(wanted.query)),
        "start": f"{now - seconds(wanted.last):.3f}",
        "end": f"{now:.3f}",
    }
    asked["step"] = str(seconds(wanted.step))
    data = await _data(reach, "/api/v1/query_range", asked)
    with understood(PART):
        series = [_series(one) for one in _bounded(data["result"])]
    only = series[0] if len(series) == 1 else {"min": None, "max": None, "last": None}
    values = {"exists": bool(series), "count": len(series), "series": series, "value": only["last"]}
    return "/api/v1/query_range", asked, {**values, "min": only["min"], "max": only["max"]}


def _series(data: Mapping[str, Any]) -> dict[str, Any]:
    numbers = [_number(text) for _, text in data["values"]]
    known = [number for number in numbers if number is not None]
    return {
        "labels": dict(data["metric"]),
        "values": numbers,
        "min": min(known, default=None),
        "max": max(known, default=None),
        "last": numbers[-1] if numbers else None,
    }


def _instant(data: Mapping[str, Any]) -> dict[str, Any]:
    if data["resultType"] in ("scalar", "string"):
        vector: list[dict[str, Any]] = [{"labels": {}, "value": _number(data["result"][1])}]
    else:
        found = _bounded(data["result"])
        vector = [{"labels": dict(one["metric"]), "value": _number(one["value"][1])} for one in found]
    value = vector[0]["value"] if len(vector) == 1 else None
    return {"exists": bool(vector), "count": len(vector), "value": value, "vector": vector}


def _bounded(result: Sequence[Any]) -> Sequence[Any]:
    if len(result) > MAX_SERIES:
        raise CannotLook(f"the query gives {len(result)} series; let Prometheus count or add them up", PART)
    return result


def _number(text: str) -> float | int | None:
    """Nothing for what is not a number, such as a ratio of nothing to nothing."""
    number = float(text)
    if math.isnan(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _rule(named: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if not named:
        return {"exists": False, "count": 0, "firing": 0, "active": []}
    active = [_active(alert) for rule in named for alert in rule.get("alerts") or ()]
    states = {rule.get("state") for rule in named}
    health = {rule.get("health", "unknown"): rule.get("lastError", "") for rule in named}
    return {
        "exists": True,
        "count": len(named),
        "state": next((one for one in _WORST if one in states), None),
        "firing": sum(alert["state"] == "firing" for alert in active),
        "active": active,
        "expression": named[0]["query"],
        "for_seconds": named[0].get("duration"),
        "labels": dict(named[0].get("labels") or {}),
        "annotations": dict(named[0].get("annotations") or {}),
        "health": next((error or one for one, error in health.items() if one != "ok"), "ok"),
    }


def _active(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "labels": dict(alert["labels"]),
        "annotations": dict(alert["annotations"]),
        "state": alert["state"],
        "value": _number(alert["value"]),
    }


def _targets(found: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> dict[str, Any]:
    targets = [
        {
            "labels": dict(one["labels"]),
            "health": one["health"],
            "error": one.get("lastError", ""),
            "url": one["scrapeUrl"],
        }
        for one in found
        if wanted.items() <= one["labels"].items()
    ]
    up = sum(one["health"] == "up" for one in targets)
    return {"exists": bool(targets), "count": len(targets), "up": up, "targets": targets}
