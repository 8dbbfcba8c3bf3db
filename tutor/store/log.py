"""The append-only log of a learner's progress. Refuses to change or remove an event, and to open what it cannot trust.

Each append is one transaction that is on disk (`synchronous=FULL`) before the call returns, so an answer survives
`kill -9` and a power cut. Two processes may write at once; SQLite orders them. Beside the events lies a scratch table
of drafts (text that was typed but not yet given); it is no progress and nothing is derived from it.
"""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutor.errors import StoreError
from tutor.event import Event
from tutor.store.migrations import STEPS
from tutor.store.opening import connect, identity, prepare, reason
from tutor.store.rows import RESCUE, YEARS, Row, clean, from_row, is_id, new_id, rescued, to_json, to_row

_ROW = "SELECT id, at, kind, pack, body FROM events WHERE id = ?"
_ROWS = "SELECT id, at, kind, pack, body FROM events WHERE ? IS NULL OR pack = ? ORDER BY id"


class Log:
    """An open progress store."""

    def __init__(self, path: Path, now: Callable[[], datetime], steps: tuple[str, ...] = STEPS) -> None:
        """Open the store at `path`, making or migrating it when needed. A migration is preceded by a backup.

        Raises: StoreError when it cannot be opened, StoreTooNew when a newer program wrote it, StoreDamaged when it
        is not a database (the file is then set aside under another name and the message says where).
        """
        self.path = path
        self._now = now
        self._db = connect(path)
        try:
            self.backup = prepare(self._db, path, steps, now)
        except StoreError:
            self._db.close()
            raise
        self._identity = identity(path)

    def append(self, *news: tuple[str, str, Mapping[str, Any]]) -> list[Event]:
        """Write events given as (kind, pack, body), all or none; they are on disk when this returns.

        Their `at` is what the clock says; their ids sort after all that are here, whatever it says.

        Raises: StoreError when they cannot be written; ValueError when a body is not JSON data.
        """
        bodies = [json.loads(to_json(body)) for _, _, body in news]  # what is handed on is what a later run will read
        events = []
        with self._writing():
            last_id, at = self._last_id(), self._time()
            for (kind, pack, _), body in zip(news, bodies, strict=True):
                event = Event(new_id(at, last_id), at, kind, pack, body)
                row = to_row(event)
                self._db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row)
                self._check(row)
                events.append(event)
                last_id = event.id
        return events

    def events(self, pack: str | None = None) -> list[Event]:
        """Events in the order of their ids, which is the order they happened in; of one pack, or all.

        Raises: StoreError when the store cannot be read.
        """
        with self._translated(), _uncollected():
            return [from_row(*row) for row in self._db.execute(_ROWS, (pack, pack))]

    def rescue(self) -> tuple[list[Event], list[str]]:
        """Every event that can be read, and the ids of those that cannot because another program wrote into them.

        Raises: StoreError when the store as a whole cannot be read.
        """
        events, lost = [], []
        with self._translated(), self._raw():
            for row in self._db.execute(_ROWS, (None, None)):
                event = rescued(row)
                if event:
                    events.append(event)
                else:
                    lost.append(row[0].decode("utf-8", "replace"))
        return events, lost

    def foreign_writes(self) -> int:
        """A number that changes when another process, or another `Log`, has written; our own writes leave it alone.

        Raises: StoreError when the store cannot be read.
        """
        with self._translated():
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def merge(self, events: Iterable[Event]) -> int:
        """Add events of another log, all or none, leaving out those already here; returns how many were new.

        Raises: StoreError when they cannot be written, or when one says something else than the one of that id here.
        """
        new = 0
        rows = [to_row(event) for event in events]
        with self._writing():
            for row in rows:
                new += self._db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", row).rowcount
                self._check(row)
        return new

    def draft(self, name: str) -> str:
        """Text kept under `name`, or "" when there is none.

        Raises: StoreError when the store cannot be read.
        """
        with self._translated():
            row = self._db.execute("SELECT text FROM drafts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def keep_draft(self, name: str, text: str) -> None:
        """Keep `text` under `name`; an empty text forgets it.

        Raises: StoreError when it cannot be written.
        """
        with self._writing():
            if text:
                self._db.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?)", (name, clean(text)))
            else:
                self._db.execute("DELETE FROM drafts WHERE name = ?", (name,))

    def close(self) -> None:
        """Close the store."""
        self._db.close()

    def _last_id(self) -> str:
        """The greatest id of an event, passing over what another program wrote there; "" when there is none."""
        ids = self._db.execute("SELECT id FROM events ORDER BY id DESC")
        return next((id_ for (id_,) in ids if is_id(id_)), "")

    def _time(self) -> datetime:
        at = self._now().astimezone(UTC)
        if at.year not in YEARS:
            raise StoreError(f"The clock of this machine says {at:%Y-%m-%d}; nothing was written.", "Set it right.")
        return at

    def _check(self, row: Row) -> None:
        """Read back what was written: a trigger that another program left in the file may have swallowed it."""
        found = self._db.execute(_ROW, row[:1]).fetchone()
        if found is None:
            raise StoreError(
                f"The progress store {self.path} does not keep what is written to it: another program changed it.",
                RESCUE,
            )
        if found != row:
            raise StoreError(
                f"Event {row[0]} differs from the event of that id that is kept here; nothing was written.",
                "Events never change, so one of the two was edited. Make a new export.",
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all or nothing."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._still_there()
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk makes SQLite roll back by itself
                    self._db.execute("ROLLBACK")
                raise

    def _still_there(self) -> None:
        """Refuse to write into a file that nobody will find again."""
        if self._identity and identity(self.path) != self._identity:
            raise StoreError(
                f"The progress store {self.path} was moved or deleted while tutor was running; nothing was written.",
                "Put it back where it was, or start tutor again.",
            )

    @contextmanager
    def _raw(self) -> Iterator[None]:
        """Text comes as bytes, which may be anything."""
        self._db.text_factory = bytes
        try:
            yield
        finally:
            self._db.text_factory = str

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turns SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            hint = "Check that the disk is not full and that the folder can be written to."
            if "decode" in str(error):
                hint = RESCUE
            raise StoreError(f"The progress store {self.path} failed: {reason(self.path, error)}.", hint) from None


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: it would look through all events again and again, and find nothing.

    Not `gc.freeze`: what is frozen is not closed when the process ends, and the store would keep its `-wal` file.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
