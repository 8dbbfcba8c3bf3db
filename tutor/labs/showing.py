"""Says how a lab in progress stands: its parts, files, steps, faults, logs. Refuses to change anything, and to fail
because the engine is away: that is part of what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tutor.errors import MachineError, UsageError
from tutor.labs.check import CannotLook
from tutor.labs.endpoints import endpoints
from tutor.labs.engine.base import LogLine, PartFacts, Running
from tutor.labs.news import Endpoint
from tutor.labs.reach import Inspector
from tutor.labs.run import Entry, Run
from tutor.labs.site import Site
from tutor.labs.telling import log_line
from tutor.labs.workspace import Workspace

State = Literal["absent", "starting", "running", "stopping", "lost"]
"""`lost`: it was running, and nothing of its system is there any more."""

FOLLOW = 0.5
"""Seconds between two looks at a log that is followed."""

MAX_LINES = 500
LAST_LINES, MAX_TEXT = 5, 300
"""How much is shown of what a part said last."""


@dataclass(frozen=True, slots=True)
class StepState:
    """How far a step is, and how much help it took."""

    id: str
    title: str
    done: bool
    hints: int
    revealed: bool
    skipped: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at a glance. `trouble` are sentences, each with what to do about it."""

    lab: str
    state: State
    engine: str = ""
    started: datetime | None = None
    workspace: Workspace | None = None
    edited: tuple[str, ...] = ()
    unapplied: tuple[str, ...] = ()
    parts: tuple[PartFacts, ...] = ()
    faults: tuple[Entry, ...] = ()
    steps: tuple[StepState, ...] = ()
    current: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    trouble: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Other labs of this learner that are in progress; told of a lab that is not."""


def others(site: Site) -> list[str]:
    """The other labs of this learner that are in progress."""
    return sorted({path.parent.name for path in site.data.glob("*/run.json")} - {site.id})


def status(site: Site) -> Status:
    """How the lab stands."""
    try:
        run, damage = site.kept()
    except MachineError as error:
        return Status(site.id, "absent", trouble=(str(error),))
    if run is None:
        beside = tuple(others(site))
        return Status(site.id, "absent", trouble=(damage,) if damage else (), steps=_steps(site, None), others=beside)
    known = Status(
        site.id, run.state, run.engine, run.started, site.workspace(run.workspace), faults=run.faults,
        steps=_steps(site, run), current=site.current(run),
    )  # fmt: skip
    if run.state != "running" or run.running is None:
        verb = "stop" if run.state == "stopping" else "start"
        return _with(known, trouble=(f"A {verb} was cut off; do it again: tutor lab {verb} {site.id}",))
    return _running(site, run, run.running, known)


def _running(site: Site, run: Run, running: Running, known: Status) -> Status:
    trouble = []
    workspace = site.workspace(run.workspace)
    if workspace.state != "ours":
        trouble.append(f"The workspace {run.workspace} is gone or damaged: tutor lab reset {site.id}")
    parts: list[PartFacts] = []
    state: State = "running"
    try:
        inspector = site.engine(run.engine).inspector(running)
        for part in site.found.lab.system.parts:
            facts = inspector.facts(part)
            parts += facts or [PartFacts(part, part, "absent", "none")]
        trouble += _last_words(inspector, run, [one for one in parts if one.state == "exited"])
        if all(one.state == "absent" for one in parts):
            state = "lost"
            trouble.append(f"Nothing of its system is there any more: tutor lab start {site.id} starts it anew")
    except (MachineError, CannotLook) as error:
        trouble.append(f"The engine does not answer: {error}. See: tutor doctor")
    return _with(
        known, state=state, parts=tuple(parts), edited=tuple(workspace.edited()), unapplied=tuple(site.unapplied(run)),
        endpoints=endpoints(run, running), trouble=tuple(trouble),
    )  # fmt: skip


def _last_words(inspector: Inspector, run: Run, ended: Sequence[PartFacts]) -> list[str]:
    """What each part that has ended without being told to said last."""
    hurt = {entry.part for entry in run.faults}
    told = []
    for one in ended:
        if one.part in hurt:
            continue
        lines = [line for line in inspector.logs(one.part, run.started, MAX_LINES) if line.instance == one.instance]
        words = "".join(f"\n      {log_line(line)[:MAX_TEXT]}" for line in lines[-LAST_LINES:])
        told.append(f"{one.instance} has ended with code {one.exit_code}. Its log ends:{words or ' (empty)'}")
    return told


def _with(known: Status, **changes: object) -> Status:
    return replace(known, **changes)  # type: ignore[arg-type]


def _steps(site: Site, run: Run | None) -> tuple[StepState, ...]:
    return tuple(
        StepState(
            step.id,
            step.title,
            run is not None and step.id in run.steps,
            run.hints.get(step.id, 0) if run else 0,
            run is not None and step.id in run.revealed,
            run is not None and step.id in run.skipped,
        )
        for step in site.found.lab.steps
    )


def logs(site: Site, parts: Sequence[str] = (), lines: int = 100, follow: bool = False) -> Iterator[LogLine]:
    """The newest lines of these parts (of all, when none is named), oldest first; with `follow` it goes on for ever.

    Raises: UsageError when the lab is not running or has no such part, MachineError when the engine does not answer.
    """
    run, running = site.run()
    known = site.found.lab.system.parts
    for part in parts:
        if part not in known:
            raise UsageError(f"The lab `{site.id}` has no part `{part}`.", f"It has: {', '.join(known)}")
    inspector = site.engine(run.engine).inspector(running)
    since, shown = run.started - timedelta(minutes=1), set[LogKey]()
    while True:
        try:
            found = [line for part in parts or known for line in inspector.logs(part, since, min(lines, MAX_LINES))]
        except CannotLook as trouble:
            raise MachineError(f"The logs cannot be read: {trouble}.", "See: tutor lab status") from None
        found.sort(key=lambda line: line.at or since)
        for line in found if follow and shown else found[-lines:]:
            if _key(line) not in shown:
                yield line
        if not follow:
            return
        # The newest second is asked for again: lines of one moment may come in two answers.
        shown = {_key(line) for line in found}
        since = max([since, *(line.at - timedelta(seconds=1) for line in found if line.at)])
        site.sleep(FOLLOW)


LogKey = tuple[str, str, str]


def _key(line: LogLine) -> LogKey:
    return line.instance, str(line.at), line.text
