"""The log of a child: each line with its time, bounded, and never in the child's way."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processes.supervisor import logbook
from processes.supervisor.logbook import Logbook


def _until_written(path: Path, text: str) -> list[str]:
    for _ in range(500):
        lines = path.read_text().splitlines() if path.exists() else []
        if any(text in line for line in lines):
            return lines
        time.sleep(0.01)
    raise AssertionError(f"{text} was never written")


def test_each_line_has_the_time_it_was_written(tmp_path: Path) -> None:
    """The child's own words follow it unchanged."""
    book, before = Logbook(tmp_path / "orders-1.log"), datetime.now(UTC)
    with book.output() as descriptor:
        os.write(descriptor, b'{"message": "one"}\nTraceback\n  File "x.py", line 3\n')
    lines = [line.partition(" ") for line in _until_written(tmp_path / "orders-1.log", "line 3")]
    assert [text for _, _, text in lines] == ['{"message": "one"}', "Traceback", '  File "x.py", line 3']
    assert all(before <= datetime.fromisoformat(at) <= datetime.now(UTC) for at, _, _ in lines)


def test_a_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest lines are kept, in two files of bounded size."""
    monkeypatch.setattr(logbook, "MAX_BYTES", 1000)
    path = tmp_path / "orders-1.log"
    book = Logbook(path)
    for number in range(500):
        book.say(f"line {number} {'x' * 50}")
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert len(sizes) == 2 and max(sizes) < 1200
    assert "line 499 " in path.read_text() or "line 499 " in (tmp_path / "orders-1.log.1").read_text()


def test_a_full_disk_does_not_hold_the_child_up() -> None:
    """What cannot be written is dropped; the pipe is read on."""
    with Logbook(Path("/dev/full")).output() as descriptor:
        for _ in range(100):
            os.write(descriptor, b"x" * 8000 + b"\n")  # more than a pipe holds: would block if nobody read
