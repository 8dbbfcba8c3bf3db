"""Which parts of the system read which files. Pure: refuses to look at the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tutor.labs.definition import SERVICES, Lab
from tutor.labs.engine.base import Mount, Plan

READERS: dict[str, tuple[str, ...]] = {
    "gateway": ("gateway",),
    "prometheus": ("prometheus",),
    "alertmanager": ("alertmanager",),
    "rabbitmq": ("rabbitmq",),
    "postgres": ("users-db", "orders-db", "saga-db"),
}
"""The parts that read a folder of `labs/system/config`."""


def readers(lab: Lab, folder: str) -> list[str]:
    """The parts of this lab that read a folder such as `services/orders`, `services/chassis`, `config/gateway`."""
    kind, _, name = folder.partition("/")
    if kind == "services":
        wanted: Sequence[str] = (*SERVICES, "observer") if name == "chassis" else (name,)
    else:
        wanted = READERS.get(name, ())
    return [part for part in lab.system.parts if part in wanted]


def touched(lab: Lab, files: Iterable[str]) -> list[str]:
    """The parts that have to be restarted to see these files of the workspace, in the order of the lab."""
    folders = {"/".join(file.split("/")[:2]) for file in files}
    found = {part for folder in folders for part in readers(lab, folder)}
    return [part for part in lab.system.parts if part in found]


def mounts(lab: Lab, workspace: Path) -> tuple[Mount, ...]:
    """What of the workspace replaces what inside of which part."""
    found = []
    for folder in lab.edit:
        kind, _, name = folder.partition("/")
        for part in readers(lab, folder):
            found.append(Mount(part, workspace / folder, "code" if kind == "services" else "config", name))
    return tuple(found)


def plan(lab: Lab, workspace: Path) -> Plan:
    """What the lab asks of an engine."""
    system = lab.system
    return Plan(lab.id, system.parts, system.settings, system.replicas, mounts(lab, workspace), system.transport)
