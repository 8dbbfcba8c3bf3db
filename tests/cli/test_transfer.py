"""`tutor export json` and `tutor import`: two machines' progress, joined."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Tutor

SPOT = "2\n4\n4\n"


def test_two_machines_exchange_their_progress(tutor: Tutor, tmp_path: Path) -> None:
    """After exporting and importing both ways, both hold both answers; importing again adds nothing."""
    other = Tutor(tmp_path / "other")
    tutor.ok("quiz", "--plain", "--kind", "spot", typed=SPOT)
    other.ok("quiz", "--plain", "--kind", "multi", typed="a c\n4\n4\n")
    mine, theirs = tmp_path / "mine.json", tmp_path / "theirs.json"
    tutor.ok("export", "json", str(mine))
    theirs.write_text(other.ok("export", "json"), encoding="utf-8")
    assert "4 of them new" in tutor.run("import", str(theirs)).stderr
    assert "4 of them new" in other.run("import", str(mine)).stderr
    assert "0 of them new" in other.run("import", str(mine)).stderr
    assert sorted(tutor.ok("export", "json").splitlines()) == sorted(other.ok("export", "json").splitlines())
    assert tutor.json("progress")["unseen"] == 6


def test_an_export_does_not_overwrite(tutor: Tutor, tmp_path: Path) -> None:
    """A file that is there stays, unless --force is given."""
    target = tmp_path / "out.json"
    target.write_text("mine", encoding="utf-8")
    assert tutor.run("export", "json", str(target)).returncode == 2
    assert target.read_text(encoding="utf-8") == "mine"
    tutor.ok("export", "json", str(target), "--force")
    assert '"tutor-log"' in target.read_text(encoding="utf-8")
    assert tutor.run("export", "json", "/proc/nowhere.json").returncode in (2, 4)


@pytest.mark.parametrize("text", ["", "hello", '{"format": "tutor-log", "version": 1}\n{"id": 1}', "[" * 100_000])
def test_what_is_no_export_changes_nothing(tutor: Tutor, tmp_path: Path, text: str) -> None:
    """Exit code 2 and the line that is wrong; nothing is imported."""
    bad = tmp_path / "bad.json"
    bad.write_text(text, encoding="utf-8")
    done = tutor.run("import", str(bad))
    assert done.returncode == 2
    assert "bad.json" in done.stderr and "Traceback" not in done.stderr
    assert tutor.ok("export", "json").count("\n") == 1
    assert tutor.run("import", str(tmp_path / "missing.json")).returncode == 2


def test_an_export_rescues_what_can_be_read(tutor: Tutor, tmp_path: Path) -> None:
    """A row that another program broke is named on stderr with exit code 1; all the others are carried over."""
    tutor.ok("plan", "--interview", "2999-01-31")
    with closing(sqlite3.connect(tutor.home / "progress.db")) as db, db:
        db.execute("INSERT INTO events VALUES ('05BR0KEN000000000000000000', 'never', 'k', 'small', '{}')")
    assert tutor.run("progress").returncode == 5
    target = tmp_path / "out.json"
    done = tutor.run("export", "json", str(target))
    assert done.returncode == 1
    assert "05BR0KEN000000000000000000" in done.stderr and "fault" not in done.stderr
    other = Tutor(tmp_path / "other")
    assert "1 of them new" in other.run("import", str(target)).stderr
    assert other.json("progress")["interview"] == "2999-01-31"


def test_what_was_decided_before_a_fast_clock_is_imported_does_not_stick(tutor: Tutor, tmp_path: Path) -> None:
    """A date set on a machine whose clock runs years ahead is cleared by the next command here."""
    future = tmp_path / "future.json"
    event = (
        '{"at": "2150-01-01T00:00:00+00:00", "body": {"interview": "2999-01-31"}, '
        '"id": "055T0000000000000000000000", "kind": "planned", "pack": "small"}'
    )
    future.write_text(f'{{"format": "tutor-log", "version": 1}}\n{event}\n', encoding="utf-8")
    tutor.ok("import", str(future))
    assert tutor.json("progress")["interview"] == "2999-01-31"
    tutor.ok("plan", "--clear")
    assert tutor.json("progress")["interview"] is None
