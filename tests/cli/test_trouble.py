"""Machines that lack something, stores and packs that are broken: a sentence and the documented exit code."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, ROOT, SMALL, Tutor
from tests.terminal import Terminal


def test_a_data_folder_that_cannot_be_made(tutor: Tutor, tmp_path: Path) -> None:
    """A path below a file is exit code 5 with what to do; the doctor says it and exits with 4."""
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    done = tutor.run("quiz", "--plain", TUTOR_HOME=str(blocker / "home"))
    assert done.returncode == 5
    assert "Set TUTOR_HOME" in done.stderr and "Traceback" not in done.stderr
    doctor = tutor.run("doctor", TUTOR_HOME=str(blocker / "home"))
    assert doctor.returncode == 4
    assert "FAILS  data folder" in doctor.stdout and "FAILS  progress store" in doctor.stdout


def test_a_damaged_store_is_set_aside(tutor: Tutor) -> None:
    """Exit code 5 and where the damaged file is; the next start begins anew."""
    tutor.ok("plan", "--interview", "2999-01-31")
    store = tutor.home / "progress.db"
    store.write_bytes(b"this is no database, but long enough to be read as one" * 100)
    done = tutor.run("progress")
    assert done.returncode == 5
    assert "set aside" in done.stderr and "Traceback" not in done.stderr
    assert [path for path in tutor.home.iterdir() if "damaged" in path.name]
    assert tutor.json("progress")["interview"] is None


def test_a_store_of_a_newer_tutor_is_left_alone(tutor: Tutor) -> None:
    """Exit code 5, and not a byte of it changed."""
    tutor.ok("plan", "--interview", "2999-01-31")
    store = tutor.home / "progress.db"
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA user_version = 999")
        db.commit()
    before = store.read_bytes()
    done = tutor.run("quiz", "--plain")
    assert done.returncode == 5
    assert "newer tutor" in done.stderr
    assert store.read_bytes() == before


def test_a_broken_pack_shows_every_problem(tutor: Tutor, tmp_path: Path) -> None:
    """Exit code 3 with each problem as file:line, whichever command is run."""
    pack = tmp_path / "pack"
    shutil.copytree(SMALL, pack)
    questions = pack / "questions" / "all.yaml"
    broken = questions.read_text(encoding="utf-8").replace("level: junior", "level: wizard")
    questions.write_text(broken.replace("topic: caches", "topc: caches", 1), encoding="utf-8")
    (pack / "tips.yaml").write_text("tips: [", encoding="utf-8")
    for arguments in (["quiz", "--plain"], ["recap"], ["progress"], ["checklist"]):
        done = tutor.run("--content", str(pack), *arguments)
        assert done.returncode == 3
        assert done.stderr.count("all.yaml:") >= 3 and "tips.yaml:" in done.stderr
        assert done.stdout == "" and "Traceback" not in done.stderr
    lint = tutor.run("content", "lint", str(pack))
    assert lint.returncode in (1, 3) and "wizard" in lint.stdout + lint.stderr


def test_a_missing_pack(tutor: Tutor, tmp_path: Path) -> None:
    """Exit code 2: there is no folder, or no pack in it; from the option and from the environment."""
    assert tutor.run("--content", str(tmp_path / "none"), "quiz", "--plain").returncode == 2
    done = tutor.run("recap", TUTOR_CONTENT=str(tmp_path))
    assert done.returncode == 2
    assert "holds no pack.yaml" in done.stderr


def test_two_tutors_at_once(tutor: Tutor) -> None:
    """Two sittings answered at the same time both keep what was answered."""
    one = tutor.talk("quiz", "--plain", "--kind", "spot")
    two = tutor.talk("quiz", "--plain", "--kind", "multi")
    for talk, answer in ((one, "2"), (two, "a c")):
        talk.wait_for("> ")
        talk.type(answer, "4")
    for talk in (two, one):
        talk.wait_for("How was it?")
        talk.type("")
        assert talk.end()[0] == 0
    assert {review["question"] for review in tutor.events("reviewed")} == {"small-spot", "small-multi"}


LATIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}


@pytest.mark.parametrize("env", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, LATIN])
def test_terminals_without_utf8_get_ascii(tutor: Tutor, env: dict[str, str]) -> None:
    """Drawings and dashes come out in ASCII, and typing anything works."""
    output = tutor.ok("recap", "1", **env)
    assert output.isascii()
    assert "| Producer |" in output and "in order - several" in output
    typed = tutor.run("quiz", "--plain", "--kind", "open", typed="na\u00efve \u2192\n.\n3\n\n\n", **env)
    assert typed.returncode == 0 and "Traceback" not in typed.stderr
    assert typed.stdout.isascii()


@pytest.mark.parametrize("arguments", [["recap", "1"], ["quiz", "--plain"], ["progress"], ["--help"], ["nonsense"]])
def test_pipes_get_no_escape_codes(tutor: Tutor, arguments: list[str]) -> None:
    """Into a pipe, with and without NO_COLOR, not one escape character is written."""
    for env in ({}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}):
        done = tutor.run(*arguments, **env)
        assert "\x1b" not in done.stdout + done.stderr


def test_packs_cannot_steer_the_terminal(tutor: Tutor, tmp_path: Path) -> None:
    """Control characters in content never reach the screen."""
    pack = tmp_path / "pack"
    shutil.copytree(SMALL, pack)
    recap = pack / "recap" / "queues.yaml"
    text = recap.read_text(encoding="utf-8")
    recap.write_text(text.replace("title: Ordering", 'title: "Ord\\e[2Jering"'), encoding="utf-8")
    assert "\x1b" not in tutor.run("--content", str(pack), "recap", "1").stdout


def test_a_reader_that_stops_reading(tutor: Tutor) -> None:
    """`tutor recap 1 | head -1` ends quietly, nothing on stderr."""
    process = subprocess.Popen(
        [*COMMAND, "export", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=tutor.env, cwd=ROOT
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), errors) == (0, b"")


def test_a_dumb_terminal_gets_lines(tutor: Tutor) -> None:
    """With TERM=dumb the quiz is asked in lines even on a terminal."""
    command = ["sh", "-c", 'TERM=dumb exec "$@"', "sh", *COMMAND, "quiz", "--kind", "spot"]
    from tests.terminal import Terminal

    with Terminal(command, tutor.env, ROOT) as terminal:
        terminal.wait_for("Give the numbers of the faulty lines")
        assert b"\x1b" not in terminal.output


def test_the_app_needs_a_terminal_that_is_big_enough(tutor: Tutor) -> None:
    """In a pipe, and on a tiny terminal, `tutor` is exit code 4 with the way out."""
    piped = tutor.run()
    assert piped.returncode == 4
    assert "tutor quiz --plain" in piped.stderr
    with tutor.terminal(columns=40, lines=10) as terminal:
        assert terminal.wait() == 4
        assert "this one is 40x10" in terminal.text and "tutor quiz --plain" in terminal.text


def test_a_fault_of_our_own_is_a_sentence(tutor: Tutor) -> None:
    """An error that nobody foresaw is reported in two sentences, the traceback in a file."""
    script = (
        "import sys\nfrom tutor.cli import main, render\n"
        "def fails():\n    raise KeyError('surprise')\n"
        "main._code = fails\nmain.run()"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", script], capture_output=True, text=True, env=tutor.env, cwd=ROOT, check=False
    )
    assert done.returncode == 1
    assert "fault of its own (KeyError: 'surprise')" in done.stderr and "Traceback" not in done.stderr
    assert "surprise" in (tutor.home / "fault.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["export", "json", "x" * 300], 2),
        (["export", "json", "~nobody-of-that-name/log.jsonl"], 2),
        (["mock", "--report", "x" * 300], 2),
        (["content", "schema", "x" * 300], 4),
        (["content", "schema", str(ROOT / "README.md")], 4),
        (["content", "new", "x" * 300], 4),
    ],
)
def test_places_where_nothing_can_be_written(tutor: Tutor, arguments: list[str], code: int) -> None:
    """A name that no file can have, or a home that nobody has, is a sentence with the place in it."""
    done = tutor.run(*arguments)
    assert done.returncode == code
    assert " be " in done.stderr or "no home folder" in done.stderr
    assert "fault of its own" not in done.stderr


def test_a_fault_inside_the_app_is_a_sentence(tutor: Tutor) -> None:
    """What nobody foresaw ends the app with exit code 1 and two sentences, never with Textual's traceback."""
    script = (
        "from tutor.tui.screens.home import HomeScreen\nfrom tutor.cli.main import run\n"
        "def fails(self):\n    raise KeyError('surprise')\n"
        "HomeScreen._load = fails\nrun()"
    )
    with Terminal([COMMAND[0], "-c", script], tutor.env, ROOT, 80, 24) as terminal:
        assert terminal.wait() == 1
        assert "fault of its own (KeyError: 'surprise')" in terminal.text
        assert "Traceback" not in terminal.text and "locals" not in terminal.text
    assert "surprise" in (tutor.home / "fault.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", ["progress", "progress --json", "export json -", "--help", "--version"])
@pytest.mark.parametrize(("output", "says"), [(">&-", "no output to write to"), (">/dev/full", "cannot be written")])
def test_an_output_that_takes_nothing_is_a_sentence(tutor: Tutor, arguments: str, output: str, says: str) -> None:
    """With stdout closed, or on a full disk, each command says so on stderr and ends with exit code 4."""
    script = f'exec "$0" -m tutor {arguments} {output}'
    done = subprocess.run(
        ["sh", "-c", script, COMMAND[0]], capture_output=True, text=True, env=tutor.env, cwd=ROOT, check=False
    )
    assert done.returncode == 4
    assert says in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_fault_without_a_place_to_keep_it_is_still_a_sentence(tutor: Tutor) -> None:
    """Where not even the data folder can be named, the fault is said and nothing else goes wrong."""
    script = "from tutor.cli import main\ndef fails():\n    raise KeyError('surprise')\nmain._code = fails\nmain.run()"
    env = {**tutor.env, "TUTOR_HOME": "~nobody-of-that-name/x"}
    done = subprocess.run([COMMAND[0], "-c", script], capture_output=True, text=True, env=env, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert "surprise" in done.stderr and "Traceback" not in done.stderr


STARTS = (
    "import sys\nsys.argv = ['tutor', 'progress']\nfrom tutor.__main__ import main\nsys.exit(main())",
    "import sys\nsys.argv = ['tutor', 'progress']\nfrom tutor.cli.main import run\nrun()",
)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("loading", ["tutor.cli.render", "tutor.errors", "tutor.cli.app", "typer.core"])
def test_ctrl_c_while_the_program_loads(tutor: Tutor, start: str, loading: str) -> None:
    """Ctrl-C at the moment when one of the first modules is imported: one sentence and 130, however it was started."""
    interrupt = (
        "import os, signal, sys\nclass Finder:\n    def find_spec(self, name, *_):\n"
        f"        if name == {loading!r}:\n            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", interrupt + start], capture_output=True, text=True, env=tutor.env, cwd=ROOT, check=False
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("Interrupted") and len(done.stderr.splitlines()) == 1


def test_json_cannot_steer_the_terminal(tutor: Tutor) -> None:
    """Characters that a terminal obeys are escaped in JSON, which keeps them, and dropped from lines."""
    script = (
        "from tutor.cli.render import say, say_json\n"
        "text = 'a' + ''.join(map(chr, (0x9b, 0x7f, 0x200b, 0x202e, 0x2066))) + 'b'\nsay(text)\nsay_json({'k': text})"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", script], capture_output=True, encoding="utf-8", env=tutor.env, cwd=ROOT, check=True
    )
    line, rest = done.stdout.split("\n", 1)
    assert line == "ab" and rest.isascii() and "\x7f" not in rest and "\\u009b" in rest
    assert json.loads(rest) == {"k": "a\x9b\x7f\u200b\u202e\u2066b"}


def test_completion_asked_for_by_nobody(tutor: Tutor) -> None:
    """Without the words that the shell gives there is nothing to complete: a sentence and exit code 2."""
    done = tutor.run(_TUTOR_COMPLETE="complete_bash")
    assert done.returncode == 2 and "--install-completion" in done.stderr


def test_content_that_cannot_be_read_is_named(tutor: Tutor, tmp_path: Path) -> None:
    """The very file, or every file of a folder that cannot be entered, is named by its own path."""
    pack = tmp_path / "pack"
    shutil.copytree(SMALL, pack)
    questions = pack / "questions"
    (questions / "loop.yaml").symlink_to("loop.yaml")
    done = tutor.run("content", "lint", str(pack))
    assert done.returncode == 1 and f"{questions / 'loop.yaml'}: cannot be read" in done.stdout
