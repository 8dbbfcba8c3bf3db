"""What Docker knows of a container, under the names that checks use (`PartFacts.inspect`). Refuses to pass on more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROJECT = "com.docker.compose.project"
STOP_SECONDS = 10
"""What Docker takes when nothing is said."""


def inspected(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The container as `docker inspect` shows it, in our words."""
    config, host = attributes["Config"], attributes["HostConfig"]
    project = (config.get("Labels") or {}).get(PROJECT, "")
    networks = (attributes.get("NetworkSettings") or {}).get("Networks") or {}
    memory, cpus = host.get("Memory") or 0, host.get("NanoCpus") or 0
    return {
        "user": config.get("User") or "root",
        "read_only": bool(host.get("ReadonlyRootfs")),
        "cap_drop": list(host.get("CapDrop") or ()),
        "limits": {
            "memory_mb": memory // 1024**2 if memory else None,
            "cpus": cpus / 1e9 if cpus else None,
            "pids": host.get("PidsLimit") or None,
        },
        "mounts": [
            {"source": one.get("Source", ""), "target": one["Destination"], "writable": bool(one.get("RW"))}
            for one in attributes.get("Mounts") or ()
        ],
        "networks": sorted(name.removeprefix(f"{project}_") for name in networks),
        "image": config.get("Image", ""),
        "environment": dict(one.partition("=")[::2] for one in config.get("Env") or ()),
        "stop_seconds": STOP_SECONDS if config.get("StopTimeout") is None else config["StopTimeout"],
    }
