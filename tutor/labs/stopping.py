"""Stops a lab, hands its system over to another one, and gives systems their names. Refuses to remove what another lab
in progress has.

At every moment the run's file of some lab names the system, so whatever ends this early, `stop` finds it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace

from tutor.errors import MachineError, UsageError
from tutor.labs import endpoints
from tutor.labs.engine.base import Engine
from tutor.labs.news import News, Said, Stopped
from tutor.labs.run import Run
from tutor.labs.site import AT_ONCE, Site

PATIENCE = 5.0


def stop(site: Site) -> Iterator[News]:
    """Remove everything that runs; the last value is `Stopped`. A workspace with edits in it is kept.

    Raises: MachineError when the engine does not do it; then doing it again goes on.
    """
    with site.busy("stop", PATIENCE):
        run, damage = site.kept()
        if damage:
            yield Said(damage, "warning")
        yield from _stopped(site, run)


def handed_over(site: Site, begun: Run, other: Site) -> Generator[News, None, Run | None]:
    """Stop the other lab, and take its system; None when it had none that can be taken, and only stopped."""
    with other.busy("stop", PATIENCE):
        theirs, damage = other.kept()
        if damage:
            yield Said(damage, "warning")
        if theirs is None or theirs.state != "running" or theirs.engine != begun.engine:
            yield from _stopped(other, theirs)
            return None
        other.file.update(lambda old: replace(old, state="stopping"))
        run = replace(begun, project=theirs.project)
        site.file.write(run)
        yield from _ended(other, theirs)
        return run


def named(site: Site, engine: Engine, begun: Run) -> Generator[News, None, Run]:
    """The run with a name for its system that nobody has, in the run's file.

    Raises: UsageError when so many labs are in progress that there is none.
    """
    with site.naming():
        free = site.free_projects()
        if not free:
            raise UsageError(f"{AT_ONCE} labs are in progress, and each is a whole system.", "Stop one of them first.")
        run = replace(begun, project=free[0])
        site.file.write(run)
    if engine.find(run.project):
        yield Said("Something of an earlier start is still there; removing it.")
        yield from engine.down(run.project)
    return run


def _stopped(site: Site, run: Run | None) -> Iterator[News]:
    if run is not None:
        site.file.update(lambda old: replace(old, state="stopping"))
        yield from site.engine(run.engine).down(run.project)
    else:
        for engine in site.engines.values():
            yield from _swept(site, engine)
    yield from _ended(site, run)


def _ended(site: Site, run: Run | None) -> Iterator[News]:
    """Forget the run, and remove what it has written."""
    site.file.remove()
    workspace = site.workspace(run.workspace if run else None)
    (workspace.place / endpoints.FILE).unlink(missing_ok=True)
    workspace.remove()
    with suppress(OSError):
        site.home.rmdir()
    yield Stopped(site.id, workspace.place if workspace.place.exists() else None)


def _swept(site: Site, engine: Engine) -> Iterator[News]:
    """Remove the systems that no lab remembers; an engine that is not there has none."""
    with site.naming():
        for project in site.free_projects():
            try:
                there = engine.find(project)
            except MachineError:
                return
            if there:
                yield from engine.down(project)
