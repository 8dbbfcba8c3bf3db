"""Every `${...}` stands for something when it is needed. Refuses to fill any in."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.errors import Problem
from tutor.labs.accounts import ACCOUNTS
from tutor.labs.check import Check
from tutor.labs.lint.subject import Subject, variables, written
from tutor.labs.solving import Request

_OF_ACCOUNTS = {f"{who}.{what}" for who in ACCOUNTS for what in ("token", "id", "email", "password")}
ALWAYS = frozenset({"lab.started", "number", "uuid", *_OF_ACCOUNTS})


def known_variables(subject: Subject) -> Iterator[Problem]:
    """A variable that nobody has set by then: misspelt, or captured by a check that is not needed."""
    captured = {name: check.id for check in subject.lab.checks for name in check.capture}
    captured |= {f"input.{check.id}": check.id for check in subject.lab.checks if check.kind == "input"}
    for _, check, place in subject.checks():
        known = ALWAYS | _captured_before(check, subject)
        for name in sorted(variables(written(check)) - known):
            yield subject.problem(_unknown(f"check `{check.id}`", name, captured), *place)
    for at, step in enumerate(subject.lab.steps):
        earlier = {name for other in subject.lab.steps[:at] for check in other.checks for name in check.capture}
        for number, action in enumerate(step.solve):
            data = action.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for name in sorted(variables(data) - ALWAYS - earlier):
                what = f"the solution of `{step.id}` uses ${{{name}}}, which nothing before it has captured"
                yield subject.problem(what, "steps", at, "solve", number)
            if isinstance(action, Request):
                earlier |= set(action.capture)


def _captured_before(check: Check, subject: Subject) -> set[str]:
    """What the checks that this one needs, however indirectly, have captured, or have been told."""
    by_id = {one.id: one for one in subject.lab.checks}
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(check.needs)
    while waiting:
        id_ = waiting.pop()
        if id_ not in seen:
            seen.add(id_)
            found |= set(by_id[id_].capture)
            if by_id[id_].kind == "input":
                found.add(f"input.{id_}")
            waiting += by_id[id_].needs
    return found


def _unknown(who: str, name: str, captured: dict[str, str]) -> str:
    if name in captured:
        return f"{who} uses ${{{name}}}, which `{captured[name]}` captures; write `needs: [{captured[name]}]`"
    return f"{who} uses ${{{name}}}, which nothing sets"


def steady_baseline(subject: Subject) -> Iterator[Problem]:
    """A comparison with the start that nobody could look at when the lab starts."""
    for _, check, place in subject.checks():
        if not check.compares_with_start:
            continue
        if check.act:
            yield subject.problem(f"check `{check.id}` acts, so it cannot be looked at when the lab starts", *place)
        asked = {name: value for name, value in written(check).items() if name not in ("expect", "stop_if", "hint_if")}
        for name in sorted(variables(asked) - ALWAYS):
            what = f"check `{check.id}` compares with the start, when nothing is known as ${{{name}}} yet"
            yield subject.problem(what, *place)
