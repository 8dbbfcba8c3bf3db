"""A store is made, migrated, or left alone with a sentence; whatever is there is never lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.core import START, Clock, unprivileged
from tutor.errors import StoreDamaged, StoreError, StoreTooNew
from tutor.store import opening
from tutor.store.log import Log
from tutor.store.migrations import STEPS

LATER_STEPS = (
    *STEPS,
    "CREATE TABLE extra (a TEXT); CREATE INDEX at_kind ON events (kind);",
    "INSERT INTO extra VALUES ('a;b'); CREATE TRIGGER t AFTER INSERT ON extra BEGIN SELECT 1; SELECT 2; END;",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store lies."""
    return tmp_path / "progress.db"


def fill(path: Path, count: int = 3, steps: tuple[str, ...] = STEPS) -> None:
    """A store with some events."""
    log = Log(path, Clock(), steps)
    for number in range(count):
        log.append(("k", "p", {"n": number, "text": "x" * 500}))
    log.close()


def count(path: Path, steps: tuple[str, ...] = STEPS) -> int:
    """How many events can be read."""
    log = Log(path, Clock(), steps)
    found = len(log.events())
    log.close()
    return found


def names(path: Path) -> set[str]:
    """What lies beside the store."""
    return {other.name for other in path.parent.iterdir()}


@pytest.mark.parametrize("done", range(1, len(LATER_STEPS)))
def test_every_older_version_is_migrated_after_a_backup(done: int, path: Path) -> None:
    """From each older shape to the newest: events kept, and a backup that the older program can open."""
    fill(path, steps=LATER_STEPS[:done])
    log = Log(path, lambda: START, LATER_STEPS)
    assert len(log.events()) == 3
    assert log.backup == path.with_name(f"progress.db.v{done}.backup-20260302T120000")
    log.append(("k", "p", {}))
    log.close()
    assert count(log.backup, LATER_STEPS[:done]) == 3
    again = Log(path, Clock(), LATER_STEPS)
    assert again.backup is None
    again.close()


def test_a_new_store_needs_no_backup(path: Path) -> None:
    """Making the first store takes all steps and leaves nothing beside it."""
    fill(path, steps=LATER_STEPS)
    assert names(path) == {"progress.db"}


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    """All steps or none: a step that breaks leaves the store at its version, events included."""
    fill(path)
    with pytest.raises(StoreError, match="nonsense"):
        Log(path, Clock(), (*LATER_STEPS, "CREATE TABLE half (a TEXT); nonsense;"))
    assert count(path) == 3
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('extra', 'half')").fetchone() == (0,)


def test_a_newer_store_is_refused_and_left_as_it_is(path: Path) -> None:
    """A store of a newer tutor is not touched, not even set aside."""
    fill(path, steps=LATER_STEPS)
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match=r"version 3 .* knows 1"):
        Log(path, Clock())
    assert path.read_bytes() == before
    assert names(path) == {"progress.db"}


def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    """With or without a version of its own, a foreign database gets no tables of ours."""
    for version in (0, 1, 7):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE theirs (a)")
            db.execute(f"PRAGMA user_version = {version}")
        before = path.read_bytes()
        with pytest.raises(StoreError, match="another program"):
            Log(path, Clock())
        assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """Zero bytes hold nothing to lose, and are what SQLite itself leaves before the first write."""
    path.touch()
    fill(path)
    assert count(path) == 3


def broken_pages(data: bytes) -> bytes:
    """A right header, and rubbish where the tables are."""
    return data[:4096] + b"\xa5" * (len(data) - 4096)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\x00" * len(data),
        lambda data: os.urandom(len(data)),
        lambda data: b"#!/bin/sh\necho hello\n" * 50,
        lambda data: b"xy",
        lambda data: data[:100],
        lambda data: data[: len(data) // 2],
        broken_pages,
    ],
    ids=["zeros", "random", "text", "two bytes", "header only", "cut in half", "broken pages"],
)
def test_a_damaged_file_is_set_aside_untouched(damage: object, path: Path) -> None:
    """It is renamed, byte for byte; the message says where; the next start begins a new store beside it."""
    fill(path, 60)
    data = damage(path.read_bytes())  # type: ignore[operator]
    path.write_bytes(data)
    with pytest.raises(StoreDamaged) as caught:
        Log(path, lambda: START)
    aside = path.with_name("progress.db.damaged-20260302T120000")
    assert str(aside) in caught.value.message
    assert "tutor import" in caught.value.hint
    assert aside.read_bytes() == data
    assert names(path) == {aside.name}
    fill(path)
    assert count(path) == 3


def test_a_second_damaged_file_does_not_replace_the_first(path: Path) -> None:
    """Two in one second get two names."""
    for text in (b"one" * 1000, b"two" * 1000):
        path.write_bytes(text)
        with pytest.raises(StoreDamaged):
            Log(path, lambda: START)
    first = path.with_name("progress.db.damaged-20260302T120000")
    assert first.read_bytes() == b"one" * 1000
    assert first.with_name(f"{first.name}-1").read_bytes() == b"two" * 1000


def test_a_file_that_another_tutor_replaced_is_not_set_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the damage was dealt with between our reading and our renaming, the new store stays where it is."""
    path.write_bytes(b"rubbish" * 1000)
    read = opening._prepared

    def slowly(*args: Any) -> Path | None:
        try:
            return read(*args)
        except sqlite3.DatabaseError:
            monkeypatch.undo()
            path.unlink()
            fill(path)
            raise

    monkeypatch.setattr(opening, "_prepared", slowly)
    with pytest.raises(StoreError, match="another tutor"):
        Log(path, Clock())
    assert count(path) == 3


def test_a_folder_in_the_place_of_the_file(path: Path) -> None:
    """A directory called progress.db is a sentence, and stays."""
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be kept"):
        Log(path, Clock())
    assert path.is_dir()


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    """TUTOR_HOME pointing at a file is a sentence."""
    (tmp_path / "home").write_text("x")
    with pytest.raises(StoreError, match="TUTOR_HOME"):
        Log(tmp_path / "home" / "progress.db", Clock())


@pytest.mark.parametrize("name", ["a?b=c&mode=ro#x%20.db", "ö 🙂 'quoted\".db", "file:x.db", "new\nline.db", "-x.db"])
def test_odd_names_are_only_names(name: str, tmp_path: Path) -> None:
    """No character of a path means anything to the store."""
    fill(tmp_path / name)
    assert count(tmp_path / name) == 3
    assert names(tmp_path / name) == {name}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="tutor-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written(open_folder: Path) -> None:
    """No store, a whole store, and a damaged one in a read-only folder: a sentence each time, nothing changed."""
    folder = open_folder / "home"
    folder.mkdir()
    path = folder / "progress.db"
    for data in (None, "store", b"rubbish" * 1000):
        if data == "store":
            fill(path)
        elif isinstance(data, bytes):
            path.write_bytes(data)
        before = path.read_bytes() if path.exists() else None
        folder.chmod(0o555)
        with unprivileged(), pytest.raises(StoreError, match=str(path)):
            Log(path, Clock())
        folder.chmod(0o755)
        assert (path.read_bytes() if path.exists() else None) == before


def test_a_file_that_cannot_be_written_fails_before_the_first_answer(open_folder: Path) -> None:
    """A read-only file in a writable folder is refused when it is opened, not after something was typed."""
    path = open_folder / "progress.db"
    fill(path)
    path.chmod(0o444)
    open_folder.chmod(0o777)
    with unprivileged(), pytest.raises(StoreError, match="TUTOR_HOME"):
        Log(path, Clock())
    assert count(path) == 3


def test_a_store_that_is_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program that holds the file is a sentence after some waiting; afterwards all is well."""
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    fill(path)
    log = Log(path, Clock())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            log.append(("k", "p", {}))
        with pytest.raises(StoreError, match="locked"):
            Log(path, Clock())
        assert len(log.events()) == 3
        other.execute("ROLLBACK")
    log.append(("k", "p", {}))
    assert len(log.events()) == 4
    log.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY])
def test_the_cause_is_named_where_sqlite_only_names_the_symptom(code: int, open_folder: Path) -> None:
    """A folder that cannot be written to is called that; without a cause to be seen, SQLite's own words stay."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    path = open_folder / "progress.db"
    assert opening.reason(path, error) == "disk I/O error"
    with unprivileged():
        said = opening.reason(path, error)
    assert said == f"{open_folder} cannot be written to"
