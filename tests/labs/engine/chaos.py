"""A small lab on real containers, driven by real `tutor lab ...` processes, and what is looked for afterwards.

Refuses mercy: a process is ended by `kill -9` at whatever moment the dice say.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.labs.making import LAB
from tutor.labs.run import project_name

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 300
CODES = (0, 1, 2, 4)
"""The exit codes that a verb which was not interrupted may have here."""

_HTTP = {"kind": "http", "part": "gateway", "path": "/api/users/me", "as": "customer", "expect": {"status": 200}}
_WHY = {"why": "Whoever is logged in is let in."}
CHAOS: dict[str, Any] = {
    **LAB,
    "id": "chaos-lab",
    "system": {**LAB["system"], "parts": ["gateway", "users", "users-db", "redis"]},
    "edit": ["services/users"],
    "faults": [
        {"kind": "service", "id": "users-slow", "title": "Users is slow", "part": "users", "latency_ms": 50},
        {"kind": "pause", "id": "redis-hangs", "title": "Redis hangs", "part": "redis"},
    ],
    "steps": [
        {
            **LAB["steps"][0],
            "solve": [{"do": "wait", "seconds": 1}],
            "checks": [
                {**_HTTP, **_WHY, "id": "let-in", "title": "A customer is let in", "guard": True},
                {
                    **_WHY, "id": "some", "title": "There are users", "guard": True,
                    "kind": "sql", "service": "users", "query": "select count(*) from users",
                    "expect": {"value": {"ge": 1}},
                },
                {
                    **_WHY, "id": "rush", "title": "Many are let in", "guard": True,
                    "kind": "load", "path": "/api/users/me", "as": "customer", "rps": 20, "for": "1s",
                    "expect": {"statuses": {"200": 20}},
                },
                {
                    **_HTTP, **_WHY, "id": "slow", "title": "A slow users lets in", "guard": True,
                    "under": ["users-slow"], "consistently": {"for": "1s"},
                },
                {
                    **_WHY, "id": "hangs", "title": "Keys are given without Redis", "guard": True,
                    "kind": "http", "part": "gateway", "path": "/api/.well-known/jwks.json",
                    "under": ["redis-hangs"], "consistently": {"for": "1s"}, "expect": {"status": 200},
                },
                {
                    **_WHY, "id": "nobody", "title": "Nobody is there", "kind": "sql", "service": "users",
                    "query": "select count(*) from users", "expect": {"value": 0},
                },
            ],
        }
    ],
}  # fmt: skip
"""Guards that pass, one check that fails, two faults; starts within seconds, as nothing in it is slow to start."""

VERDICTS = {one["id"]: "fail" if one["id"] == "nobody" else "pass" for one in CHAOS["steps"][0]["checks"]}


class Sitting:
    """A learner at a terminal, with a home and a lab of their own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.labs = folder / "home", folder / "labs"
        self.id = str(CHAOS["id"])
        self.project = project_name(self.home / "labs")
        (self.labs / self.id).mkdir(parents=True)
        (self.labs / self.id / "lab.yaml").write_text(json.dumps(CHAOS, indent=1), encoding="utf-8")

    def begin(self, *words: str, host: str = "") -> subprocess.Popen[str]:
        """Start `tutor lab ...`, and do not wait for it. `host` is another address of the engine."""
        env = {**os.environ, "TUTOR_HOME": str(self.home), "NO_COLOR": "1", **({"DOCKER_HOST": host} if host else {})}
        return subprocess.Popen(
            [sys.executable, "-m", "tutor", "lab", "--labs", str(self.labs), *words],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, host: str = "") -> tuple[int, str]:
        """A verb from its start to its end: the exit code, and all that it said."""
        process = self.begin(*words, host=host)
        out, err = process.communicate(timeout=PATIENCE)
        said = f"$ tutor lab {' '.join(words)}\n{out}{err}"
        assert process.returncode in CODES and "Traceback" not in said, said
        return process.returncode, said

    def ok(self, *words: str) -> str:
        """A verb that succeeds; what it said."""
        code, said = self.run(*words)
        assert code == 0, said
        return said

    def killed(self, after: float, *words: str) -> bool:
        """Begin a verb and kill it; False when it was at its end before."""
        process = self.begin(*words)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=PATIENCE)
        return process.returncode == -signal.SIGKILL

    def verdicts(self, host: str = "") -> dict[str, str]:
        """What a check of everything comes to."""
        return self.verdicts_of(self.begin("check", self.id, "--json", host=host))

    def verdicts_of(self, process: subprocess.Popen[str]) -> dict[str, str]:
        """What a check comes to that is under way."""
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err and out.startswith("["), out + err
        reports = [one for step in json.loads(out) for one in step["checks"]]
        for one in reports:
            if one["verdict"] != VERDICTS[one["id"]]:
                print(one["id"], one["verdict"], one["note"], one["mismatches"])  # noqa: T201  shown when the test fails
        return {one["id"]: one["verdict"] for one in reports}

    def status(self) -> dict[str, Any]:
        """How the lab stands, as data; it always says so."""
        code, said = self.run("status", self.id, "--json")
        assert code == 0, said
        found: dict[str, Any] = json.loads(said[said.index("\n") + 1 : said.rindex("}") + 1])
        return found

    def left(self) -> list[str]:
        """Everything of this lab that is still there: in the engine, on the disk, among the processes."""
        label = f"label=com.docker.compose.project={self.project}"
        found = [
            f"{kind} {name}"
            for kind, listing in (("container", "ps -a"), ("network", "network ls"), ("volume", "volume ls"))
            for name in _said("docker", *listing.split(), "-q", "--filter", label).split()
        ]
        found += [str(path) for path in (self.home / "labs").rglob("*") if path.is_file()]
        return found + [line for line in _said("ps", "-A", "-o", "args=").splitlines() if self.project in line]

    def gone(self) -> list[str]:
        """What is left when everything that is about to go has had time to."""
        for _ in range(50):
            if not self.left():
                return []
            time.sleep(0.1)
        return self.left()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
