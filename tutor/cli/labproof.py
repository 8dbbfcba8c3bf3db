"""Runs proofs, several at once when told to, and prints their table last. Refuses to stop at the first that fails."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from tutor.cli import start
from tutor.cli.labnews import narration, verdict
from tutor.cli.render import say, tell
from tutor.errors import TutorError
from tutor.labs import news
from tutor.labs.report import Row, table
from tutor.labs.site import closed

if TYPE_CHECKING:
    from tutor.coach.labs import Labs

PAUSE = 0.2


def wanted(labs: Labs, names: Sequence[str], engine: str) -> list[tuple[str, str]]:
    """Each (lab, engine) to prove: these labs or all, on this engine or on each that they run on. Those whose checks
    may wait longest come first: what begins last should not be what takes longest.

    Raises: UsageError when there is no lab of such a name.
    """
    from tutor.labs.looking import Rhythm

    chosen = [row.lab for row in labs.rows() if not names or row.lab.id in names]
    for unknown in set(names) - {one.id for one in chosen}:
        labs.open(unknown)  # raises with a suggestion
    chosen.sort(key=lambda one: -sum(Rhythm.of(check).span for check in one.checks))
    return [(one.id, on) for one in chosen for on in one.system.engines if engine in ("", on)]


def proofs(labs: Labs, pairs: Sequence[tuple[str, str]], jobs: int = 1, tries: int = 1) -> bool:
    """Prove each (lab, engine), `jobs` at once; True when all of it held, and there was something to prove.

    One that does not hold is tried again, up to `tries` times; the table says how often, and what was wrong before.
    """
    over = Event()
    with ThreadPoolExecutor(jobs) as pool, _ending(over):
        begun = [
            pool.submit(_tried, labs, lab, engine, _teller(lab, engine, jobs), over, tries) for lab, engine in pairs
        ]
        while wait(begun, PAUSE).not_done:
            pass  # a signal may interrupt another thread: what it asks for is done when this one wakes up
    rows = sorted((one.result() for one in begun), key=lambda row: (row.lab, row.engine))
    if over.is_set():
        raise start.Interrupted("Everything that was started is removed.")
    for line in table(rows):
        say(line)
    return bool(rows) and all(row.proved for row in rows)


@contextmanager
def _ending(over: Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end every proof, and nothing breaks off the removal that follows: half of it would stay."""

    def end(*_: object) -> None:
        if not over.is_set():
            over.set()
            tell("\nInterrupted; what was started is being removed.")

    before = [(number, signal.signal(number, end)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _tried(labs: Labs, lab: str, engine: str, told: Callable[[str], None], over: Event, tries: int) -> Row:
    row = _one(labs, lab, engine, told, over)
    while not row.proved and row.tries < tries and not over.is_set():
        told(f"{lab} on {engine}: once more")
        row = replace(_one(labs, lab, engine, told, over), tries=row.tries + 1, before=(*row.before, *row.problems))
    return row


def _teller(lab: str, engine: str, jobs: int) -> Callable[[str], None]:
    """What prints the narration of one proof; of several at once, each line says whose it is."""
    return tell if jobs == 1 else lambda text: tell(f"{lab} on {engine} | {text}")


def _one(labs: Labs, lab: str, engine: str, told: Callable[[str], None], over: Event) -> Row:
    row = Row(lab, engine)
    if over.is_set():
        return row
    try:
        with closed(labs.proof(lab, engine)) as proof:
            for piece in proof:
                if over.is_set():
                    break
                if isinstance(piece, Row):
                    row = piece
                elif isinstance(piece, news.Reported):
                    told(verdict(piece.report, short=True))
                elif text := narration(piece):
                    told(text)
    except TutorError as error:
        return Row(lab, engine, problems=(error.message,))
    return row
