"""Which Docker engine is meant: DOCKER_HOST, else the context in use. Found once, used by command and SDK alike.

Refuses engines that labs cannot use (podman-compose, an engine on another machine), each with the reason.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tutor.errors import MachineError
from tutor.labs.engine.command import CommandFailed, output

if TYPE_CHECKING:
    import docker

OLDEST_COMPOSE = (2, 20)
PATIENCE = 10.0
_SYSTEM = frozenset({"PATH", "HOME", "USERPROFILE", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE"})
_NETWORK = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
_KEPT = _SYSTEM | _NETWORK | {"DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "PYTHON_IMAGE"}
"""Variables of the shell that the docker command is given; Compose would put any other into the system."""

INSTALL = "Install Docker with Compose v2 (Docker Desktop, Colima, or your distribution's packages)."


class NoEngine(MachineError):
    """There is no engine that labs can use; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A Docker engine. `host` is a URL such as unix:///var/run/docker.sock; `source` says where that was found."""

    host: str
    source: str
    compose: tuple[int, ...]

    def environment(self) -> Mapping[str, str]:
        """What the docker command needs to speak to the same engine as the SDK; Compose sees nothing of the shell."""
        env = {name: value for name, value in os.environ.items() if name in _KEPT}
        return {**env, "DOCKER_HOST": self.host, "COMPOSE_ANSI": "never", "DOCKER_CLI_HINTS": "false"}

    def client(self) -> docker.DockerClient:
        """An SDK client of this engine.

        Raises: NoEngine when it does not answer.
        """
        import docker
        from docker.errors import DockerException

        try:
            return docker.DockerClient(base_url=self.host, timeout=60)
        except DockerException as error:
            raise _silent(self.host, self.source, str(error), timed_out="timed out" in str(error)) from None


def located() -> Endpoint:
    """The engine in use, not asked yet whether it is one that labs can use.

    Raises: NoEngine when it is on another machine, or there is none at all.
    """
    if shutil.which("docker") is None:
        raise NoEngine("There is no `docker` command here.", INSTALL)
    host, source = _host()
    if host.startswith(("tcp://", "ssh://", "http://", "https://")):
        raise NoEngine(
            f"The engine in use ({source}) is on another machine: {host}.",
            "Labs mount your workspace into containers, so the engine has to be on this machine: `docker context use`.",
        )
    return Endpoint(host, source, ())


def find() -> Endpoint:
    """The engine in use.

    Raises: NoEngine when there is none that labs can use.
    """
    found = located()
    env = found.environment()
    with ThreadPoolExecutor(1) as beside:  # two programs, and each of them takes its time to start
        compose = beside.submit(_compose, env)
        _answers(found.host, found.source, env)
    return replace(found, compose=compose.result())


def _host() -> tuple[str, str]:
    if host := os.environ.get("DOCKER_HOST"):
        return host, "DOCKER_HOST"
    try:
        said = output(["docker", "context", "inspect"], os.environ, PATIENCE)
        context = json.loads(said)[0]
        return str(context["Endpoints"]["docker"]["Host"]), f"context {context['Name']}"
    except (CommandFailed, ValueError, LookupError, TypeError):
        raise NoEngine(
            "The docker command does not say which engine is in use.", "Look at: docker context ls"
        ) from None


def _answers(host: str, source: str, env: Mapping[str, str]) -> None:
    try:
        said = output(["docker", "version", "--format", "{{json .Server}}"], env, PATIENCE)
    except CommandFailed as failure:
        raise _silent(host, source, failure.output, timed_out=failure.code is None) from None
    if '"podman' in said.lower():
        raise NoEngine(
            "The engine in use is Podman, which does not keep what Compose promises about health and networks.",
            "Use a Docker engine: `docker context ls` shows those that are set up.",
        )


def _silent(host: str, source: str, said: str, *, timed_out: bool) -> NoEngine:
    if "permission denied" in said.lower():
        return NoEngine(
            f"You may not use the Docker engine at {host}.",
            "Add yourself to the group `docker` and log in again, or use a rootless engine.",
        )
    if timed_out:
        return NoEngine(f"The Docker engine at {host} ({source}) does not answer.", "Restart it.")
    return NoEngine(f"No Docker engine answers at {host} ({source}).", "Start Docker, or choose another context.")


def _compose(env: Mapping[str, str]) -> tuple[int, ...]:
    try:
        said = output(["docker", "compose", "version"], env, PATIENCE)
    except CommandFailed as failure:
        if failure.code is None:
            raise NoEngine(
                "`docker compose version` does not come to an end.", "Try again when the machine is less busy."
            ) from None
        raise NoEngine("This docker command has no Compose v2.", INSTALL) from None
    if "podman" in said.lower():
        raise NoEngine("`docker compose` is podman-compose here, which cannot wait for health.", INSTALL)
    found = re.search(r"(\d+)\.(\d+)", said)
    version = tuple(int(part) for part in found.groups()) if found else ()
    if version < OLDEST_COMPOSE:
        wanted = ".".join(map(str, OLDEST_COMPOSE))
        raise NoEngine(f"Compose {'.'.join(map(str, version))} is too old; labs need {wanted}.", INSTALL)
    return version
