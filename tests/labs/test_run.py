"""What is kept of a lab in progress survives anything, and is never guessed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tutor.errors import MachineError
from tutor.labs.engine.base import Mount, Plan, Running
from tutor.labs.run import Account, Busy, Entry, Run, RunDamaged, RunFile, lock, project_name, projects_in_use

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _run(tmp_path: Path) -> Run:
    plan = Plan(
        "lab", ("orders",), {"orders": {"A": "b"}}, {"orders": 2}, (Mount("orders", tmp_path, "code", "orders"),)
    )
    running = Running("docker", "tutor-lab-1", plan, NOW, {"orders.http": "127.0.0.1:1"}, {"admin.password": "p"})
    return Run(
        lab="lab", folder=tmp_path, engine="docker", project="tutor-lab-1", workspace=tmp_path / "w", started=NOW,
        applied_at=NOW, state="running", running=running, applied={"a.py": "1"},
        accounts={"customer": Account("c@x.test", "password", "u1")},
        baseline={"check": {"value": 1, "rows": [{"a": None}]}},
        faults=(Entry("slow", "Slow", "orders", "check", {"http": "DELETE", "path": "/faults"}),),
        steps=("one",), passed=("check",), captured={"order": "o1", "number": 3}, found={"input": "text"},
        hints={"one": 2}, told=("x",), revealed=("one",), skipped=("one",),
    )  # fmt: skip


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Every field, by another process as well; the file is for its owner alone."""
    file, run = RunFile(tmp_path / "lab"), _run(tmp_path)
    assert file.read() is None
    file.write(run)
    assert RunFile(tmp_path / "lab").read() == run
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.home.iterdir()] == ["run.json"]


def test_what_a_killed_writer_has_left_goes_with_it(tmp_path: Path) -> None:
    """And nothing that somebody else calls new."""
    file = RunFile(tmp_path / "lab")
    file.write(_run(tmp_path))
    for name in (".run.json.4711.new", ".notes.new"):
        (file.home / name).touch()
    file.remove()
    assert [path.name for path in file.home.iterdir()] == [".notes.new"]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"version": 1}', b"\xff\xfe", b'{"version": "9"}'])
def test_a_damaged_file_is_set_aside_and_said(text: bytes, tmp_path: Path) -> None:
    """Nothing is overwritten, however often it happens, and the learner is told where it is."""
    file = RunFile(tmp_path / "lab")
    for number in (1, 2):
        file.home.mkdir(exist_ok=True)
        file.path.write_bytes(text)
        with pytest.raises(RunDamaged, match=rf"set aside as run\.json\.damaged-{number}"):
            file.read()
        assert (file.home / f"run.json.damaged-{number}").read_bytes() == text
    assert file.read() is None


def test_the_file_of_a_newer_tutor_is_left_alone(tmp_path: Path) -> None:
    """It is not damaged; it is not ours to read."""
    file = RunFile(tmp_path / "lab")
    file.home.mkdir()
    file.path.write_text('{"version": 2}')
    with pytest.raises(MachineError, match="newer tutor"):
        file.read()
    assert file.path.exists()


def test_what_cannot_be_written_or_read_is_a_sentence(tmp_path: Path) -> None:
    """A file where the folder should be, a folder where the file should be."""
    (tmp_path / "lab").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        RunFile(tmp_path / "lab").write(_run(tmp_path))
    (tmp_path / "other" / "run.json").mkdir(parents=True)
    with pytest.raises(MachineError, match="cannot be read"):
        RunFile(tmp_path / "other").read()


def test_two_who_change_it_at_once_both_succeed(tmp_path: Path) -> None:
    """No update is lost."""
    file = RunFile(tmp_path / "lab")
    file.write(_run(tmp_path))

    def count() -> None:
        for _ in range(20):
            RunFile(tmp_path / "lab").update(lambda run: replace(run, hints={"one": run.hints["one"] + 1}))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = file.read()
    assert found is not None
    assert found.hints == {"one": 62}


def test_what_is_not_in_progress_cannot_be_changed(tmp_path: Path) -> None:
    """Another process has stopped the lab meanwhile."""
    with pytest.raises(MachineError, match="not in progress"):
        RunFile(tmp_path / "lab").update(lambda run: run)


def test_a_lock_is_refused_kindly_and_names_its_holder(tmp_path: Path) -> None:
    """What the other one does, and in which process; when it is done nothing is left."""
    path = tmp_path / "lab.lock"
    with lock(path, "start"), pytest.raises(Busy, match=rf"`start` in process {os.getpid()}"), lock(path, "check"):
        pass
    assert not path.exists()
    with lock(path, "check"):
        pass


def test_a_lock_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    """When it becomes free meanwhile, it is taken."""
    path, pauses = tmp_path / "lab.lock", list[float]()
    held = lock(path, "start")
    held.__enter__()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            held.__exit__(None, None, None)

    with lock(path, "check", patience=1.0, sleep=pause):
        assert len(pauses) == 3


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    """Also when that was killed without a word."""
    path = tmp_path / "lab.lock"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom tutor.labs.run import lock\n"
        f"with lock(Path({str(path)!r}), 'start'):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=f"process {process.pid}"), lock(path, "check"):
            pass
        process.kill()
    with lock(path, "check"):
        pass


def test_projects_of_two_learners_differ(tmp_path: Path) -> None:
    """The name hides the place of the data, and says no lab: one lab hands its system over to the next."""
    one, two = project_name(tmp_path / "a"), project_name(tmp_path / "b")
    assert one != two
    assert one.startswith("tutor-shop-")
    assert one == project_name(tmp_path / "x" / ".." / "a")
    assert project_name(tmp_path / "a", 2) == f"{one}-2"


def test_systems_in_use_are_those_that_some_run_names(tmp_path: Path) -> None:
    """Whatever else lies there, damaged files included, names none."""
    for lab, text in (("one", '{"project": "p1"}'), ("two", "{"), ("three", "[1]"), ("four", '{"project": "p4"}')):
        (tmp_path / lab).mkdir()
        (tmp_path / lab / "run.json").write_text(text)
    assert projects_in_use(tmp_path) == {"p1", "p4"}
    assert projects_in_use(tmp_path / "nowhere") == set()
