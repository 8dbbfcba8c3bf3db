"""Brings the images of a system onto this machine: pulls the official ones, builds ours. Refuses to fail unexplained.

Our images are tagged by the content they are built from, so that a newer tutor never starts an older service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.errors import MachineError
from tutor.labs.engine.base import Progress
from tutor.labs.engine.command import CommandFailed, lines

if TYPE_CHECKING:
    import docker

BASE = "python:3.13-slim"
BUILD_SECONDS = 1800.0
OFFLINE = "Once they are here, labs need no network. Without a registry, build stand-ins: bash labs/offline/images.sh"
_REASONS = (
    ("toomanyrequests", "the registry limits how often you may pull", "Wait, or log in with: docker login"),
    ("rate limit", "the registry limits how often you may pull", "Wait, or log in with: docker login"),
    ("no space left", "the disk of the engine is full", "Make room: docker system df, then docker system prune"),
    ("manifest unknown", "the registry has no such image", "Update tutor; the tag it names is gone"),
    ("no matching manifest", "there is no such image for this processor", "Set another image in labs/system/.env"),
    ("denied", "the registry refuses", "Log in with: docker login"),
)


class ImageMissing(MachineError):
    """An image that is needed could not be had; says why, and what to do."""


def tag(system: Path) -> str:
    """The tag of our images: twelve hex digits of everything that goes into them."""
    digest = hashlib.sha256()
    files = [system / "Dockerfile", *sorted((system / "services").rglob("*")), *sorted((system / "config").rglob("*"))]
    for file in files:
        inside = file.relative_to(system).as_posix()
        if not file.is_file() or "__pycache__" in inside or not inside.startswith(_BUILT):
            continue
        digest.update(f"{inside}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


_BUILT = ("Dockerfile", "services/", "config/probe/", "config/certs/")


def missing(client: docker.DockerClient, names: Sequence[str]) -> list[str]:
    """Those of these images that are not here."""
    from docker.errors import ImageNotFound

    lacking = []
    for name in dict.fromkeys(names):
        try:
            client.images.get(name)
        except ImageNotFound:
            lacking.append(name)
    return lacking


def pull(client: docker.DockerClient, names: Sequence[str]) -> Iterator[Progress]:
    """Pull these, telling how far each is.

    Raises: ImageMissing.
    """
    for number, name in enumerate(names):
        yield Progress("pull", name, number, len(names))
        yield from _pull(client, name, number, len(names))


def _pull(client: docker.DockerClient, name: str, number: int, of: int) -> Iterator[Progress]:
    from docker.errors import APIError, DockerException

    repository, _, version = name.rpartition(":")
    layers: dict[str, tuple[int, int]] = {}
    shown = -1
    try:
        for event in client.api.pull(repository, version, stream=True, decode=True):
            if "error" in event:
                raise _why(name, str(event["error"]))
            done, size = _count(event, layers)
            if size and done * 100 // size // 5 != shown:
                shown = done * 100 // size // 5
                yield Progress("pull", f"{name}: {done / 1e6:.0f} of {size / 1e6:.0f} MB", number, of)
    except APIError as error:
        raise _why(name, str(error.explanation or error)) from None
    except (DockerException, OSError) as error:
        raise _why(name, str(error)) from None


def _count(event: Mapping[str, Any], layers: dict[str, tuple[int, int]]) -> tuple[int, int]:
    detail = event.get("progressDetail") or {}
    if event.get("id") and detail.get("total"):
        layers[event["id"]] = detail.get("current", 0), detail["total"]
    return sum(done for done, _ in layers.values()), sum(size for _, size in layers.values())


def _why(name: str, said: str) -> ImageMissing:
    for word, reason, remedy in _REASONS:
        if word in said.lower():
            return ImageMissing(f"The image {name} could not be pulled: {reason}.", remedy)
    last = said.strip().splitlines()[-1] if said.strip() else "no reason was given"
    return ImageMissing(f"The image {name} could not be pulled: the registry cannot be reached ({last:.200}).", OFFLINE)


def build(command: Sequence[str], env: Mapping[str, str], names: Sequence[str]) -> Iterator[Progress]:
    """Build our images by `command`, a `docker compose ... build`.

    Raises: ImageMissing with the line that says why.
    """
    yield Progress("build", f"{len(names)} images of the system; the first time takes some minutes", 0, len(names))
    try:
        for line in lines([*command, "--progress", "plain"], env, BUILD_SECONDS):
            if step := _step(line):
                yield Progress("build", step)
    except CommandFailed as failure:
        wrong = [line for line in failure.output.splitlines() if "error" in line.lower()] or [failure.message]
        for word, reason, remedy in _REASONS:
            if word in failure.output.lower():
                raise ImageMissing(f"Our images could not be built: {reason}.", remedy) from None
        raise ImageMissing(f"Our images could not be built: {wrong[-1].strip():.300}", OFFLINE) from None


def _step(line: str) -> str:
    """What BuildKit's line says it does; nothing for its chatter."""
    _, bracket, rest = line.partition("[")
    return rest.replace("]", ":", 1).strip()[:120] if bracket and line.startswith("#") else ""
