"""The tutor's hold on one supervisor: starts it, finds it again, asks it, sees to it that nothing of it is left.

A supervisor and the tutor share three things: a file that says where it is, a socket in its folder, a folder of logs.
Refuses to take a process id for a process: only who answers on the socket is one of ours.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tutor.errors import MachineError
from tutor.labs import ending

MODULE, SERVE = "processes.supervisor", "processes/serve.py"
SPAWN_SECONDS = 60.0
ANSWER_SECONDS = 10.0
END_SECONDS = 30.0
PAUSE = 0.05


class Gone(MachineError):
    """There is no supervisor, or not any more."""

    def __init__(self, project: str) -> None:
        super().__init__(f"Nothing of {project} runs any more.", "Start it again: tutor lab start")


class Hold:
    """One project. `home` is the engine's folder in the learner's data."""

    def __init__(self, home: Path, project: str) -> None:
        self.project = project
        self.record = home / f"{project}.local.json"
        self.logs = home / f"{project}.logs"

    def spawn(self, order: Mapping[str, Any], python: Path, system: Path) -> None:
        """Start a supervisor, detached from us and from the terminal; it answers when this returns.

        Raises: MachineError with its own words when it does not come up.
        """
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.logs / "supervisor.log").open("w") as log:
                process = subprocess.Popen(
                    [str(python), "-P", "-m", MODULE],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=_environment(system),
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            raise MachineError(f"{self.logs} cannot be used: {error.strerror or error}.", "Make room there.") from None
        assert process.stdin is not None and process.stdout is not None
        with process.stdin as stdin, suppress(BrokenPipeError):
            json.dump(order, stdin)
        with process.stdout as stdout:
            ready = _heard(stdout)
        process.wait()
        if not ready:
            raise self._did_not_start()

    def _did_not_start(self) -> MachineError:
        try:
            said = (self.logs / "supervisor.log").read_text("utf-8", errors="replace").strip().splitlines()
        except OSError:
            said = []
        what = said[-1] if said else "it said nothing"
        remedy = "Make room where temporary files are kept." if "No space left" in what else "See: tutor doctor"
        return MachineError(f"The processes of the lab cannot be started: {what}", remedy)

    def ask(self, question: str, patience: float | None = None, **more: Any) -> Any:
        """What the supervisor answers.

        Raises: Gone when there is none, MachineError when it refuses or does not answer in time.
        """
        place = self._place()
        if place is None:
            raise Gone(self.project)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(patience or ANSWER_SECONDS)
                connection.connect(str(place["folder"] / "control"))
                connection.sendall(json.dumps({"ask": question, **more}).encode() + b"\n")
                said = b"".join(iter(lambda: connection.recv(65_536), b""))
        except TimeoutError:
            what = f"The supervisor of {self.project} (process {place['pid']}) does not answer."
            raise MachineError(what, "tutor lab stop ends it.") from None
        except OSError:
            raise Gone(self.project) from None
        if not said:
            raise Gone(self.project)
        answer = json.loads(said)
        if "refused" in answer:
            raise MachineError(f"The processes of the lab: {answer['refused']}.", "Bring it back: tutor lab reset")
        return answer["answer"]

    def alive(self) -> bool:
        """Whether a supervisor listens."""
        place = self._place()
        if place is None:
            return False
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(place["folder"] / "control"))
            return True
        return False

    def end(self) -> None:
        """End the supervisor and all it owns, and remove every file.

        Raises: MachineError when something is still there.
        """
        place = self._place()
        if place is not None:
            hangs = False
            try:
                self.ask("end")
            except Gone:
                pass
            except MachineError:
                hangs = True
            if (hangs or not self._left(place)) and self.alive():
                os.kill(place["pid"], signal.SIGKILL)  # it listens, so the process is the one that was recorded
            if not self._left(place):
                raise MachineError(
                    f"Processes of {self.project} do not end (group {place['group']}).",
                    f"Look at them: ps -o pid,stat,args -g {place['group']}; then try again: tutor lab stop",
                )
            shutil.rmtree(place["folder"], ignore_errors=True)
        if self.record.exists():
            self.record.unlink()
        shutil.rmtree(self.logs, ignore_errors=True)

    def _left(self, place: Mapping[str, Any]) -> bool:
        """Wait until no process of it is left; whether that is so."""
        deadline = time.monotonic() + END_SECONDS
        while self.alive() or _lives(place["group"], place["folder"]):
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE)
        return True

    def _place(self) -> dict[str, Any] | None:
        """Where the supervisor says that it is."""
        try:
            found = json.loads(self.record.read_bytes())
            return {"pid": int(found["pid"]), "group": int(found["group"]), "folder": Path(found["folder"])}
        except (OSError, ValueError, LookupError, TypeError):
            return None


def _environment(system: Path) -> dict[str, str]:
    """What a supervisor inherits: a stray PORT or DATABASE_URL of the shell must not reach a service."""
    kept = {name: value for name in ("PATH", "HOME", "LANG", "TMPDIR", "USER") if (value := os.environ.get(name))}
    return {**kept, "PYTHONPATH": str(system), "PYTHONDONTWRITEBYTECODE": "1"}


def _heard(stdout: IO[str]) -> bool:
    """Whether it says that it is ready. An interruption waits for that: what says nothing yet cannot be ended."""
    import select

    deadline, wish = time.monotonic() + SPAWN_SECONDS, None
    while time.monotonic() < deadline:
        try:
            ending.listen()
            if select.select([stdout], [], [], ending.SLICE)[0]:
                break
        except BaseException as end:
            if wish is not None:
                raise
            wish = end
    said = stdout.readline() if select.select([stdout], [], [], 0)[0] else ""
    if wish is not None:
        raise wish
    return said == "ready\n"


def _lives(group: int, folder: Path) -> bool:
    """Whether there is a process of that group, and it is ours: after a reboot the number may be somebody else's."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        said = subprocess.run(["ps", "-A", "-o", "pgid=,args="], capture_output=True, text=True, check=False).stdout
    except OSError:
        return folder.exists()
    rows = (line.split(maxsplit=1) for line in said.splitlines())
    ours = (str(folder), SERVE)
    return any(row[0] == str(group) and any(mark in row[-1] for mark in ours) for row in rows if row)
