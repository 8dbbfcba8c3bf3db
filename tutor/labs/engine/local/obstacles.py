"""What stands in the way of a plan without Docker, in plain words. Refuses to change anything about it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tutor.labs.engine.base import Obstacle, Plan
from tutor.labs.engine.local.dependencies import SIZE, Dependencies

_NOT_HERE = {
    "consul": "a real Consul, which no Python package brings",
    "prometheus": "a real Prometheus, which no Python package brings",
    "alertmanager": "a real Alertmanager, which no Python package brings",
}
_DOCKER = "Install Docker with Compose v2, and start the lab again."
_SCRIPTS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")
SWITCH = "TUTOR_RABBITMQ"
"""Set to `off`, an installed RabbitMQ is left alone."""

MEBIBYTE = 1024 * 1024
ROOM = 300
"""MiB for the data of a lab."""


def obstacles(plan: Plan, dependencies: Dependencies) -> Iterator[Obstacle]:
    """Each obstacle; those that only have to be known are not fatal."""
    if os.name == "nt":
        yield Obstacle("Labs without Docker need Linux or macOS.", f"{_DOCKER} Or run tutor inside WSL.")
        return
    for part in plan.parts:
        if part in _NOT_HERE:
            yield Obstacle(f"This lab needs {_NOT_HERE[part]}.", _DOCKER)
    yield from _events(plan)
    if "jaeger" in plan.parts:
        yield Obstacle(
            "Jaeger itself runs only in Docker: observer takes the traces in its place, and answers the same queries.",
            "Nothing has to be done.",
            fatal=False,
        )
    yield from _packages(dependencies)
    yield from _room()


def carrier(plan: Plan) -> str:
    """What carries the events of a plan here: `amqp`, `redis`, or `streams` in place of a RabbitMQ that is not here."""
    if plan.transport == "any":
        return "amqp" if rabbitmq() else "streams"
    return plan.transport


def rabbitmq() -> Path | None:
    """The installed RabbitMQ, if there is one, and it may be used."""
    if os.environ.get(SWITCH) == "off":
        return None
    for folder in _SCRIPTS:
        if (Path(folder) / "rabbitmq-server").exists():
            return Path(folder) / "rabbitmq-server"
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


def _events(plan: Plan) -> Iterator[Obstacle]:
    if "rabbitmq" not in plan.parts:
        return
    found = rabbitmq()
    if found is not None:
        what = f"Events go over the RabbitMQ that is installed here ({found}), as a process of this lab's own."
        yield Obstacle(what, f"Nothing has to be done; {SWITCH}=off takes Redis Streams instead.", fatal=False)
    elif plan.transport == "any":
        what = "There is no rabbitmq-server to be used: events go over Redis Streams, in a Valkey that takes its place."
        yield Obstacle(what, "Install rabbitmq-server to see the real one.", fatal=False)
    else:
        what = "This lab looks into a real RabbitMQ, and no rabbitmq-server is installed here."
        yield Obstacle(what, f"Install rabbitmq-server (apt, brew), which is then used as it is. Or: {_DOCKER.lower()}")


def _packages(dependencies: Dependencies) -> Iterator[Obstacle]:
    if lacking := dependencies.lacking():
        yield Obstacle(
            f"The packages that the services import are missing. {lacking}",
            "Install tutor with the extra `system`, or give this Python pip (on Debian: apt install python3-venv).",
        )
    elif dependencies.python() is None:
        what = f"The packages that the services import are installed first, once: {SIZE}."
        yield Obstacle(what, "That happens by itself and takes about a minute.", fatal=False)


def _room() -> Iterator[Obstacle]:
    folder = tempfile.gettempdir()
    try:
        free = shutil.disk_usage(folder).free // MEBIBYTE
    except OSError:
        return
    if free < ROOM:
        yield Obstacle(f"Only {free} MiB are free in {folder}, where a lab keeps its data.", "Make room there.")
