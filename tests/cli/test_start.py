"""Help, version, completion, doctor, authors' commands."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, ROOT, SMALL, Tutor
from tutor import __version__
from tutor.cli.tree import COMMANDS
from tutor.paths import DEFAULT_PACK, bundled_content, bundled_labs

NAMES = (
    *("recap", "quiz", "mock", "lab", "progress", "checklist", "tips", "plan", "suspended", "flags"),
    *("export", "import", "content", "doctor"),
)


def test_version_and_help(tutor: Tutor) -> None:
    """The version, every command with a sentence, and for each command every option with one."""
    assert tutor.ok("--version") == f"tutor {__version__}\n"
    output = tutor.ok("-h")
    assert all(f"  {name} " in output for name in NAMES)
    assert tutor.home.exists() is False


@pytest.mark.parametrize("name", NAMES)
def test_each_command_explains_itself(tutor: Tutor, name: str) -> None:
    """`tutor COMMAND --help` works without touching the learner's data."""
    assert tutor.ok(name, "--help").startswith(f"Usage: tutor {name}")
    assert tutor.home.exists() is False


def test_the_table_of_commands_is_true() -> None:
    """Each entry leads to a command, and every command file is in it."""
    assert tuple(COMMANDS) == NAMES
    for place in COMMANDS.values():
        assert hasattr(import_module(f"tutor.cli.{place.module}"), place.name)


def test_help_lists_commands_without_loading_them() -> None:
    """`tutor --help` loads no command, and none of the heavy packages; not even rich."""
    code = (
        "import sys\nfrom tutor.cli import main\nsys.argv = ['tutor', '--help']\n"
        "try:\n    main.run()\nfinally:\n    print(*sys.modules)"
    )
    done = subprocess.run([COMMAND[0], "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(done.stdout.split())
    heavy = {"textual", "docker", "httpx", "jinja2", "fsrs", "pydantic", "yaml", "rich", "sqlite3", "termaid"}
    assert loaded & {*heavy, "tutor.cli.quiz", "tutor.cli.mock"} == set()


def test_unknown_commands_are_usage_errors(tutor: Tutor) -> None:
    """Exit code 2 with the way to the help."""
    done = tutor.run("quizz")
    assert done.returncode == 2 and "No such command" in done.stderr


def _completed(tutor: Tutor, *words: str) -> list[str]:
    env = {"_TUTOR_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(("tutor", *words)), "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        COMMAND, capture_output=True, text=True, env={**tutor.env, **env}, cwd=ROOT, check=False, timeout=60
    )
    return done.stdout.split()


def test_completion(tutor: Tutor) -> None:
    """The shell completes commands, days, topics, kinds, and ids of questions, scenarios and tips."""
    assert _completed(tutor, "pro") == ["progress"]
    assert _completed(tutor, "quiz", "--day", "1") == ["1"]
    assert _completed(tutor, "quiz", "--kind", "s") == ["single", "spot"]
    assert _completed(tutor, "quiz", "--question", "small-s") == ["small-single", "small-spot"]
    assert _completed(tutor, "recap", "qu") == ["queues"]
    assert _completed(tutor, "mock", "sm") == ["small-talk"]
    assert _completed(tutor, "tips", "as") == ["ask-first"]


def test_completion_survives_a_missing_pack(tutor: Tutor) -> None:
    """Where there is no pack, nothing is offered and nothing fails."""
    tutor.env["TUTOR_CONTENT"] = str(tutor.home / "none")
    assert _completed(tutor, "mock", "sm") == []


def test_doctor(tutor: Tutor) -> None:
    """A sound machine is exit code 0, each finding a line, or JSON."""
    output = tutor.ok("doctor")
    assert "A small pack (2 topics, 8 questions, 1 scenario, 2 tips)" in output
    findings = {finding["name"]: finding for finding in tutor.json("doctor")}
    assert findings["progress store"]["ok"]
    labs = findings["labs"]
    wanted = ("Docker at", "as processes on this machine") if labs["ok"] else ("no engine to run them",)
    assert any(words in labs["note"] for words in wanted)
    assert findings["terminal"]["ok"] is False
    assert {"Python", "UTF-8", "free disk", "cache", "textual", "fsrs"} <= set(findings)


def test_doctor_names_events_that_cannot_be_read(tutor: Tutor) -> None:
    """An event without what its kind needs is left out of everything, and the doctor says which it is."""
    tutor.ok("suspended")
    row = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "2026-01-01T00:00:00+00:00", "reviewed", "small", "{}")
    with closing(sqlite3.connect(tutor.home / "progress.db")) as store, store:
        store.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row)
    assert f"left out as not readable: {row[0]}" in tutor.ok("doctor")


def test_doctor_without_a_pack_goes_on(tutor: Tutor) -> None:
    """A missing pack is one finding among the others; the exit code is 4."""
    done = tutor.run("doctor", TUTOR_CONTENT=str(tutor.home / "none"))
    assert done.returncode == 4
    assert "FAILS  content" in done.stdout and "ok     fsrs" in done.stdout


def test_authors_begin_and_check_a_pack(tutor: Tutor, tmp_path: Path) -> None:
    """A new pack passes lint and can be learned from at once; a folder in use is refused."""
    folder = tmp_path / "mine"
    tutor.ok("content", "new", str(folder))
    assert "no problems" in tutor.ok("content", "lint", str(folder))
    assert tutor.ok("--content", str(folder), "quiz", "--plain").startswith("\nQuestion 1 of")
    assert tutor.run("content", "new", str(folder)).returncode == 2


def test_lint_prints_places(tutor: Tutor) -> None:
    """Problems are printed as file:line on stdout, the count on stderr, and the exit code is 1."""
    done = tutor.run("content", "lint", str(SMALL))
    assert done.returncode == 1
    assert all(".yaml:" in line for line in done.stdout.splitlines())
    assert "problems in" in done.stderr


def test_lint_covers_labs(tutor: Tutor, tmp_path: Path) -> None:
    """Those that ship, with the pack that ships; and any folder that holds some, links to the current pack included."""
    shipped = tutor.run("content", "lint", TUTOR_CONTENT=str(bundled_content() / DEFAULT_PACK))
    assert "lab first-flight, lab forged-identity" in shipped.stdout + shipped.stderr
    lab = tmp_path / "labs" / "first-flight"
    shutil.copytree(bundled_labs() / "first-flight", lab)
    text = (lab / "lab.yaml").read_text(encoding="utf-8")
    (lab / "lab.yaml").write_text(text.replace("topic: day-48", "topic: day-99"), encoding="utf-8")
    for folder in (lab, tmp_path / "labs"):
        found = tutor.run("content", "lint", str(folder), TUTOR_CONTENT=str(bundled_content() / DEFAULT_PACK))
        assert found.returncode == 1
        assert "first-flight/lab.yaml:" in found.stdout and "day-99" in found.stdout
    (lab / "lab.yaml").write_text("steps: [", encoding="utf-8")
    found = tutor.run("content", "lint", str(lab))
    assert found.returncode == 1 and "lab.yaml:2: is not valid YAML" in found.stdout


def test_schemas(tutor: Tutor, tmp_path: Path) -> None:
    """Schemas are printed as one JSON object, or written one file each."""
    printed = json.loads(tutor.ok("content", "schema"))
    assert {"pack.schema.json", "lab.schema.json"} < set(printed)
    tutor.ok("content", "schema", str(tmp_path / "schemas"))
    assert (tmp_path / "schemas" / "pack.schema.json").is_file()


def test_on_a_terminal_the_quiz_opens_in_the_app_with_what_was_chosen(tutor: Tutor) -> None:
    """Without --plain the app takes up the sitting that the options describe."""
    with tutor.terminal("quiz", "--kind", "multi") as terminal:
        terminal.wait_for("make a cached answer stale")
        terminal.type("\x11")
        assert terminal.wait() == 0
    assert tutor.events("session-started")[0]["queue"] == ["small-multi"]
