"""The append-only log of a learner's progress. Refuses to change or remove an event, and to open what it cannot trust.

Each append is one transaction that is on disk (`synchronous=FULL`) before the call returns, so an answer survives
`kill -9` and a power cut. Two processes may write at once; SQLite orders them. Beside the events lies a scratch table
of drafts (text that was typed but not yet given); it is no progress and nothing is derived from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tutor.errors import StoreError
from tutor.event import Event
from tutor.store.migrations import STEPS
from tutor.store.opening import connect, prepare
from tutor.store.rows import clean, from_row, new_id, to_json, to_row

CLOCK_STEP = timedelta(hours=1)
"""A clock set back by no more than this does not put a new event before the last one."""


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

    def append(self, *news: tuple[str, str, Mapping[str, Any]]) -> list[Event]:
        """Write events given as (kind, pack, body), all or none; they are on disk when this returns.

        Raises: StoreError when they cannot be written; ValueError when a body is not JSON data.
        """
        bodies = [json.loads(to_json(body)) for _, _, body in news]  # what is handed on is what a later run will read
        events = []
        with self._writing():
            last_id, at = self._after_last()
            for (kind, pack, _), body in zip(news, bodies, strict=True):
                event = Event(new_id(at, last_id), at, kind, pack, body)
                self._db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", to_row(event))
                events.append(event)
                last_id = event.id
        return events

    def events(self, pack: str | None = None) -> list[Event]:
        """Events in the order they happened; of one pack, or all.

        Raises: StoreError when the store cannot be read.
        """
        query = "SELECT id, at, kind, pack, body FROM events WHERE ? IS NULL OR pack = ? ORDER BY at, id"
        with self._translated():
            rows = self._db.execute(query, (pack, pack)).fetchall()
        return [from_row(*row) for row in rows]

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
        known = "SELECT id, at, kind, pack, body FROM events WHERE id = ?"
        with self._writing():
            for row in rows:
                new += self._db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", row).rowcount
                if self._db.execute(known, row[:1]).fetchone() != row:
                    raise StoreError(
                        f"Event {row[0]} differs from the event of that id that is kept here; nothing was imported.",
                        "Events never change, so one of the two was edited. Make a new export.",
                    )
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

    def _after_last(self) -> tuple[str, datetime]:
        """The id of the last event, and the time of the next: now, unless the clock was set back a little."""
        now = self._now().astimezone(UTC)
        row = self._db.execute("SELECT id, at FROM events ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            return "", now
        last = datetime.fromisoformat(row[1])
        return row[0], last if timedelta(0) < last - now <= CLOCK_STEP else now

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all or nothing."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk makes SQLite roll back by itself
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turns SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            hint = "Check that the disk is not full and that the folder can be written to."
            raise StoreError(f"The progress store {self.path} failed: {error}.", hint) from None
