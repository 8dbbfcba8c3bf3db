"""A file that was asked for is there whole, or what was there before is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.core import unprivileged
from tutor.cli import doctor
from tutor.cli.files import write
from tutor.errors import MachineError
from tutor.paths import HOME_VARIABLE

FULL = """
import resource, sys
from pathlib import Path
from tutor.cli.files import write
from tutor.errors import MachineError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write(Path(sys.argv[1]), "new" * 1000)
except MachineError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """When the new text does not fit, the old one is untouched and nothing lies beside it."""
    target = tmp_path / "out.json"
    target.write_text("old", encoding="utf-8")
    command = [sys.executable, "-c", FULL, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert f"{target} cannot be written" in done.stdout
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_replaced_where_it_lies(tmp_path: Path) -> None:
    """Permissions stay, a link stays a link, and a device is written to as it is."""
    target, link = tmp_path / "out.json", tmp_path / "link"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o640)
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink() and target.read_text(encoding="utf-8") == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    write(Path("/dev/null"), "gone")
    assert sorted(tmp_path.iterdir()) == [link, target]
    with pytest.raises(MachineError, match="cannot be written"):
        write(Path("/proc/nowhere.json"), "x")


@pytest.mark.parametrize("home", ["x" * 300, "~nobody-of-that-name", "closed"])
def test_the_doctor_looks_where_nothing_can_be_seen(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name too long, a home that nobody has, a folder that this user may not enter: each look is a finding."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o000)  # noqa: PTH101
        named = home if home.startswith("~") else f"{folder}/{home}"
        monkeypatch.setenv(HOME_VARIABLE, named)
        with unprivileged():
            found = [look() for look in (doctor._data_folder, doctor._disk, doctor._store, doctor._cache)]
    assert [finding.ok for finding in found[::2]] == [False, False]
    assert all(finding.note for finding in found)


def test_the_doctor_names_the_clients_that_lines_of_verdicts_begin_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are not here are a note, and no trouble of the machine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("curl", "redis-cli"):
        (tmp_path / name).touch(mode=0o755)
    found = doctor._clients()
    assert (found.ok, found.essential) == (False, False)
    assert "without psql the lines" in found.note
    (tmp_path / "psql").touch(mode=0o755)
    assert doctor._clients().ok
