"""Opens the database file of a store: makes it, migrates it, or says why not. Refuses to lose or overwrite anything.

A file that is no database is set aside under another name; one that belongs to another program, or to a newer tutor,
is left as it is. A migration is preceded by a backup.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tutor.errors import StoreDamaged, StoreError, StoreTooNew

BUSY_SECONDS = 10
"""How long to wait for another process that is writing."""

LEAST_FREE_BYTES = 256 * 1024
"""With less than this, SQLite finds no room for its log."""

_VAGUE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def connect(path: Path) -> sqlite3.Connection:
    """The database at `path`, not read yet.

    Raises: StoreError when there cannot be one.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, reason(path, error)) from None


def prepare(db: sqlite3.Connection, path: Path, steps: tuple[str, ...], now: Callable[[], datetime]) -> Path | None:
    """Bring the database to the shape of `steps` and make sure that it can be written; returns the backup, if any.

    Raises: StoreError when it cannot be used, StoreTooNew when a newer program wrote it, StoreDamaged when it is not
    a database any more (the file is then set aside, and `db` closed).
    """
    held = identity(path)
    try:
        return _prepared(db, path, steps, now)
    except sqlite3.Error as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
        db.close()
        if damaged:
            raise _set_aside(path, held, now, str(error)) from None
        raise _unusable(path, reason(path, error)) from None
    except OSError as error:
        raise _unusable(path, reason(path, error)) from None


def _prepared(db: sqlite3.Connection, path: Path, steps: tuple[str, ...], now: Callable[[], datetime]) -> Path | None:
    done = _version(db, path, steps)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    db.execute("BEGIN IMMEDIATE")
    try:
        backup = _migrate(db, path, steps, now) if done < len(steps) else None
        db.execute("DELETE FROM drafts WHERE name IS NULL")  # fails now, not after an answer, if the file is read-only
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return backup


def _version(db: sqlite3.Connection, path: Path, steps: tuple[str, ...]) -> int:
    """How many steps were taken."""
    query = "SELECT user_version, (SELECT count(*) FROM sqlite_schema), (SELECT count(*) FROM sqlite_schema WHERE name"
    done, tables, events = db.execute(f"{query} = 'events') FROM pragma_user_version").fetchone()
    if bool(done) != bool(tables) or bool(done) != bool(events):
        raise StoreError(
            f"{path} is a database of another program, not a progress store; it is left as it is.",
            "Move it away, or set TUTOR_HOME to another folder.",
        )
    if done > len(steps):
        raise StoreTooNew(
            f"{path} was written by a newer tutor (version {done} of the store; this one knows {len(steps)}).",
            "Update tutor, or set TUTOR_HOME to another folder.",
        )
    return int(done)


def _migrate(db: sqlite3.Connection, path: Path, steps: tuple[str, ...], now: Callable[[], datetime]) -> Path | None:
    done = _version(db, path, steps)  # again, inside the transaction: another process may have been faster
    backup = _back_up(path, done, now) if 0 < done < len(steps) else None
    for number, step in enumerate(steps[done:], done + 1):
        for statement in _statements(step):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {number}")
    return backup


def _back_up(path: Path, done: int, now: Callable[[], datetime]) -> Path:
    """Copy what is committed, over a second connection: the first one is inside its transaction."""
    backup = free_name(path, f"v{done}.backup", now())
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
    except sqlite3.Error:
        backup.unlink(missing_ok=True)
        raise
    return backup


def free_name(path: Path, what: str, at: datetime) -> Path:
    """A name beside `path` that is not taken."""
    stamp = f"{path.name}.{what}-{at:%Y%m%dT%H%M%S}"
    names = (f"{stamp}{tail}" for tail in ("", *(f"-{number}" for number in range(1, 1000))))
    return next(place for name in names if not (place := path.with_name(name)).exists())


def _set_aside(path: Path, held: tuple[int, int] | None, now: Callable[[], datetime], reason: str) -> StoreError:
    aside = free_name(path, "damaged", now())
    try:
        if identity(path) != held:
            return StoreError(f"{path} was damaged, and another tutor has dealt with it.", "Start tutor again.")
        for suffix in ("-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
        path.rename(aside)
    except OSError as error:
        return StoreDamaged(
            f"The progress store {path} is damaged ({reason}) and cannot be set aside: {error.strerror or error}.",
            "Move it away yourself, or set TUTOR_HOME to a folder that you can write to.",
        )
    return StoreDamaged(
        f"The progress store was damaged ({reason}); it is set aside, untouched, as {aside}.",
        "Start tutor again to begin a new one, then bring back an export with: tutor import FILE",
    )


def identity(path: Path) -> tuple[int, int] | None:
    """What tells the file at `path` from another that takes its name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def reason(path: Path, error: OSError | sqlite3.Error) -> str:
    """Why the store at `path` failed, in words that name the cause where SQLite only names the symptom."""
    text = getattr(error, "strerror", None) or str(error)
    if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _VAGUE:
        return text
    as_we_are = os.access in os.supports_effective_ids
    for place in (path.parent, path):
        if os.path.lexists(place) and not os.access(place, os.W_OK, effective_ids=as_we_are):
            return f"{place} cannot be written to"
    try:
        if shutil.disk_usage(path.parent).free < LEAST_FREE_BYTES:
            return "the disk is full"
    except OSError as cause:
        return cause.strerror or text
    return text


def _unusable(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"Progress cannot be kept in {path}: {reason}.",
        "Set TUTOR_HOME to a folder that you can write to, or close the program that holds the file.",
    )


def _statements(script: str) -> Iterable[str]:
    """Split a script into statements, keeping the `;` inside trigger bodies together."""
    part = ""
    for piece in script.split(";"):
        part += piece + ";"
        if sqlite3.complete_statement(part):
            if part.strip(" \n;"):
                yield part
            part = ""
