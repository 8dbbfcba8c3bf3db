"""The learner's folder: made once, never lost, never left; and which parts read what is in it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core import unprivileged
from tests.labs.making import lab, small_lab, small_system, write_files
from tutor.errors import ContentError, MachineError, UsageError
from tutor.labs.parts import mounts, plan, touched
from tutor.labs.pristine import pristine
from tutor.labs.syntax import misspelt
from tutor.labs.workspace import MARK, Workspace

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
EDIT = ("services/orders", "config/gateway")
ANSWER = "services/orders/answer.py"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """What the small lab starts with."""
    return pristine(small_lab(tmp_path).folder, EDIT, small_system(tmp_path))


@pytest.fixture
def made(tmp_path: Path, files: dict[str, bytes]) -> Workspace:
    """The workspace of the small lab, as it starts."""
    workspace = Workspace(tmp_path / "data" / "workspace", "small-lab", EDIT)
    assert workspace.restore(files, NOW) is None
    return workspace


def _text(workspace: Workspace, name: str = ANSWER) -> str:
    return (workspace.place / name).read_text()


def _state(workspace: Workspace) -> str:
    return workspace.state


def test_it_starts_with_the_system_and_the_labs_own_files_over_it(made: Workspace) -> None:
    """Only folders to edit are there; the lab's file replaces the system's."""
    assert _text(made) == "ANSWER = 0\n"
    assert _text(made, "services/orders/deep/more.py") == "MORE = True\n"
    assert _text(made, "config/gateway/routes.yaml") == "routes: []\n"
    assert not (made.place / "services" / "users").exists()
    assert (made.state, made.edited()) == ("ours", [])


_KILLED = """
import os, sys
from pathlib import Path
from tests.labs.test_workspace import EDIT, NOW
from tutor.labs.workspace import Workspace
left, replace = [int(sys.argv[2])], Path.replace
def dying(self, target):
    if not left[0]:
        os._exit(9)
    left[0] -= 1
    return replace(self, target)
Path.replace = dying
Workspace(Path(sys.argv[1]), "small-lab", EDIT).restore(dict.fromkeys(sys.argv[3:], b"ANSWER = 0"), NOW)
"""


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_one_whose_making_was_killed_is_nobodys(number: int, tmp_path: Path, files: dict[str, bytes]) -> None:
    """At whatever moment: it is made whole by the next start, and removed by a stop, and what it left with it."""
    place = tmp_path / "data" / "workspace"
    names = [ANSWER, "config/gateway/routes.yaml"]
    code = [sys.executable, "-c", _KILLED, str(place), str(number), *names]
    root = Path(__file__).resolve().parents[2]
    for after in ("remove", "restore"):
        done = subprocess.run(code, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False)
        assert done.returncode == 9
        workspace = Workspace(place, "small-lab", EDIT)
        assert (workspace.state, len(list(place.rglob(".*.new")))) == ("absent", 1)
        if after == "remove":
            workspace.remove()
            assert not place.exists()
    assert workspace.restore(files, NOW) is None
    assert (workspace.state, workspace.edited()) == ("ours", [])
    workspace.remove()
    assert not place.exists()


def test_files_may_be_read_by_the_users_of_containers(tmp_path: Path, files: dict[str, bytes]) -> None:
    """Whatever the learner's umask says, also for files that they add."""
    old = os.umask(0o077)
    try:
        workspace = Workspace(tmp_path / "closed", "small-lab", EDIT)
        workspace.restore(files, NOW)
        write_files(workspace.place, {"services/orders/new/mine.py": ""})
        workspace.make_readable()
    finally:
        os.umask(old)
    for name in (ANSWER, "services/orders/new/mine.py"):
        path = workspace.place / name
        assert path.stat().st_mode & 0o044 == 0o044
        assert path.parent.stat().st_mode & 0o055 == 0o055


def test_what_was_edited_added_and_removed_is_named(made: Workspace) -> None:
    """Caches, hidden files and backups of editors are nobody's edits."""
    write_files(
        made.place, {ANSWER: "ANSWER = 5\n", "services/orders/mine.py": "", "services/orders/.answer.py.swp": "x"}
    )
    write_files(made.place, {"services/orders/__pycache__/a.pyc": "", "services/orders/answer.py~": ""})
    (made.place / "config/gateway/routes.yaml").unlink()
    assert made.edited() == ["config/gateway/routes.yaml", ANSWER, "services/orders/mine.py"]


def test_bringing_back_the_start_keeps_a_copy_of_the_edits(made: Workspace, files: dict[str, bytes]) -> None:
    """What was added is taken away, what was removed comes back, what lies beside the folders stays."""
    write_files(made.place, {ANSWER: "ANSWER = 5\n", "services/orders/mine.py": "MINE\n", "notes.txt": "hm"})
    (made.place / "config/gateway/routes.yaml").unlink()
    folder = (made.place / "services/orders").stat().st_ino
    backup = made.restore(files, NOW)
    assert backup == made.place.with_name("workspace-20260302-123000")
    assert (backup / ANSWER).read_text() == "ANSWER = 5\n"
    assert (backup / "services/orders/mine.py").read_text() == "MINE\n"
    assert (made.differing(files), made.edited(), _text(made, "notes.txt")) == ([], [], "hm")
    assert (made.place / "services/orders").stat().st_ino == folder
    write_files(made.place, {ANSWER: "ANSWER = 6\n"})
    again = made.restore(files, NOW)
    assert again == made.place.with_name("workspace-20260302-123000-2")
    assert made.restore(files, NOW) is None


def test_a_workspace_that_lost_a_folder_is_absent_and_nothing_of_the_rest_is_lost(
    made: Workspace, files: dict[str, bytes]
) -> None:
    """The learner, or a broken disk, has deleted one folder; the edits in the other one are backed up."""
    write_files(made.place, {ANSWER: "ANSWER = 5\n"})
    (made.place / "config/gateway/routes.yaml").unlink()
    (made.place / "config/gateway").rmdir()
    assert _state(made) == "absent"
    backup = made.restore(files, NOW)
    assert backup is not None
    assert (backup / ANSWER).read_text() == "ANSWER = 5\n"
    assert _state(made) == "ours"


def test_one_that_was_not_finished_is_made_again(made: Workspace, files: dict[str, bytes]) -> None:
    """A kill in the middle leaves something that is ours, and not whole."""
    mark = made.place / MARK
    mark.write_text(mark.read_text().replace('"complete": true', '"complete": false'))
    (made.place / ANSWER).unlink()
    assert made.state == "absent"
    made.restore(files, NOW)
    assert (made.state, _text(made)) == ("ours", "ANSWER = 0\n")


@pytest.mark.parametrize("mark", ["", "[]", '{"lab": "other-lab", "files": {}}', '{"lab": "small-lab"}'])
def test_what_is_not_ours_is_never_touched(mark: str, tmp_path: Path, files: dict[str, bytes]) -> None:
    """A folder with something in it, or the workspace of another lab, is refused and left as it is."""
    place = write_files(tmp_path / "thesis", {"chapter.txt": "one", MARK: mark})
    workspace = Workspace(place, "small-lab", EDIT)
    assert workspace.state == "foreign"
    with pytest.raises(UsageError, match="--workspace DIR"):
        workspace.restore(files, NOW)
    workspace.remove()
    assert sorted(path.name for path in place.iterdir()) == [MARK, "chapter.txt"]


def test_an_empty_folder_may_be_used(tmp_path: Path, files: dict[str, bytes]) -> None:
    """The learner may make it first."""
    (tmp_path / "mine").mkdir()
    workspace = Workspace(tmp_path / "mine", "small-lab", EDIT)
    workspace.restore(files, NOW)
    assert workspace.state == "ours"


def test_only_an_untouched_workspace_is_removed(made: Workspace) -> None:
    """One edit, or one file beside, and all of it stays."""
    for name in (ANSWER, "notes.txt", "services/mine.py"):
        before = (made.place / name).read_text() if (made.place / name).exists() else None
        write_files(made.place, {name: "mine"})
        made.remove()
        assert _text(made, name) == "mine"
        if before is None:
            (made.place / name).unlink()
        else:
            (made.place / name).write_text(before)
    write_files(made.place, {"endpoints.env": "GATEWAY=x\n"})
    made.remove()
    assert not made.place.exists()


def test_files_of_a_solution_are_laid_into_it(made: Workspace) -> None:
    """Only what differs is written, and named."""
    laid = made.lay({ANSWER: b"ANSWER = 1\n", "services/orders/__init__.py": b"", "services/orders/a/new.py": b"NEW\n"})
    assert laid == [ANSWER, "services/orders/a/new.py"]
    assert (_text(made), _text(made, "services/orders/a/new.py")) == ("ANSWER = 1\n", "NEW\n")


def test_another_version_of_the_lab_replaces_what_nobody_edited(made: Workspace, files: dict[str, bytes]) -> None:
    """What the learner edited is left and named; the rest is as the lab starts now, also the second time one looks."""
    assert made.follow(files) == []
    routes, more = "config/gateway/routes.yaml", "services/orders/deep/more.py"
    (made.place / ANSWER).write_text("ANSWER = 7\n")
    later = {**files, ANSWER: b"ANSWER = None\n", routes: b"routes: [all]\n", "services/orders/new.py": b"NEW = 1\n"}
    del later[more]
    assert made.follow(later) == [ANSWER]
    assert (_text(made), _text(made, routes), _text(made, "services/orders/new.py")) == (
        "ANSWER = 7\n", "routes: [all]\n", "NEW = 1\n",
    )  # fmt: skip
    assert not (made.place / more).exists()
    assert (made.state, made.edited(), made.follow(later)) == ("ours", [ANSWER], [])


def test_links_in_the_workspace_lead_nobody_out(made: Workspace, tmp_path: Path) -> None:
    """A linked file is replaced, what it pointed at is left; a linked folder is refused."""
    outside = write_files(tmp_path / "outside", {"answer.py": "SAFE\n", "deep/more.py": "SAFE\n"})
    (made.place / ANSWER).unlink()
    (made.place / ANSWER).symlink_to(outside / "answer.py")
    made.lay({ANSWER: b"ANSWER = 1\n"})
    assert (_text(made), (outside / "answer.py").read_text()) == ("ANSWER = 1\n", "SAFE\n")
    (made.place / "services/orders/away").symlink_to(outside)
    for name in ("services/orders/away/new.py", "services/orders/away/sub/new.py"):
        with pytest.raises(MachineError, match="leads out"):
            made.lay({name: b"x"})
    assert sorted(path.name for path in outside.iterdir()) == ["answer.py", "deep"]


def test_a_lab_may_not_start_with_files_that_the_learner_never_gets(tmp_path: Path) -> None:
    """Outside of the folders to edit, or in a folder that the system has not."""
    found, system = small_lab(tmp_path), small_system(tmp_path)
    with pytest.raises(ContentError, match="which the system has not"):
        pristine(found.folder, ("services/billing",), system)
    write_files(found.folder / "start", {"services/users/x.py": "", "README.md": ""})
    with pytest.raises(ContentError) as raised:
        pristine(found.folder, EDIT, system)
    assert len(raised.value.problems) == 2
    (found.folder / "start" / "config").symlink_to("/etc")
    with pytest.raises(ContentError, match="is a link"):
        pristine(found.folder, EDIT, system)


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, files: dict[str, bytes]) -> None:
    """No permission, or a file where a folder has to be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        Workspace(tmp_path / "file" / "workspace", "small-lab", EDIT).restore(files, NOW)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with unprivileged(), pytest.raises((MachineError, UsageError)):
        Workspace(closed / "workspace", "small-lab", EDIT).restore(files, NOW)


def test_stamps_change_when_a_file_is_saved(made: Workspace) -> None:
    """They cost a stat per file, and tell an edit from none."""
    before = made.stamps()
    assert made.stamps() == before
    write_files(made.place, {ANSWER: "ANSWER = 12345\n"})
    after = made.stamps()
    assert {name for name in after if after[name] != before.get(name)} == {ANSWER}


def test_syntax_is_looked_at_before_anything_runs(tmp_path: Path) -> None:
    """Python, YAML and JSON, each with the line; other files and files that are gone are passed over."""
    write_files(tmp_path, {"a.py": "x = 1\ndef f(:\n", "b.yaml": "a: 1\n b: 2\n", "c.json": "{", "d.conf": "((("})
    write_files(tmp_path, {"fine.py": "x = '\\d'\n", "fine.yml": "a: &b 1\nc: *b\nd: !Tag x\n", "fine.json": "{}"})
    (tmp_path / "e.py").write_bytes(b"\xff")
    names = ["a.py", "b.yaml", "c.json", "d.conf", "e.py", "fine.py", "fine.yml", "fine.json", "gone.py"]
    found = {problem.file.name: (problem.line, problem.what) for problem in misspelt(tmp_path, names)}
    assert set(found) == {"a.py", "b.yaml", "c.json", "e.py"}
    assert (found["a.py"][0], found["b.yaml"][0], found["c.json"][0]) == (2, 2, 1)
    assert "SyntaxError" in found["a.py"][1]
    assert "not UTF-8" in found["e.py"][1]


def test_a_changed_file_concerns_the_parts_that_read_it(tmp_path: Path) -> None:
    """Code its service, the chassis every service, configuration its reader; parts that the lab has not, never."""
    small = lab(edit=["services/orders", "services/chassis", "config/gateway"])
    assert touched(small, ["services/orders/a/b.py"]) == ["orders"]
    assert touched(small, ["services/chassis/x.py"]) == ["gateway", "users", "orders"]
    assert touched(small, ["config/gateway/routes.yaml", "services/orders/a.py"]) == ["gateway", "orders"]
    assert touched(small, ["config/prometheus/x.yml", "notes.txt", "services/payments/x.py"]) == []


def test_the_workspace_replaces_what_is_inside_the_parts(tmp_path: Path) -> None:
    """One mount per folder and part, the chassis into every service; the plan has them all."""
    small = lab(edit=["services/orders", "services/chassis", "config/gateway"])
    found = {(one.part, one.target, one.name, one.source) for one in mounts(small, tmp_path)}
    assert found == {
        ("orders", "code", "orders", tmp_path / "services/orders"),
        ("gateway", "code", "chassis", tmp_path / "services/chassis"),
        ("users", "code", "chassis", tmp_path / "services/chassis"),
        ("orders", "code", "chassis", tmp_path / "services/chassis"),
        ("gateway", "config", "gateway", tmp_path / "config/gateway"),
    }
    made = plan(small, tmp_path)
    assert (made.lab, made.parts, set(made.mounts)) == ("small-lab", small.system.parts, set(mounts(small, tmp_path)))
