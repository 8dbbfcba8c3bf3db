"""The system in Docker, as a bench sees it: start, stop, limits, memory, processor time. Refuses to leave anything."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import docker

FOLDER = Path(__file__).resolve().parents[2] / "labs" / "system"
PROFILES = ("saga", "discovery", "observability")
PORTS = ("GATEWAY", "RABBITMQ_UI", "CONSUL", "PROMETHEUS", "ALERTMANAGER", "JAEGER", "OBSERVER")
MEBIBYTE = 1024 * 1024
TIMEOUT = 300


@dataclass(frozen=True)
class Part:
    """One container: memory in MiB (limit, in use), processor seconds used so far, seconds from start to healthy."""

    service: str
    limit: float
    used: float
    processor: float
    healthy_after: float


class Stack:
    """One Compose project of the system under a name of its own, on free ports."""

    def __init__(self, profiles: Sequence[str] = ()) -> None:
        self._project = f"bench-{uuid.uuid4().hex[:8]}"
        self._profiles = [part for profile in profiles for part in ("--profile", profile)]
        self._ports = {f"{name}_PORT": str(_free_port()) for name in PORTS}
        self._env = {**os.environ, **self._ports}

    @property
    def gateway(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self._ports['GATEWAY_PORT']}"

    @property
    def broker_ui(self) -> str:
        """RabbitMQ's management API."""
        return f"http://127.0.0.1:{self._ports['RABBITMQ_UI_PORT']}"

    @contextmanager
    def running(self) -> Iterator[float]:
        """Up and healthy; gives the seconds that took. Everything is removed at the end."""
        start = time.perf_counter()
        try:
            self.compose("up", "--detach", "--wait", "--wait-timeout", str(TIMEOUT))
            yield time.perf_counter() - start
        finally:
            self.compose("down", "--volumes", "--remove-orphans")

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` for this project. Raises: CalledProcessError with what it printed."""
        command = ["docker", "compose", "--project-name", self._project, *self._profiles, *arguments]
        done = subprocess.run(
            command, cwd=FOLDER, env=self._env, capture_output=True, text=True, check=False, timeout=2 * TIMEOUT
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr[-4000:])
        return done.stdout

    def sql(self, service: str, database: str, statement: str) -> list[str]:
        """Lines that psql prints for a statement in a database container, as its superuser on the socket."""
        psql = ("psql", "-U", "postgres", "-d", database, "-Atc", statement)
        return self.compose("exec", "-T", service, *psql).splitlines()

    def parts(self) -> list[Part]:
        """What each container takes now, largest in use first."""
        client = docker.from_env()
        label = f"com.docker.compose.project={self._project}"
        found = [_part(container) for container in client.containers.list(filters={"label": label})]
        client.close()
        return sorted(found, key=lambda part: -part.used)


def _part(container: Any) -> Part:
    stats = container.stats(stream=False)
    memory = stats["memory_stats"]
    # The page cache that the kernel would give back at once is nobody's need; `docker stats` leaves it out, too.
    cache = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return Part(
        service=container.labels["com.docker.compose.service"],
        limit=container.attrs["HostConfig"]["Memory"] / MEBIBYTE,
        used=(memory["usage"] - cache) / MEBIBYTE,
        processor=stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        healthy_after=_healthy_after(container.attrs["State"]),
    )


def _healthy_after(state: dict[str, Any]) -> float:
    good = [probe for probe in state.get("Health", {}).get("Log", []) if probe["ExitCode"] == 0]
    if not good:
        return 0.0
    return (_moment(good[0]["End"]) - _moment(state["StartedAt"])).total_seconds()


def _moment(text: str) -> datetime:
    """Docker writes nanoseconds; Python reads microseconds."""
    head, _, tail = text.partition(".")
    fraction = "".join(character for character in tail if character.isdigit())[:6]
    return datetime.fromisoformat(f"{head[:19]}.{fraction or '0'}+00:00")


def limits(profiles: Sequence[str] = ()) -> tuple[int, float]:
    """How many containers the Compose file asks for with these profiles, and the sum of their limits in MiB."""
    chosen = [part for profile in profiles for part in ("--profile", profile)]
    done = subprocess.run(
        ["docker", "compose", *chosen, "config", "--format", "json"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT,
    )
    services = json.loads(done.stdout)["services"].values()
    return len(services), sum(int(service["mem_limit"]) for service in services) / MEBIBYTE


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
