"""`tutor doctor`: what this machine has and lacks. Refuses to stop at the first trouble, or to repair anything."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from tutor import __version__, paths
from tutor.cli import start
from tutor.cli.render import counted, fields, say, say_json, table, utf8
from tutor.errors import Exit, TutorError

LIBRARIES = ("typer", "textual", "rich", "pydantic", "pyyaml", "fsrs", "rapidfuzz", "termaid", "jinja2", "python-ulid")
CLIENTS = ("curl", "psql", "redis-cli")
"""What the command lines below a verdict of a lab begin with."""

LEAST_FREE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `essential` ones make the doctor's answer no when they are not `ok`."""

    name: str
    ok: bool
    note: str
    essential: bool = False


def doctor(ctx: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at this machine: terminal, progress store, content, libraries."""
    looks: list[Callable[[], Finding]] = [
        _python, _terminal, _colors, _encoding, _data_folder, _disk, _store, partial(_content, ctx),
        partial(_events, ctx), _cache,
        *(partial(_library, name) for name in LIBRARIES), _labs, _clients,
    ]  # fmt: skip
    findings = [look() for look in looks]
    if json:
        say_json([fields(finding) for finding in findings])
    else:
        marks = {(True, True): "ok", (True, False): "ok", (False, True): "FAILS", (False, False): "note"}
        say(table(("", "WHAT", "FOUND"), [(marks[f.ok, f.essential], f.name, f.note) for f in findings]))
    if any(finding.essential and not finding.ok for finding in findings):
        raise typer.Exit(Exit.ENVIRONMENT)


def _python() -> Finding:
    note = f"{platform.python_version()} on {platform.system()} {platform.machine()}, tutor {__version__}"
    return Finding("Python", sys.version_info >= (3, 11), note, essential=True)


def _terminal() -> Finding:
    size = shutil.get_terminal_size()
    fits = start.on_terminal() and start.big_enough()
    kind = f"{size.columns}x{size.lines}" if start.on_terminal() else "none (a pipe, or TERM=dumb)"
    return Finding("terminal", fits, kind if fits else f"{kind}; the app does not fit, use: tutor quiz --plain")


def _colors() -> Finding:
    if os.environ.get("NO_COLOR"):
        return Finding("colors", True, "off, because NO_COLOR is set")
    depth = os.environ.get("COLORTERM") or os.environ.get("TERM") or "unknown"
    return Finding("colors", True, depth)


def _encoding() -> Finding:
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    note = encoding if utf8() else f"{encoding}; drawings and marks are plain ASCII"
    return Finding("UTF-8", utf8(), note)


def _data_folder() -> Finding:
    import tempfile

    try:
        folder = paths.data_dir()
    except TutorError as error:
        return Finding("data folder", False, _line(error), essential=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return Finding("data folder", False, f"{folder}: {why}; set TUTOR_HOME", essential=True)
    return Finding("data folder", True, str(folder), essential=True)


def _disk() -> Finding:
    try:
        folder = paths.data_dir().absolute()
        free = shutil.disk_usage(next(place for place in (folder, *folder.parents) if os.path.isdir(place))).free  # noqa: PTH112
    except (OSError, TutorError) as error:
        return Finding("free disk", False, _line(error))
    return Finding("free disk", free >= LEAST_FREE_BYTES, f"{free / 1024**2:,.0f} MiB", essential=True)


def _store() -> Finding:
    from tutor.store.migrations import STEPS

    try:
        log = start.log()
        count = len(log.events())
    except TutorError as error:
        return Finding("progress store", False, _line(error), essential=True)
    note = f"{paths.store_file()}, version {len(STEPS)}, {counted(count, 'event')}"
    return Finding("progress store", True, note, essential=True)


def _content(ctx: typer.Context) -> Finding:
    try:
        library = start.library(ctx)
    except TutorError as error:
        return Finding("content", False, _line(error), essential=True)
    index = library.index
    counts = (
        counted(len(index.topics), "topic"),
        counted(len(index.entries), "question"),
        counted(len(index.scenarios), "scenario"),
        counted(len(index.tips), "tip"),
    )
    return Finding("content", True, f"{index.title} ({', '.join(counts)}), {library.folder}", essential=True)


def _events(ctx: typer.Context) -> Finding:
    try:
        coach = start.coach(ctx)
        known = len(coach.events)
    except TutorError as error:
        return Finding("your answers", False, _line(error))
    if coach.unreadable:
        return Finding("your answers", False, f"left out as not readable: {', '.join(coach.unreadable)}")
    return Finding("your answers", True, f"all of {counted(known, 'event')} on this pack can be read")


def _cache() -> Finding:
    try:
        folder = paths.cache_dir()
        usable = folder.is_dir()
    except (OSError, TutorError) as error:
        return Finding("cache", True, f"{_line(error).rstrip('.')}; starting takes longer")
    return Finding("cache", True, str(folder) if usable else f"{folder} cannot be used; starting takes longer")


def _library(name: str) -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Finding(name, True, version(name), essential=True)
    except PackageNotFoundError:
        return Finding(name, False, "not installed; install tutor again", essential=True)


def _labs() -> Finding:
    from tutor.labs.engine.endpoint import find

    there = counted(len(paths.lab_ids()), "lab")
    try:
        engine = find()
    except TutorError as error:
        return _without_docker(there, _line(error))
    compose = ".".join(map(str, engine.compose))
    return Finding("labs", True, f"{there}; Docker at {engine.host} ({engine.source}), Compose {compose}")


def _without_docker(there: str, why: str) -> Finding:
    from tutor.labs.engine.local.dependencies import SIZE, Dependencies

    dependencies = Dependencies(paths.cache_dir(), paths.system_dir())
    if os.name == "nt":
        return Finding("labs", False, f"{there}; {why} Labs without Docker need Linux or macOS")
    if lacking := dependencies.lacking():
        return Finding("labs", False, f"{there}; {why} Labs as processes: {lacking}")
    packages = "their packages are here" if dependencies.python() else f"the first start installs packages ({SIZE})"
    return Finding("labs", True, f"{there}, as processes on this machine; {packages}. {why}")


def _clients() -> Finding:
    lacking = [name for name in CLIENTS if not shutil.which(name)]
    if not lacking:
        return Finding("clients for labs", True, ", ".join(CLIENTS))
    note = (
        f"without {', '.join(lacking)} the lines below a verdict that begin so cannot be run; checks need none of them"
    )
    return Finding("clients for labs", False, note)


def _line(error: TutorError | OSError) -> str:
    """An error on one line."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return " ".join(str(error).split("\n"))
