"""Runs `python -m tutor` on a small pack, with a home of its own and every source of noise pinned."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import Terminal
from tutor.store.log import Log

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests" / "packs" / "small"
COMMAND = (sys.executable, "-m", "tutor")
PATIENCE = 60


class Talk:
    """A running command whose stdout is read as it comes and whose stdin is typed into."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=ROOT,
            text=True,
            encoding="utf-8",
            bufsize=1,
        )
        self.output = ""
        self._seen = 0
        self._pieces: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, words: str) -> str:
        """Everything printed since the last wait, up to and with `words`."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.output[self._seen :]:
            try:
                piece = self._pieces.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                piece = ""
            if not piece:
                raise AssertionError(f"{words!r} was not printed; got:\n{self.output[self._seen :]}")
            self.output += piece
        end = self.output.index(words, self._seen) + len(words)
        new, self._seen = self.output[self._seen : end], end
        return new

    def type(self, *lines: str) -> None:
        """Send lines."""
        assert self.process.stdin
        for line in lines:
            self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str, str]:
        """Close the input and wait; the exit code, the rest of stdout, and stderr."""
        assert self.process.stdin and self.process.stderr
        self.process.stdin.close()
        errors = self.process.stderr.read()
        code = self.process.wait(PATIENCE)
        while piece := self._pieces.get(timeout=PATIENCE):
            self.output += piece
        self._close()
        return code, self.output[self._seen :], errors

    def kill(self) -> None:
        """`kill -9`."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._close()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            while piece := stream.read(1):
                self._pieces.put(piece)
        self._pieces.put("")

    def _close(self) -> None:
        self._reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stderr):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


class Tutor:
    """The program as one learner has it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home.parent),
            "TUTOR_HOME": str(home),
            "TUTOR_CONTENT": str(SMALL),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "xterm",
            "COLUMNS": "80",
            "LINES": "24",
        }
        self._talks: list[Talk] = []

    def run(self, *arguments: str, typed: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run to the end with `typed` on stdin."""
        return subprocess.run(
            [*COMMAND, *arguments],
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={**self.env, **env},
            cwd=ROOT,
            timeout=PATIENCE,
            check=False,
        )

    def ok(self, *arguments: str, typed: str = "", **env: str) -> str:
        """The same; stdout, the exit code being 0."""
        done = self.run(*arguments, typed=typed, **env)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.ok(*arguments, "--json"))

    def talk(self, *arguments: str) -> Talk:
        """Start a conversation through pipes."""
        talk = Talk([*COMMAND, *arguments], self.env)
        self._talks.append(talk)
        return talk

    def terminal(self, *arguments: str, columns: int = 80, lines: int = 24, **env: str) -> Terminal:
        """Start on a real terminal."""
        return Terminal([*COMMAND, *arguments], {**self.env, **env}, ROOT, columns, lines)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What was logged of one kind, oldest first, read past the program."""
        with closing(Log(self.home / "progress.db", lambda: datetime.now(UTC))) as log:
            return [dict(event.body) for event in log.events() if event.kind == kind]

    def close(self) -> None:
        """Leave no process behind."""
        for talk in self._talks:
            if talk.process.poll() is None:
                talk.kill()


@pytest.fixture
def tutor(tmp_path: Path) -> Iterator[Tutor]:
    """A learner on the small pack who has not answered anything yet."""
    tutor = Tutor(tmp_path / "home")
    yield tutor
    tutor.close()


def key_of(shown: str, text: str) -> str:
    """The letter or number in front of `text` among the lines `shown`."""
    found = re.search(rf"^(\w+)[.)] {re.escape(text)}$", shown, re.MULTILINE)
    assert found, f"{text!r} is not among:\n{shown}"
    return found[1]
