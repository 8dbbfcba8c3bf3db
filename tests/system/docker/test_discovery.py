"""Consul: instances say where they are and that they leave, and what cannot say so is noticed."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.system.harness.base import SERVICES
from tests.system.harness.docker import DockerSystem
from tests.system.harness.waiting import eventually

pytestmark = pytest.mark.docker


def _instances(system: DockerSystem, service: str, *, passing: bool = True) -> list[dict[str, Any]]:
    query = {"passing": "true"} if passing else {}
    try:
        answer = httpx.get(f"{system.url('consul')}/v1/health/service/{service}", params=query, timeout=5)
    except httpx.HTTPError:
        return []  # Consul itself is being started again
    assert answer.status_code == 200, answer
    found: list[dict[str, Any]] = answer.json()
    return found


def _known_to_the_gateway(system: DockerSystem, service: str) -> int:
    metrics = system.ops("gateway", "GET", "/metrics").body.decode()
    (value,) = re.findall(rf'^gateway_instances{{upstream="{service}"}} (\d+)', metrics, re.MULTILINE)
    return int(value)


def test_every_service_is_registered_and_passes(system: DockerSystem) -> None:
    """One instance each, by its own name, with the port that answers and the check that tells the truth."""
    for service in SERVICES:
        (instance,) = eventually(lambda service=service: _instances(system, service))  # type: ignore[misc]
        (container,) = system.containers(service)
        assert (instance["Service"]["Address"], instance["Service"]["Port"]) == (container.short_id, 8000)


def test_the_gateway_follows_what_comes_and_goes(system: DockerSystem) -> None:
    """A second instance is found, one that stops says goodbye, and both are known at once."""
    assert eventually(lambda: _known_to_the_gateway(system, "inventory") == 1)
    system.scale("inventory", 2)
    eventually(lambda: len(_instances(system, "inventory")) == 2)
    eventually(lambda: _known_to_the_gateway(system, "inventory") == 2)
    system.containers("inventory")[0].stop()
    assert len(_instances(system, "inventory", passing=False)) == 1
    eventually(lambda: _known_to_the_gateway(system, "inventory") == 1)


def test_what_was_killed_is_critical(system: DockerSystem) -> None:
    """It could not deregister: its check fails, and nobody is sent there."""
    system.kill("notifications")
    eventually(lambda: _instances(system, "notifications") == [])
    (instance,) = _instances(system, "notifications", passing=False)
    assert "critical" in {check["Status"] for check in instance["Checks"]}


def test_a_registry_that_forgets_is_told_again(system: DockerSystem) -> None:
    """Consul starts anew with an empty memory, and everybody registers without being restarted."""
    system.stop("consul")
    system.start("consul")
    for service in SERVICES:
        eventually(lambda service=service: _instances(system, service))  # type: ignore[misc]
    assert system.call("GET", "/api/products").status == 200
