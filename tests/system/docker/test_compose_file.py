"""What the Compose files promise, read as Compose itself reads them: sizes, ports, versions, secrets."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.system.docker.conftest import NewProject
from tests.system.harness.docker import PUBLISHED

pytestmark = pytest.mark.docker

MEBIBYTE = 1024 * 1024
VERSION = re.compile(r".+:v?\d+(\.\d+)*(-[a-z]+)?$")


@pytest.fixture
def services(new_project: NewProject) -> dict[str, Any]:
    """Every service, as `docker compose config` resolves it."""
    return _services(new_project, "*")


def _services(new_project: NewProject, *profiles: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(new_project(profiles=profiles).compose("config", "--format", "json"))
    found: dict[str, Any] = described["services"]
    return found


@pytest.mark.parametrize(
    ("profile", "containers", "mebibytes"), [("", 8, 1536), ("*", 18, 3584)], ids=["core", "everything"]
)
def test_it_fits_a_laptop(new_project: NewProject, profile: str, containers: int, mebibytes: int) -> None:
    """Each container has a memory limit, and together they stay within the budget."""
    found = _services(new_project, *filter(None, [profile]))
    assert len(found) <= containers
    limits = [int(service["mem_limit"]) for service in found.values()]
    assert sum(limits) <= mebibytes * MEBIBYTE


def test_profiles_hold_what_their_names_say(new_project: NewProject) -> None:
    """The core runs alone, and each profile adds its own."""
    core = {"gateway", "users", "orders", "users-db", "orders-db", "rabbitmq", "redis"}
    assert set(_services(new_project)) == core
    added = {
        "saga": {"inventory", "payments", "notifications", "saga-db"},
        "discovery": {"consul"},
        "observability": {"prometheus", "alertmanager", "jaeger", "observer"},
    }
    for profile, names in added.items():
        assert set(_services(new_project, profile)) - core == names


def test_only_the_gateway_and_the_tools_pages_are_published(services: dict[str, Any]) -> None:
    """On the loopback address, and each on a port of the user's choice."""
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(published) == set(PUBLISHED)
    for ports in published.values():
        assert [port["host_ip"] for port in ports] == ["127.0.0.1"]


def test_images_are_pinned_by_version(services: dict[str, Any]) -> None:
    """Never `latest`, never a bare name: patches of a release line may come by themselves, another release may not."""
    images = {service["image"] for service in services.values() if not service["image"].startswith("shop/")}
    assert [image for image in sorted(images) if not VERSION.match(image)] == []


def test_nobody_waits_for_anybody(services: dict[str, Any]) -> None:
    """Start order is no crutch here: services cope with anything being away."""
    assert [name for name, service in services.items() if service.get("depends_on")] == []


def test_containers_have_no_fixed_name(services: dict[str, Any]) -> None:
    """A fixed name would forbid a second instance, and a second copy of the system."""
    assert [name for name, service in services.items() if service.get("container_name")] == []


def test_faults_are_off_unless_asked_for(services: dict[str, Any]) -> None:
    """The fault endpoints exist in a lab that wants them, and nowhere else."""
    told = {name: service.get("environment", {}).get("FAULTS") for name, service in services.items()}
    assert {value for value in told.values() if value is not None} == {"off"}


def test_a_service_knows_its_own_secrets_only(services: dict[str, Any]) -> None:
    """No service is given the database password or the key of another one, nor the superuser's."""
    for name, service in services.items():
        if not service["image"].startswith("shop/"):
            continue
        told = json.dumps(service.get("environment", {}))
        passwords = {"users-lab", "orders-lab", "inventory-lab", "payments-lab", "notifications-lab", "postgres-lab"}
        keys = {"lab-gateway-key", "lab-orders-key"}
        others = (passwords | keys) - {f"{name}-lab", f"lab-{name}-key"}
        assert [secret for secret in others if secret in told] == []
