"""The append-only log of a learner's progress. Refuses to change or remove an event, and to open what it cannot trust.

Each append is one transaction that is on disk (`synchronous=FULL`) before the call returns, so an answer survives
`kill -9` and a power cut. Two processes may write at once; SQLite orders them. Beside the events lies a scratch table
of drafts (text that was typed but not yet given); it is no progress and nothing is derived from it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutor.errors import StoreDamaged, StoreError, StoreTooNew
from tutor.store.migrations import STEPS

BUSY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `id` is a ULID, `at` is UTC, `body` is plain JSON data."""

    id: str
    at: datetime
    kind: str
    pack: str
    body: Mapping[str, Any]


class Log:
    """An open progress store."""

    def __init__(self, path: Path, now: Callable[[], datetime], steps: tuple[str, ...] = STEPS) -> None:
        """Open the store at `path`, making or migrating it when needed. A migration is preceded by a backup.

        Raises: StoreError when it cannot be opened, StoreTooNew when a newer program wrote it, StoreDamaged when it
        is not a database (the file is then set aside under another name and the message says where).
        """
        self.path = path
        self._now = now
        self._steps = steps
        self.backup: Path | None = None
        self._db = self._connect()
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise self._failure(error) from None
        except StoreError:
            self._db.close()
            raise

    def append(self, *news: tuple[str, str, Mapping[str, Any]]) -> list[Event]:
        """Write events given as (kind, pack, body), all or none; they are on disk when this returns.

        Raises: StoreError when they cannot be written.
        """
        at = self._now()
        events = [Event(_new_id(at), at, kind, pack, body) for kind, pack, body in news]
        self._write("INSERT INTO events VALUES (?, ?, ?, ?, ?)", [_row(event) for event in events])
        return events

    def events(self, pack: str | None = None, after: str = "") -> list[Event]:
        """Events in the order they happened; of one pack, or all; only those with an id above `after`.

        Raises: StoreError when the store cannot be read.
        """
        query = "SELECT id, at, kind, pack, body FROM events WHERE id > ? AND (? IS NULL OR pack = ?) ORDER BY at, id"
        with self._translated():
            rows = self._db.execute(query, (after, pack, pack)).fetchall()
        return [_event(*row) for row in rows]

    def merge(self, events: Iterable[Event]) -> int:
        """Add events of another log, leaving out those already here; returns how many were new.

        Raises: StoreError when they cannot be written.
        """
        before = self._count()
        self._write("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", [_row(event) for event in events])
        return self._count() - before

    def draft(self, name: str) -> str:
        """Text kept under `name`, or "" when there is none."""
        with self._translated():
            row = self._db.execute("SELECT text FROM drafts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def keep_draft(self, name: str, text: str) -> None:
        """Keep `text` under `name`; an empty text forgets it."""
        if text:
            self._write("INSERT OR REPLACE INTO drafts VALUES (?, ?)", [(name, text)])
        else:
            self._write("DELETE FROM drafts WHERE name = ?", [(name,)])

    def close(self) -> None:
        """Close the store."""
        self._db.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise StoreError(
                f"Progress cannot be kept in {self.path}: {reason}.",
                "Set TUTOR_HOME to a folder that you can write to.",
            ) from None

    def _prepare(self) -> None:
        done = self._db.execute("PRAGMA user_version").fetchone()[0]
        if done > len(self._steps):
            raise StoreTooNew(
                f"{self.path} was written by a newer tutor (version {done} of the store; this one knows"
                f" {len(self._steps)}).",
                "Update tutor, or set TUTOR_HOME to another folder.",
            )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if self._db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("integrity check failed")
        if done < len(self._steps):
            self._migrate(done)

    def _migrate(self, done: int) -> None:
        if done:
            self.backup = self._free_name(f"v{done}.backup")
            with closing(sqlite3.connect(self.backup)) as copy:
                self._db.backup(copy)
        self._db.execute("BEGIN EXCLUSIVE")
        try:
            done = self._db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
            for number, step in enumerate(self._steps[done:], done + 1):
                for statement in _statements(step):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {number}")
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._db.execute("ROLLBACK")
            raise

    def _failure(self, error: sqlite3.DatabaseError) -> StoreError:
        if isinstance(error, sqlite3.OperationalError):
            return StoreError(
                f"Progress cannot be kept in {self.path}: {error}.",
                "Set TUTOR_HOME to a folder that you can write to, or close the program that holds the file.",
            )
        aside = self._free_name("damaged")
        for suffix in ("-wal", "-shm"):
            beside = self.path.with_name(self.path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
        self.path.rename(aside)
        return StoreDamaged(
            f"The progress store was damaged ({error}); it is set aside, untouched, as {aside}.",
            "Start tutor again to begin a new one, then bring back an export with: tutor import FILE",
        )

    def _free_name(self, what: str) -> Path:
        stamp = f"{self._now():%Y%m%dT%H%M%S}"
        names = (
            f"{self.path.name}.{what}-{stamp}{tail}" for tail in ("", *(f"-{number}" for number in range(1, 1000)))
        )
        return next(path for name in names if not (path := self.path.with_name(name)).exists())

    def _count(self) -> int:
        with self._translated():
            return int(self._db.execute("SELECT count(*) FROM events").fetchone()[0])

    def _write(self, statement: str, rows: list[tuple[str, ...]]) -> None:
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(statement, rows)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def _translated(self) -> _Translated:
        return _Translated(self.path)


class _Translated:
    """Turns SQLite's errors into ours."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            hint = "Check that the disk is not full and that the folder can be written to."
            raise StoreError(f"The progress store {self.path} failed: {error}.", hint) from None


def _new_id(at: datetime) -> str:
    from ulid import ULID

    return str(ULID.from_datetime(at))


def _row(event: Event) -> tuple[str, ...]:
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return event.id, at, event.kind, event.pack, json.dumps(event.body, ensure_ascii=False, sort_keys=True)


def _event(id_: str, at: str, kind: str, pack: str, body: str) -> Event:
    return Event(id_, datetime.fromisoformat(at), kind, pack, json.loads(body))


def _statements(script: str) -> Iterable[str]:
    """Split a script into statements, keeping the `;` inside trigger bodies together."""
    part = ""
    for piece in script.split(";"):
        part += piece + ";"
        if sqlite3.complete_statement(part):
            if part.strip(" \n;"):
                yield part
            part = ""
