"""A command is told line by line, ends when we do, and says what went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tutor.errors import MachineError
from tutor.labs.engine.command import CommandFailed, lines, output

ROOT = Path(__file__).resolve().parents[3]
ENV = {"PATH": os.environ["PATH"]}


def _members(group: int) -> list[str]:
    """The living processes of a group."""
    said = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in said.splitlines()]
    return [row[-1] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


def test_each_line_is_told_and_input_is_empty() -> None:
    """Errors among them; a command that reads waits for nobody."""
    told = list(lines(["sh", "-c", "echo one; echo two >&2; cat; echo 'three  3'"], ENV, 10))
    assert told == ["one", "two", "three  3"]


def test_words_come_to_the_command_as_they_are() -> None:
    """Spaces, quotes and dollars mean nothing on the way."""
    assert output(["printf", "%s|", "a b", "$HOME", "'\"", "*"], ENV, 10) == "a b|$HOME|'\"|*|"


def test_a_command_that_fails_says_its_last_line_and_its_code() -> None:
    """Whatever it printed before."""
    with pytest.raises(CommandFailed, match="ended with code 7: the reason") as failed:
        output(["sh", "-c", "echo before; echo the reason; exit 7"], ENV, 10)
    assert failed.value.code == 7


def test_a_command_that_is_not_there_is_said() -> None:
    """By its name."""
    with pytest.raises(MachineError, match="`no-such-command` cannot be run: No such file"):
        output(["no-such-command", "up"], ENV, 10)


def test_a_command_that_takes_too_long_is_ended_with_all_it_started() -> None:
    """Its group is empty afterwards."""
    stream = lines(["sh", "-c", "echo $$; sleep 60 & sleep 60"], ENV, 0.5)
    group = int(next(stream))
    assert _members(group)
    with pytest.raises(CommandFailed, match="took too long"):
        list(stream)
    assert _members(group) == []


def test_whoever_stops_listening_ends_the_command() -> None:
    """As Ctrl-C does."""
    stream = lines(["sh", "-c", "echo $$; sleep 60"], ENV, 30)
    group = int(next(stream))
    stream.close()  # type: ignore[attr-defined]
    assert _members(group) == []


def test_a_command_ends_with_a_tutor_that_is_killed() -> None:
    """`kill -9` gives nobody the time to end anything; and what goes on would make what nobody knows of."""
    code = (
        "from tutor.labs.engine.command import lines\n"
        f"for line in lines(['sh', '-c', 'echo $$; sleep 60'], {ENV!r}, 60): print(line, flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as tutor:
        assert tutor.stdout is not None
        group = int(tutor.stdout.readline())
        assert _members(group)
        tutor.kill()
    for _ in range(200):
        if not _members(group):
            return
        time.sleep(0.05)
    raise AssertionError(_members(group))
