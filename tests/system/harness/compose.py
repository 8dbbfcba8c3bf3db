"""One Compose project of the tests: started under a name of its own, and gone when its run is, however that ended.

Refuses to go on without an engine or without images, and to skip: a test that was asked for and cannot run has failed.

Each project's name carries the name of a lock that its run holds. A lock that nobody holds belongs to a run that was
killed, so the next run removes what carries its name.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import docker
import pytest
from docker.errors import NotFound
from docker.models.containers import Container

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = ROOT / "labs" / "system"
LABEL = "com.docker.compose.project"
LOCKS = Path(tempfile.gettempdir()) / "shop-tests"
IMAGES = "shop-tests"
NAME = re.compile(r"^shop-tests-[0-9a-f]{8}$")
TIMEOUT = 300
NO_ENGINE = "no Docker engine with Compose answers: labs/offline/engine.sh installs and starts one.\n{error}"
NO_IMAGES = "images are missing and cannot be pulled: {images}. labs/offline/images.sh builds stand-ins.\n{error}"


class ComposeFailed(Exception):
    """A command ended badly; the text quotes the end of what it said."""


class Project:
    """What `docker compose -p NAME` would act on. `overrides` is one more Compose file, on top of the product's own."""

    def __init__(
        self,
        folder: Path,
        *,
        variables: Mapping[str, str],
        overrides: Mapping[str, Any] | None = None,
        files: Sequence[str] = ("compose.yaml",),
        profiles: Sequence[str] = ("*",),
    ) -> None:
        self.client = engine()
        self.name = f"shop-tests-{secrets.token_hex(4)}"
        self._lock = _hold(self.name)
        self._folder = folder
        self._files = [str(SYSTEM / file) for file in files]
        self._profiles = profiles
        # Nothing else of the shell that runs this: a stray variable must not reach a service.
        told = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHON_IMAGE")}
        told |= {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
        self._environment = {**told, "SHOP_TAG": "tests", **variables}
        self._layers: dict[str, Mapping[str, Any]] = {}
        if overrides:
            self.layer("overrides", overrides)

    def layer(self, name: str, content: Mapping[str, Any]) -> None:
        """Put one more Compose file on top, or replace it; takes effect with the next `up`."""
        (self._folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        self._layers[name] = content

    def compose(self, *arguments: str, timeout: float = TIMEOUT) -> str:
        """Run one command on the project; what it printed."""
        return self._run(self.name, arguments, timeout)

    def _run(self, name: str, arguments: Sequence[str], timeout: float) -> str:
        files = [*self._files, *(str(self._folder / f"{name}.json") for name in self._layers)]
        options = [part for file in files for part in ("-f", file)]
        options += [part for profile in self._profiles for part in ("--profile", profile)]
        command = ["docker", "compose", "-p", name, *options, "--progress", "quiet", *arguments]
        return run(command, self._environment, timeout)

    def build(self, *services: str) -> None:
        """Our own images; what has not changed comes from the engine's cache."""
        self._need_images()
        # Compose writes the project's name into what it builds: with one name for all runs, the same source is the same
        # image, and what a changed one leaves behind can be told from other people's.
        self._run(IMAGES, ["build", "-q", *services], 900)
        self.client.images.prune(filters={"dangling": True, "label": f"{LABEL}={IMAGES}"})

    def _need_images(self) -> None:
        named = self.compose("config", "--images").split()
        needed = {image for image in named if not image.startswith("shop/")}
        needed.add(self._environment.get("PYTHON_IMAGE", "python:3.13-slim"))
        missing = sorted(image for image in needed if not self._has(image))
        for image in missing:
            try:
                run(["docker", "pull", "-q", image], self._environment, TIMEOUT)
            except ComposeFailed as failure:
                pytest.fail(NO_IMAGES.format(images=", ".join(missing), error=failure), pytrace=False)

    def _has(self, image: str) -> bool:
        with contextlib.suppress(NotFound):
            return bool(self.client.images.get(image))
        return False

    def containers(self, service: str | None = None, *, all: bool = True) -> list[Container]:
        """The project's containers, of one service or of all; stopped ones too."""
        return list_containers(self.client, self.name, service, all=all)

    def down(self) -> None:
        """Remove everything, quickly: nothing in it will be looked at again."""
        try:
            remove(self.client, self.name)
        finally:
            self._lock.close()
            (LOCKS / self.name).unlink(missing_ok=True)
            self.client.close()


def engine() -> docker.DockerClient:
    """The engine, or a failure that says how to get one."""
    try:
        run(["docker", "version"], os.environ, 30)
        run(["docker", "compose", "version"], os.environ, 30)
    except (ComposeFailed, OSError) as error:
        pytest.fail(NO_ENGINE.format(error=error), pytrace=False)
    return docker.from_env(timeout=60)


def run(command: Sequence[str], environment: Mapping[str, str], timeout: float) -> str:
    """Run a command to its end; what it printed. Raises: ComposeFailed."""
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as expired:
        raise ComposeFailed(f"{' '.join(command)} took longer than {expired.timeout:g} s") from None
    if done.returncode != 0:
        raise ComposeFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def list_containers(
    client: docker.DockerClient, project: str, service: str | None = None, *, all: bool = True
) -> list[Container]:
    """Containers of a project, the oldest first."""
    labels = [f"{LABEL}={project}"] + ([f"com.docker.compose.service={service}"] if service else [])
    found = client.containers.list(all=all, filters={"label": labels}, ignore_removed=True)
    return sorted(found, key=lambda container: str(container.attrs["Created"]))


def inside(container: Container, *command: str) -> tuple[int, str]:
    """Run a command in a container: its exit code, and what it printed."""
    code, output = container.exec_run(list(command))
    assert code is not None and isinstance(output, bytes)
    return code, output.decode("utf-8", "replace").strip()


def remove(client: docker.DockerClient, project: str) -> None:
    """Containers with their volumes, then networks, then named volumes of a project."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(_remove_container, list_containers(client, project)))
    for network in client.networks.list(filters={"label": f"{LABEL}={project}"}):
        network.remove()
    for volume in client.volumes.list(filters={"label": f"{LABEL}={project}"}):
        volume.remove(force=True)


def _remove_container(container: Container) -> None:
    with contextlib.suppress(NotFound):
        container.remove(force=True, v=True)


def leftovers(client: docker.DockerClient, project: str) -> list[str]:
    """Everything in the engine that still carries the project's name."""
    label = {"label": f"{LABEL}={project}"}
    return [
        *(str(container.name) for container in list_containers(client, project)),
        *(str(network.name) for network in client.networks.list(filters=label)),
        *(str(volume.name) for volume in client.volumes.list(filters=label)),
    ]


def sweep(client: docker.DockerClient) -> None:
    """Remove what killed runs have left behind; a run that is alive holds its lock."""
    things = [
        *client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True),
        *client.networks.list(filters={"label": LABEL}),
        *client.volumes.list(filters={"label": LABEL}),
    ]
    projects = {name for thing in things for name in _project(thing.attrs) if NAME.match(name)}
    for project in sorted(projects):
        with _held_by_nobody(project) as dead:
            if dead:
                remove(client, project)


def _project(attributes: Mapping[str, Any]) -> Iterator[str]:
    labels = attributes.get("Labels") or attributes.get("Config", {}).get("Labels") or {}
    if LABEL in labels:
        yield str(labels[LABEL])


def _hold(name: str) -> IO[str]:
    LOCKS.mkdir(exist_ok=True)
    lock = (LOCKS / name).open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise
    return lock


@contextlib.contextmanager
def _held_by_nobody(name: str) -> Iterator[bool]:
    try:
        lock = _hold(name)
    except BlockingIOError:
        yield False
        return
    with lock:
        yield True
        (LOCKS / name).unlink(missing_ok=True)
