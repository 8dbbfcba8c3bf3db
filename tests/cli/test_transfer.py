"""`tutor export json` and `tutor import`: two machines' progress, joined."""

from __future__ import annotations

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
