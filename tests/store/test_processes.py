"""Real processes: two at once, one killed, one on a full disk. Nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.core import Clock
from tutor.store.log import Log
from tutor.store.migrations import STEPS

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tutor.errors import StoreError
from tutor.store.log import Log
from tutor.store.migrations import STEPS
path = Path(sys.argv[1])
now = lambda: datetime.now(UTC)
"""


def start(body: str, *args: object) -> subprocess.Popen[str]:
    """A Python process that runs `body` after the imports above."""
    command = [sys.executable, "-c", HEAD + body, *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    """What the process printed, after it ended well."""
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return printed


def bodies(path: Path) -> list[tuple[str, int]]:
    """Who wrote what, in order."""
    log = Log(path, Clock())
    found = [(event.body["who"], event.body["n"]) for event in log.events()]
    log.close()
    return found


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three processes make one new store and write 200 events each: all are there, each one's in its order."""
    path = tmp_path / "progress.db"
    body = """
sys.stdin.readline()
log = Log(path, now)
for n in range(200):
    log.append(("k", "p", {"who": sys.argv[2], "n": n}))
"""
    writers = [start(body, path, who) for who in "abc"]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        finish(writer)
    found = bodies(path)
    assert len(found) == 600
    assert {who: [n for one, n in found if one == who] for who in "abc"} == {who: list(range(200)) for who in "abc"}


def test_processes_that_migrate_at_once_migrate_once(tmp_path: Path) -> None:
    """Four processes of a newer tutor open an old store: one migrates, one backup of the old shape is left."""
    path = tmp_path / "progress.db"
    old = Log(path, Clock())
    old.append(("k", "p", {"who": "old", "n": 0}))
    old.close()
    body = """
sys.stdin.readline()
log = Log(path, now, (*STEPS, "CREATE TABLE extra (a TEXT);"))
print(len(log.events()), log.backup is not None)
"""
    newer = [start(body, path) for _ in range(4)]
    for process in newer:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(finish(process) for process in newer)
    assert said == ["1 False\n"] * 3 + ["1 True\n"]
    (backup,) = tmp_path.glob("*.backup-*")
    copy = Log(backup, Clock(), STEPS)
    assert len(copy.events()) == 1
    copy.close()


def test_what_append_returned_survives_kill_9(tmp_path: Path) -> None:
    """A process that prints after each append is killed in the midst of it: every printed event is there."""
    path = tmp_path / "progress.db"
    body = """
log = Log(path, now)
n = 0
while True:
    log.append(("k", "p", {"who": "x", "n": n}))
    print(n, flush=True)
    n += 1
"""
    with start(body, path) as writer:
        assert writer.stdout
        printed = [int(writer.stdout.readline()) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        printed += [int(line) for line in writer.stdout]  # not communicate(), which forgets what was read ahead
    assert writer.returncode == -signal.SIGKILL
    found = [n for _, n in bodies(path)]
    assert found[: len(printed)] == printed
    assert len(found) <= len(printed) + 1


def test_a_full_disk_is_a_sentence_and_no_loss(tmp_path: Path) -> None:
    """When the file may not grow any more, append says so; all that was acknowledged is there, and no half event."""
    path = tmp_path / "progress.db"
    body = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = Log(path, now)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
n = 0
try:
    while True:
        log.append(("k", "p", {"who": "x" * 2000, "n": n}), ("k", "p", {"who": "x" * 2000, "n": n + 1}))
        n += 2
except StoreError as error:
    print(n)
    print(error)
"""
    count, sentence, *_ = finish(start(body, path)).splitlines()
    assert int(count) > 10
    assert str(path) in sentence
    found = [n for _, n in bodies(path)]
    assert found == list(range(int(count)))
