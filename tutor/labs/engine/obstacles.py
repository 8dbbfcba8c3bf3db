"""What on this machine stands in the way of a lab in Docker, in plain words. Refuses to change anything about it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import MachineError
from tutor.labs.engine.base import Obstacle, Plan
from tutor.labs.engine.command import CommandFailed
from tutor.labs.engine.images import missing

if TYPE_CHECKING:
    import docker

MEBIBYTE = 1024 * 1024
MEMORY = {
    "users": 288, "orders": 192, "orders-db": 192, "saga-db": 224, "rabbitmq": 384, "prometheus": 256, "jaeger": 384,
}  # fmt: skip
"""MiB of the larger limits in `labs/system/compose.yaml`; a test holds them against it."""

OTHER_MEMORY = 160
ROOM = 2048


def obstacles(
    client: docker.DockerClient, plan: Plan, system: Path, needed: tuple[list[str], list[str]]
) -> list[Obstacle]:
    """Each obstacle; those that only cost time are not fatal."""
    found = []
    information = client.info()
    wanted = sum(MEMORY.get(part, OTHER_MEMORY) for part in plan.parts)
    has = int(information.get("MemTotal", 0)) // MEBIBYTE
    if has and has < wanted + 256:
        found.append(
            Obstacle(
                f"The engine has {has} MiB of memory; this lab may need {wanted} MiB.",
                "Give it more (Docker Desktop: Settings, Resources; Colima: colima start --memory 4).",
            )
        )
    found += _room(Path(str(information.get("DockerRootDir", ""))))
    found += _images(client, needed)
    return found


def _room(root: Path) -> list[Obstacle]:
    """Free space, where the engine's folder is on this machine and can be seen."""
    try:
        free = shutil.disk_usage(root).free // MEBIBYTE
    except OSError:
        return []
    if free >= ROOM:
        return []
    what = f"Only {free} MiB are free where the engine keeps its data."
    return [Obstacle(what, "Make room: docker system df, then docker system prune", fatal=free < ROOM // 8)]


def _images(client: docker.DockerClient, needed: tuple[list[str], list[str]]) -> list[Obstacle]:
    official, ours = (missing(client, names) for names in needed)
    found = []
    if official:
        what = f"{_have(official)} to be pulled first: {', '.join(official)}."
        found.append(Obstacle(what, "That happens by itself and takes some minutes.", fatal=False))
    if ours:
        what = f"{_have(ours)} to be built first: {', '.join(ours)}."
        found.append(Obstacle(what, "That happens by itself and takes some minutes.", fatal=False))
    return found


def _have(images: list[str]) -> str:
    return "1 image has" if len(images) == 1 else f"{len(images)} images have"


_FAILURES = (
    ("port is already allocated", "Somebody took a port between our look and our start.", "Start the lab again."),
    ("address already in use", "Somebody took a port between our look and our start.", "Start the lab again."),
    ("no space left", "The disk of the engine is full.", "Make room: docker system df, then docker system prune"),
    ("address pool", "The engine has no network left to give.", "Stop other labs, or: docker network prune"),
    ("pool overlaps", "The engine has no network left to give.", "Stop other labs, or: docker network prune"),
)


def start_failed(failure: CommandFailed) -> MachineError:
    """What it means that Compose gave up: in plain words where they are known, else in its own."""
    said = failure.output.lower()
    return next((MachineError(what, remedy) for words, what, remedy in _FAILURES if words in said), failure)
