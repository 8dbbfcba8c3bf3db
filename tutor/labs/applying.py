"""Makes the running system see the learner's edits: restarts the parts that read what changed, and only those. Refuses
to hide why a part does not come back: its own error is told, with file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tutor.errors import MachineError
from tutor.labs.blame import Blame
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import Running
from tutor.labs.judging import died, refused
from tutor.labs.news import Applied, Died, Misspelt, News, Said
from tutor.labs.parts import mounts, touched
from tutor.labs.run import Run
from tutor.labs.site import PATIENCE, Site, closed
from tutor.labs.syntax import misspelt
from tutor.labs.verdict import Evidence


def apply(site: Site) -> Iterator[News]:
    """Show the system what changed since it last read the workspace; the last value is `Applied`, or each `Died`.

    Raises: UsageError when the lab is not running, MachineError when the engine fails or the workspace is gone.
    """
    with site.busy("apply", PATIENCE):
        run, running = site.run()
        yield from apply_now(site, run, running)


def apply_now(site: Site, run: Run, running: Running) -> Iterator[News]:
    """The same, for a verb that holds the lock already."""
    workspace = site.workspace(run.workspace)
    if workspace.state != "ours":
        raise gone(site, run)
    files = site.unapplied(run)
    parts = touched(site.found.lab, files)
    if not files:
        yield Said("Nothing has changed since the system last read the workspace.")
        yield Applied((), ())
        return
    for problem in misspelt(workspace.place, files):
        yield Misspelt(problem)
    workspace.make_readable()
    seen, now = workspace.fingerprints(), site.now()
    site.file.update(lambda old: replace(old, applied=seen, applied_at=now))
    yield from _restarted(site, run, running, parts)
    yield Applied(tuple(files), tuple(parts))
    yield from _dead(site, replace(run, applied_at=now), running, parts)


def _restarted(site: Site, run: Run, running: Running, parts: Sequence[str]) -> Iterator[News]:
    """Restart them. That one does not come back may be the learner's doing, so its log is asked before the engine."""
    engine = site.engine(run.engine)
    try:
        with closed(engine.apply(running, parts)) as stream:
            yield from stream
    except MachineError:
        if not _blamed(site, run, running, parts):
            raise


def _dead(site: Site, run: Run, running: Running, parts: Sequence[str]) -> Iterator[News]:
    """Parts that died of the edits, and parts that run on without them."""
    for part, why in _blamed(site, run, running, parts).items():
        yield Died(part, str(why), (Evidence(f"log of {part}", why.text),))
    for part, why in _blamed(site, run, running, parts, refused).items():
        yield Said(f"{part} goes on with the configuration it had: {why}", "warning")


def _blamed(
    site: Site, run: Run, running: Running, parts: Sequence[str], look: Callable[..., dict[str, Blame]] = died
) -> dict[str, Blame]:
    inspector = site.engine(run.engine).inspector(running)
    try:
        return look(inspector, parts, mounts(site.found.lab, run.workspace), run.applied_at)
    except CannotLook:
        return {}


def gone(site: Site, run: Run) -> MachineError:
    """What to say when the workspace is not there any more."""
    return MachineError(
        f"The workspace {run.workspace} is gone or damaged.", f"Make it anew: tutor lab reset {site.id}"
    )
