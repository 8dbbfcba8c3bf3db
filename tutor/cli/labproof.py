"""Runs proofs one after the other and prints their table last. Refuses to stop at the first that fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tutor.cli import start
from tutor.cli.labnews import narration, verdict
from tutor.cli.render import say, tell
from tutor.errors import TutorError
from tutor.labs import news
from tutor.labs.report import Row, table

if TYPE_CHECKING:
    from tutor.coach.labs import Labs


def proofs(labs: Labs, wanted: Sequence[tuple[str, str]]) -> bool:
    """Prove each (lab, engine); True when all of it held, and there was something to prove."""
    rows = []
    try:
        for lab, engine in wanted:
            rows.append(_one(labs, lab, engine))
    except KeyboardInterrupt:
        raise start.Interrupted("\nInterrupted; everything that was started is removed.") from None
    for line in table(rows):
        say(line)
    return bool(rows) and all(row.proved for row in rows)


def _one(labs: Labs, lab: str, engine: str) -> Row:
    row = Row(lab, engine)
    try:
        for piece in labs.proof(lab, engine):
            if isinstance(piece, Row):
                row = piece
            elif isinstance(piece, news.Reported):
                tell(verdict(piece.report, short=True))
            elif text := narration(piece):
                tell(text)
    except TutorError as error:
        return Row(lab, engine, problems=(error.message,))
    return row
