"""Starts a lab, finds it again, brings back its start. Refuses to leave half of anything: whatever ends a
verb early, what it made is undone now, or by the next verb, which sees in the run's file how far it came.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tutor.errors import MachineError
from tutor.labs import endpoints
from tutor.labs.accounts import Accounts, accounts_in
from tutor.labs.baseline import baseline
from tutor.labs.bridge import finished
from tutor.labs.check import CannotLook
from tutor.labs.choosing import choose, refuse_strangers
from tutor.labs.engine.base import Action, Engine, PartFacts, Running
from tutor.labs.news import Briefed, News, ResetDone, Said
from tutor.labs.parts import plan
from tutor.labs.run import Run
from tutor.labs.site import Site, closed, drained
from tutor.labs.stopping import handed_over, named, stop
from tutor.labs.workspace import Workspace

PATIENCE, PAUSE = 60.0, 0.2
"""Seconds until a part that was started again has to answer, and between two questions."""


def start(site: Site, engine: str = "", place: Path | None = None, instead: Site | None = None) -> Iterator[News]:
    """Start the lab, or find it again when it runs; the last value is `Briefed`. Closed before that, it is undone.

    `instead` is a lab that is stopped for it, and hands over what is slow to boot.

    Raises: MachineError, UsageError, ContentError with what is in the way.
    """
    refuse_strangers(site)
    with site.busy("start"):
        run, damage = site.kept()
        if damage:
            yield Said(damage, "warning")
        if run is not None and run.state == "running" and run.running is not None:
            if engine not in ("", run.engine):
                yield Said(f"It runs on {run.engine}, and goes on there. For another engine, stop it first.", "warning")
            yield from _again(site, run, run.running)
            if instead is not None:
                yield from stop(instead)
            return
        if run is not None:
            yield Said(f"The last {'stop' if run.state == 'stopping' else 'start'} was cut off; tidying up first.")
            yield from site.engine(run.engine).down(run.project)
            site.file.remove()
            place = place or run.workspace
        yield from _fresh(site, engine, place, instead)


def _fresh(site: Site, wanted: str, place: Path | None, instead: Site | None) -> Iterator[News]:
    """Everything from nothing, or from what another lab hands over. The run's file is written before the engine is
    asked for anything.
    """
    workspace = site.workspace(place)
    engine = yield from choose(site, plan(site.found.lab, workspace.place), wanted)
    made = workspace.state != "ours"
    try:
        yield from _workspace(site, workspace)
        now = site.now()
        begun = Run(site.id, site.found.folder, engine.name, "", workspace.place, now, now)
        run = (yield from handed_over(site, begun, instead)) if instead else None
        renew = run is not None
        if run is None:
            run = yield from named(site, engine, begun)
        run, running = yield from _up(site, engine, run, renew)
        run = yield from _prepared(site, run, running)
    except BaseException:
        _undo(site, engine, workspace if made else None)
        raise
    yield Briefed(site.id, run.workspace, endpoints.endpoints(run, running), fresh=True)


def _workspace(site: Site, workspace: Workspace) -> Iterator[News]:
    """Make it; one that is there is the learner's, and is kept."""
    if workspace.state == "ours":
        if kept := workspace.follow(site.pristine):
            yield Said(
                f"The lab has changed since you edited {', '.join(kept)}, which is kept as it is. If that does not fit "
                f"together any more: tutor lab reset {site.id}",
                "warning",
            )
        if edited := workspace.edited():
            differ = "1 file differs" if len(edited) == 1 else f"{len(edited)} files differ"
            yield Said(
                f"Your workspace is kept as you left it: {differ} from the start, which `tutor lab reset {site.id}` "
                "brings back."
            )
    else:
        workspace.restore(site.pristine, site.now())
        yield Said(f"Workspace: {workspace.place}")
    workspace.make_readable()


def _up(site: Site, engine: Engine, run: Run, renew: bool = False) -> Generator[News, None, tuple[Run, Running]]:
    """Start the system, and note where it is and which files it has read."""
    workspace = site.workspace(run.workspace)
    files, now = workspace.fingerprints(), site.now()
    running: Running | None = None
    begin = engine.renew if renew else engine.up
    with closed(begin(plan(site.found.lab, run.workspace), run.project)) as stream:
        for told in stream:
            if isinstance(told, Running):
                running = told
            else:
                yield told
    if running is None:
        raise MachineError(f"The engine `{engine.name}` did not say where the system is.", "Start it again.")
    kept = running
    return site.file.update(lambda old: replace(old, running=kept, applied=files, applied_at=now)), running


def _prepared(site: Site, run: Run, running: Running) -> Generator[News, None, Run]:
    """Make the accounts, look at what checks will compare with, and call it running."""
    lab = site.found.lab
    accounts = Accounts(site.file, running.credentials)
    if {"gateway", "users"} <= set(lab.system.parts):
        yield from _accounts(site, run, running, accounts)
    seen, trouble = finished(lambda: baseline(lab.checks, site.reach(run, running), accounts))
    for sentence in trouble:
        yield Said(f"Nothing could be seen for a later comparison: {sentence}", "warning")
    run = site.file.update(lambda old: replace(old, baseline=seen, state="running"))
    endpoints.write(run.workspace, run, running)
    return run


def _accounts(site: Site, run: Run, running: Running, accounts: Accounts) -> Iterator[News]:
    """Those that the lab names, and a customer for the learner; one that cannot be made is made when it is needed."""
    named = accounts_in(site.found.lab.model_dump(by_alias=True)) | {"customer"}
    reach = site.reach(run, running)

    async def make() -> str:
        async with reach.open():
            for name in sorted(named - {"admin"}):
                try:
                    await accounts.ensure(reach, name)
                except CannotLook as trouble:
                    return str(trouble)
        return ""

    if trouble := finished(make):
        yield Said(f"There are no accounts yet: {trouble}. They are made as soon as a check needs them.", "warning")


def _undo(site: Site, engine: Engine, made: Workspace | None) -> None:
    """After a start that did not come to its end. Should this fail as well, the run's file tells the next verb."""
    with suppress(MachineError):
        if run := site.file.read():
            drained(engine.down(run.project))
        site.file.remove()
        if made is not None:
            made.remove()


def _again(site: Site, run: Run, running: Running) -> Iterator[News]:
    """The lab is in progress: find it, start what has stopped, undo what a killed check has left."""
    engine = site.engine(run.engine)
    workspace = site.workspace(run.workspace)
    if workspace.state != "ours":
        anew = f"make it anew: tutor lab reset {site.id}"
        yield Said(f"The workspace {workspace.place} is gone or damaged; {anew}", "warning")
    if not engine.find(run.project):
        yield Said("Its system is gone, and its data with it; starting it anew.", "warning")
        run = site.file.update(lambda old: replace(old, accounts={}, captured={}, passed=(), faults=()))
        run, running = yield from _up(site, engine, run)
        run = yield from _prepared(site, run, running)
    else:
        yield from site.faults(running).undo(by="check")
        run, running = yield from _revived(site, run, running)
    if workspace.state == "ours":
        endpoints.write(run.workspace, run, running)
    yield Briefed(site.id, run.workspace, endpoints.endpoints(run, running), fresh=False)


def _revived(site: Site, run: Run, running: Running) -> Generator[News, None, tuple[Run, Running]]:
    """Start what has stopped, and what was paused or cut off, except where that is a fault of the learner's own."""
    wanted = _stopped(site, run, running)
    if not wanted:
        yield Said("It is running already.")
        return run, running
    parts = list(dict.fromkeys(part for part, _ in wanted))
    yield Said(f"{', '.join(parts)} {'does' if len(parts) == 1 else 'do'} not run; starting what has stopped.")
    engine = site.engine(run.engine)
    if any(remedy == "up" for _, remedy in wanted):
        run, running = yield from _up(site, engine, run)
        yield from site.faults(running).undo(by=None)
        return run, running
    for part, remedy in wanted:
        engine.act(running, Action(remedy, part))  # type: ignore[arg-type]
    for part in parts:
        for _ in range(int(PATIENCE / PAUSE)):
            if site.answers(part, running.addresses):
                break
            site.sleep(PAUSE)
    return run, running


def _stopped(site: Site, run: Run, running: Running) -> list[tuple[str, str]]:
    """The parts that do not run as they should, each with what brings it back."""
    hurt = {entry.part for entry in run.faults}
    inspector = site.engine(run.engine).inspector(running)
    found: dict[tuple[str, str], None] = {}
    for part in site.found.lab.system.parts:
        try:
            facts = inspector.facts(part) if part not in hurt else []
        except CannotLook as trouble:
            raise MachineError(f"The engine does not say how {part} is: {trouble}.", "See: tutor doctor") from None
        remedies = [_remedy(one) for one in facts] or ["" if part in hurt else "up"]
        found |= {(part, remedy): None for remedy in remedies if remedy}
    return list(found)


def _remedy(facts: PartFacts) -> str:
    """What brings an instance back; nothing when it runs."""
    if facts.inspect.get("networks") == []:
        return "connect"
    return {"running": "", "paused": "resume", "absent": "up"}.get(facts.state, "start")


def reset(site: Site) -> Iterator[News]:
    """Bring back the start: the workspace (a copy of it is kept), and fresh data. The last value is `ResetDone`.

    Raises: UsageError when the lab is not in progress, MachineError with what went wrong.
    """
    with site.busy("reset"):
        run = site.file.read()
        if run is None:
            site.run()  # says so
            return
        engine, workspace = site.engine(run.engine), site.workspace(run.workspace)
        backup = workspace.restore(site.pristine, site.now())
        workspace.make_readable()
        run = site.file.update(
            lambda old: replace(
                old, state="starting", started=site.now(), faults=(), accounts={}, steps=(), passed=(), captured={},
                found={}, told=(),
            )
        )  # fmt: skip
        yield Said("The workspace is as at the start." + (f" Your files are in {backup}." if backup else ""))
        run, running = yield from _up(site, engine, run, renew=True)
        yield from _prepared(site, run, running)
        yield ResetDone(site.id, backup)
