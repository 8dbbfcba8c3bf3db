"""Wrong solutions and alternatives say what has to become of them, and fit the lab. Refuses to try them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tutor.errors import Problem
from tutor.labs.library import FIXTURES, FixtureAt, fixtures
from tutor.labs.lint.subject import Subject
from tutor.labs.solving import Copy

LEAST_WRONG = 2


def enough_wrong(subject: Subject) -> Iterator[Problem]:
    """A lab whose checks were never shown to refuse anything."""
    found = fixtures(subject.found, "wrong")
    if len(found) < LEAST_WRONG:
        yield subject.problem(f"there are {len(found)} wrong solutions in wrong/; write at least {LEAST_WRONG}", "id")


def wrong_agree(subject: Subject) -> Iterator[Problem]:
    """A wrong solution names checks and steps of this lab, and has files that one of its steps copies."""
    yield from _agree(subject, "wrong")


def alternatives_agree(subject: Subject) -> Iterator[Problem]:
    """So does another right one, and names no check that must fail."""
    yield from _agree(subject, "alternative")


def _agree(subject: Subject, kind: Literal["wrong", "alternative"]) -> Iterator[Problem]:
    for fixture in fixtures(subject.found, kind):
        for what in (*_red(subject, fixture, kind), *_steps(subject, fixture), *_files(subject, fixture)):
            yield Problem(fixture.folder / FIXTURES[kind], 0, what)


def _red(subject: Subject, fixture: FixtureAt, kind: str) -> Iterator[str]:
    checks = {check.id: check for check in subject.lab.checks}
    red = fixture.fixture.red
    if kind == "alternative" and red:
        yield "is an alternative, all of whose checks must pass; remove `red`"
    if kind == "wrong" and not red:
        yield "names no check that must fail; write `red: [<check>]`"
    for id_ in red:
        if id_ not in checks:
            yield f"names `{id_}` in `red`, which is no check of this lab"
        elif not checks[id_].required:
            yield f"names `{id_}` in `red`, which is not required: work that fails it would pass"


def _steps(subject: Subject, fixture: FixtureAt) -> Iterator[str]:
    steps = {step.id for step in subject.lab.steps}
    for id_ in fixture.fixture.solve:
        if id_ not in steps:
            yield f"solves `{id_}`, which is no step of this lab"


def _files(subject: Subject, fixture: FixtureAt) -> Iterator[str]:
    solves = {step.id: fixture.fixture.solve.get(step.id, step.solve) for step in subject.lab.steps}
    copies = [action for solve in solves.values() for action in solve if isinstance(action, Copy)]
    if any(not copy.files for copy in copies):
        return  # all files are copied
    copied = {name for copy in copies for name in copy.files}
    for name in sorted(set(fixture.files) - copied):
        yield f"has {name} beside it, which no step copies"
