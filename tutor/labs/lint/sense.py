"""A lab makes sense as a whole: it looks from outside, at parts that run, in the time that a learner waits. Refuses to
know what any check is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutor.errors import Problem
from tutor.labs.check import Check, seconds
from tutor.labs.engine.access import DATABASES
from tutor.labs.faulting import ServiceFault
from tutor.labs.lint.subject import Subject, written

LEAST_OUTSIDE = 3
MOST_SECONDS = 60.0
"""What the checks of one step may wait together."""

ONLY_IN_DOCKER = {"consul", "prometheus", "alertmanager"}
"""Parts that no process of the `local` engine can be."""

_TOOLS: dict[str, tuple[str, ...]] = {
    "queue": ("rabbitmq",),
    "amqp": ("rabbitmq",),
    "redis": ("redis",),
    "consul": ("consul",),
    "promql": ("prometheus",),
    "trace": ("jaeger", "observer"),
}
"""The part, or one of the parts, that a kind asks."""


def enough_outside(subject: Subject) -> Iterator[Problem]:
    """Too few checks that look at the running system, or a step that nothing has to be done for."""
    outside = [check.id for check in subject.lab.checks if check.OUTSIDE]
    if len(outside) < LEAST_OUTSIDE:
        yield subject.problem(
            f"{len(outside)} checks look at the running system; write at least {LEAST_OUTSIDE}: "
            "what the learner wrote is not what it does", "steps",
        )  # fmt: skip
    for at, step in enumerate(subject.lab.steps):
        if all(check.guard or not check.required for check in step.checks):
            yield subject.problem(f"step `{step.id}` has no required check that is no guard", "steps", at)


def known_parts(subject: Subject) -> Iterator[Problem]:
    """A part that this lab does not start."""
    parts = set(subject.lab.system.parts)
    for _, check, place in subject.checks():
        for part in sorted(_named(check) - parts):
            yield subject.problem(f"check `{check.id}` looks at {part}, which is not among the parts", *place)
    for at, step in enumerate(subject.lab.steps):
        for number, action in enumerate(step.solve):
            used = getattr(action, "part", None)
            if used is not None and used not in parts:
                what = f"the solution of `{step.id}` uses {used}, which is not among the parts"
                yield subject.problem(what, "steps", at, "solve", number)


def _named(check: Check) -> set[str]:
    data = written(check)
    named = {str(part) for part in _list(data.get("parts"))}
    if "part" in type(check).model_fields:
        named.add(str(getattr(check, "part")))  # noqa: B009  not all kinds have it
    if data.get("kind") == "sql":
        named.add(DATABASES.get(str(data.get("service")), ""))
    for collect in check.on_fail.collect if check.on_fail else ():
        if collect.logs:
            named.add(collect.logs)
    return named - {"", "None"}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def tools_are_there(subject: Subject) -> Iterator[Problem]:
    """A kind of check whose tool this lab does not start."""
    parts = set(subject.lab.system.parts)
    for _, check, place in subject.checks():
        wanted = _TOOLS.get(check.kind, ())
        if wanted and not parts & set(wanted):
            what = f"check `{check.id}` of kind {check.kind} asks {' or '.join(wanted)}; add it to `parts`"
            yield subject.problem(what, *place, "kind")


def reachable_faults(subject: Subject) -> Iterator[Problem]:
    """A fault that would reach one instance of several, and nobody knows which."""
    for at, fault in enumerate(subject.lab.faults):
        if isinstance(fault, ServiceFault) and subject.lab.system.replicas.get(fault.part, 1) > 1:
            what = (
                f"fault `{fault.id}` asks one of several instances of {fault.part}; stop or pause one of them instead"
            )
            yield subject.problem(what, "faults", at)


def told_engines(subject: Subject) -> Iterator[Problem]:
    """An engine that is left out without a word."""
    system = subject.lab.system
    if "local" not in system.engines and not system.engine_note:
        what = "does not run on `local`; say why in `engine_note`, or add it to `engines`"
        yield subject.problem(what, "system", "engines")


def without_docker(subject: Subject) -> Iterator[Problem]:
    """A lab that is to run as processes, and asks for what only containers have."""
    system = subject.lab.system
    if "local" not in system.engines:
        return
    for part in sorted(set(system.parts) & ONLY_IN_DOCKER):
        yield subject.problem(f"runs on `local`, where there is no {part}; leave `local` out", "system", "engines")
    for at, fault in enumerate(subject.lab.faults):
        if fault.kind == "disconnect":
            what = f"fault `{fault.id}` cuts a part off, which `local` cannot; stop or pause it, or leave `local` out"
            yield subject.problem(what, "faults", at)
    for _, check, place in subject.checks():
        if system.transport == "any" and check.kind in ("queue", "amqp"):
            what = f"check `{check.id}` looks into RabbitMQ, and `transport: any` may run without one"
            yield subject.problem(what, *place, "kind")


def time_budget(subject: Subject) -> Iterator[Problem]:
    """Checks that keep the learner waiting too long."""
    for at, step in enumerate(subject.lab.steps):
        together: dict[tuple[str, ...], float] = {}
        alone = 0.0
        for check in step.checks:
            if check.ALONE:
                alone += _span(check)
            else:
                together[check.under] = max(together.get(check.under, 0.0), _span(check))
        total = sum(together.values()) + alone
        if total > MOST_SECONDS:
            what = f"the checks of `{step.id}` may take {total:g} s; keep it to {MOST_SECONDS:g} s"
            yield subject.problem(what, "steps", at, "checks")


def _span(check: Check) -> float:
    """How long a check may wait: its time, or that of its load."""
    for time in (check.eventually, check.consistently, check.never):
        if time is not None:
            return seconds(getattr(time, "within", None) or getattr(time, "for_"))  # noqa: B009  one has it
    return seconds(getattr(check, "for_", "0s")) if check.ALONE else 0.0
