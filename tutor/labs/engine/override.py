"""What a plan adds to `labs/system/compose.yaml`: settings, mounts, labels, and the doors beside the system. Pure.

The system's own file stays the source of truth. Refuses to change a container's hardening, and to publish anything
except on 127.0.0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tutor.labs.engine.base import PORTS, Mount, Plan

LAB, HOME, NETWORKS = "tutor.lab", "tutor.home", "tutor.networks"
DOORS = "doors"
PUBLISHED: Mapping[tuple[str, str], str] = {
    ("gateway", "http"): "GATEWAY_PORT",
    ("rabbitmq", "http"): "RABBITMQ_UI_PORT",
    ("consul", "http"): "CONSUL_UI_PORT",
    ("prometheus", "http"): "PROMETHEUS_PORT",
    ("alertmanager", "http"): "ALERTMANAGER_PORT",
    ("jaeger", "http"): "JAEGER_UI_PORT",
    ("observer", "http"): "OBSERVER_PORT",
}
"""The ports that the system's own file publishes, and the variable of each."""

SERVICES = ("gateway", "users", "orders", "inventory", "payments", "notifications", "observer")
TELEMETRY = {"jaeger": "OTLP_ENDPOINT", "observer": "OTLP_LOGS_ENDPOINT", "consul": "CONSUL_URL"}
CONFIG_TARGETS = {"gateway": "/etc/gateway", "prometheus": "/etc/prometheus", "alertmanager": "/etc/alertmanager"}
_NETWORKS = ("edge", "mesh", "users-db", "orders-db", "saga-db")


_DATABASES = {"users": "users-db", "orders": "orders-db"}


def networks_of(part: str) -> list[str]:
    """The networks that a part is on; a test holds them against the system's own file."""
    if part == DOORS:
        return list(_NETWORKS)
    if part.endswith("-db"):
        return [part]
    networks = ["edge"] if (part, "http") in PUBLISHED else []
    networks.append("mesh")
    if part in ("inventory", "payments", "notifications"):
        networks.append("saga-db")
    elif part in _DATABASES:
        networks.append(_DATABASES[part])
    return networks


def doors(plan: Plan) -> list[tuple[str, str]]:
    """Each (part, port) that is reached by a door: those of the plan that the system does not publish itself."""
    return [(part, port) for part in plan.parts for port in PORTS[part] if (part, port) not in PUBLISHED]


def published(plan: Plan) -> list[tuple[str, str]]:
    """Each (part, port) of the plan that the system publishes itself."""
    return [(part, port) for part in plan.parts for port in PORTS[part] if (part, port) in PUBLISHED]


def variables(plan: Plan, addresses: Mapping[str, str]) -> dict[str, str]:
    """What the Compose file is told about ports, and about parts that this plan leaves out."""
    told = {"FAULTS": "on", "HEALTH_INTERVAL": "10s"}
    for part, port in published(plan):
        told[PUBLISHED[part, port]] = addresses[f"{part}.{port}"].rpartition(":")[2]
    for part, variable in TELEMETRY.items():
        if part not in plan.parts:
            told[variable] = ""
    return told


def layer(plan: Plan, home: str, addresses: Mapping[str, str], door_file: Path) -> dict[str, Any]:
    """The second Compose file, as plain data."""
    services: dict[str, Any] = {part: {"labels": _labels(part, plan, home), **_own(part, plan)} for part in plan.parts}
    services[DOORS] = _doors(plan, addresses, door_file, _labels(DOORS, plan, home))
    return {"services": services, "networks": {name: {"labels": {HOME: home}} for name in _NETWORKS}}


def _labels(part: str, plan: Plan, home: str) -> dict[str, str]:
    """Whose it is. What one lab hands over to the next does not say which lab that is: Compose would make it anew."""
    labels = {HOME: home, NETWORKS: ",".join(networks_of(part))}
    return {**labels, LAB: plan.lab} if part in (*SERVICES, DOORS) else labels


def _own(part: str, plan: Plan) -> dict[str, Any]:
    own: dict[str, Any] = {}
    environment = {**_settings(part, plan)}
    if environment:
        own["environment"] = environment
    if part in plan.replicas:
        own["deploy"] = {"replicas": plan.replicas[part]}
    volumes = [_volume(mount) for mount in plan.mounts if mount.part == part]
    if volumes:
        own["volumes"] = volumes
    return own


def _settings(part: str, plan: Plan) -> dict[str, str]:
    if part not in SERVICES:
        return {}
    chosen = {**plan.settings.get("all", {}), **plan.settings.get(part, {})}
    if plan.transport == "redis":
        chosen.setdefault("EVENTS_URL", "redis://redis:6379/1")
    return chosen


def _volume(mount: Mount) -> str:
    target = f"/app/{mount.name}" if mount.target == "code" else CONFIG_TARGETS[mount.name]
    return f"{mount.source}:{target}:ro"


def _doors(plan: Plan, addresses: Mapping[str, str], door_file: Path, labels: Mapping[str, str]) -> dict[str, Any]:
    ways = [(addresses[f"{part}.{port}"].rpartition(":")[2], part, PORTS[part][port]) for part, port in doors(plan)]
    return {
        "image": "${PYTHON_IMAGE:-python:3.13-slim}",
        "init": True,
        "command": ["python", "/doors.py", *(f"{number}={part}:{inner}" for number, part, inner in ways)],
        "volumes": [f"{door_file}:/doors.py:ro"],
        "ports": [f"127.0.0.1:{number}:{number}" for number, _, _ in ways],
        "networks": networks_of(DOORS),
        "labels": labels,
        "user": "65534:65534",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": 32,
        "mem_limit": "64m",
        "restart": "unless-stopped",
    }
