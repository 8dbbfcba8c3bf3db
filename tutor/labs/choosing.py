"""Chooses the engine for a lab and says why. Refuses engines that a lab does not support, and code of strangers
outside of containers.
"""

from __future__ import annotations

from collections.abc import Generator

from tutor.errors import MachineError, UsageError
from tutor.labs.engine.base import Engine, Obstacle, Plan
from tutor.labs.news import News, Said
from tutor.labs.site import Site

_ON_THE_HOST = ("local",)
"""Engines that run a lab's code as processes of the learner."""


def refuse_strangers(site: Site, engine: str = "") -> None:
    """Refuse a lab that would run code of its own on this machine without being trusted to.

    Raises: UsageError.
    """
    if site.found.trusted:
        return
    scripts = [check.id for check in site.found.lab.checks if check.kind == "script"]
    if scripts:
        what = f"The checks {', '.join(scripts)} of `{site.id}` run code that the lab brings."
    elif engine in _ON_THE_HOST:
        what = f"`{site.id}` brings code, and the engine `{engine}` would run it as you."
    else:
        return
    raise UsageError(f"{what} It does not ship with tutor.", f"Read it, then: tutor lab trust {site.id}")


def choose(site: Site, plan: Plan, wanted: str) -> Generator[News, None, Engine]:
    """Tell what would spoil it, and which engine it is; returns that engine.

    Raises: UsageError when the lab does not support what is wanted, MachineError when no engine can start it.
    """
    supported = site.found.lab.system.engines
    if wanted and wanted not in supported:
        note = site.found.lab.system.engine_note or ""
        raise UsageError(f"`{site.id}` does not run on the engine `{wanted}`. {note}".strip(), _runs_on(supported))
    names = [wanted] if wanted else [name for name in site.engines if name in supported]
    refused: list[tuple[str, list[Obstacle]]] = []
    for name in names:
        refuse_strangers(site, name)
        obstacles = list(site.engine(name).obstacles(plan))
        fatal = [one for one in obstacles if one.fatal]
        if not fatal:
            yield from obstacles
            yield Said(f"Engine: {name}." + "".join(f" ({other}: {why[0].what})" for other, why in refused))
            return site.engine(name)
        refused.append((name, fatal))
    raise _no_engine(site, refused)


def _no_engine(site: Site, refused: list[tuple[str, list[Obstacle]]]) -> MachineError:
    if not refused:
        system = site.found.lab.system
        return MachineError(
            f"`{site.id}` cannot run here: {_runs_on(system.engines)} {system.engine_note or ''}".strip(),
            "See: tutor doctor",
        )
    lines = [f"{name}: {one.what}" for name, obstacles in refused for one in obstacles]
    system = site.found.lab.system
    if system.engine_note:
        others = [name for name in site.engines if name not in system.engines]
        lines += [f"{name}: {system.engine_note}." for name in others]
    remedies = dict.fromkeys(one.remedy for _, obstacles in refused for one in obstacles)
    return MachineError(f"`{site.id}` cannot start.\n" + "\n".join(lines), "\n".join(remedies))


def _runs_on(engines: tuple[str, ...]) -> str:
    return f"It runs on {' or '.join(engines)}."
