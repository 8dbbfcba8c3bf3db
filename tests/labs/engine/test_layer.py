"""What labs lay over the system's Compose file: held against that file, so that it cannot drift away from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tutor.labs.engine import obstacles, override
from tutor.labs.engine.base import PORTS, Mount, Plan

COMPOSE = Path(__file__).resolve().parents[3] / "labs" / "system" / "compose.yaml"
SYSTEM: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
PARTS = tuple(PORTS)
ADDRESSES = {f"{part}.{port}": "127.0.0.1:20000" for part in PORTS for port in PORTS[part]}


def _layer(plan: Plan) -> dict[str, Any]:
    return override.layer(plan, "/home", ADDRESSES, Path("/doors.py"))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_on_the_networks_that_the_system_gives_it(part: str) -> None:
    """`disconnect` and `connect` have to know them."""
    assert sorted(override.networks_of(part)) == sorted(SYSTEM["services"][part]["networks"])


@pytest.mark.parametrize("part", PARTS)
def test_memory_that_is_asked_for_is_that_of_the_limits(part: str) -> None:
    """The preflight neither refuses a machine that is large enough, nor lets one through that is not."""
    limit = SYSTEM["services"][part]["mem_limit"]
    mebibytes = int(re.fullmatch(r"(\d+)m", limit)[1])  # type: ignore[index]
    assert mebibytes <= obstacles.MEMORY.get(part, obstacles.OTHER_MEMORY)


def test_every_published_port_can_be_chosen(tmp_path: Path) -> None:
    """Each port that the system publishes has a variable, and is on the loopback; no other part publishes any."""
    for part, service in SYSTEM["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (part, port)
            variable, inner = re.fullmatch(r"127\.0\.0\.1:\$\{([A-Z_]+):-\d+\}:(\d+)", port).groups()  # type: ignore[union-attr]
            name = next(name for name, number in PORTS[part].items() if number == int(inner))
            assert override.PUBLISHED[part, name] == variable
    published = {part for part, service in SYSTEM["services"].items() if service.get("ports")}
    assert published == {part for part, _ in override.PUBLISHED}


def test_labs_publish_on_the_loopback_alone() -> None:
    """What the system does not publish is reached by doors: not root, no rights, nothing to write to."""
    layer = _layer(Plan("a-lab", PARTS))
    doors = layer["services"].pop(override.DOORS)
    assert all(port.startswith("127.0.0.1:") for port in doors["ports"])
    assert (doors["read_only"], doors["cap_drop"], doors["user"]) == (True, ["ALL"], "65534:65534")
    assert all("ports" not in service and "privileged" not in service for service in layer["services"].values())


def test_everything_carries_whose_it_is_and_services_carry_the_lab() -> None:
    """What one lab hands over to the next is the same for both: Compose makes anew what differs."""
    one, two = _layer(Plan("a-lab", PARTS)), _layer(Plan("b-lab", PARTS))
    for kind in ("services", "networks"):
        assert all(made["labels"][override.HOME] == "/home" for made in one[kind].values())
    for part, made in one["services"].items():
        ours = part in (*override.SERVICES, override.DOORS)
        assert made["labels"].get(override.LAB) == ("a-lab" if ours else None)
        assert (made == two["services"][part]) is not ours
    assert one["networks"] == two["networks"]


def test_the_workspace_can_be_read_and_not_written() -> None:
    """Code over its package, configuration over its folder."""
    mounts = (
        Mount("orders", Path("/work/services/orders"), "code", "orders"),
        Mount("gateway", Path("/work/config/gateway"), "config", "gateway"),
    )
    services = _layer(Plan("a-lab", ("gateway", "orders"), mounts=mounts))["services"]
    assert services["orders"]["volumes"] == ["/work/services/orders:/app/orders:ro"]
    assert services["gateway"]["volumes"] == ["/work/config/gateway:/etc/gateway:ro"]


def test_settings_reach_services_and_not_tools() -> None:
    """Those for all first, then a service's own; events travel on Redis when the plan says so."""
    plan = Plan(
        "a-lab", ("orders", "redis"), {"all": {"SAGA": "a", "X": "1"}, "orders": {"SAGA": "b"}}, transport="redis"
    )
    services = _layer(plan)["services"]
    assert services["orders"]["environment"] == {"SAGA": "b", "X": "1", "EVENTS_URL": "redis://redis:6379/1"}
    assert "environment" not in services["redis"]
    assert override.variables(plan, ADDRESSES)["OTLP_ENDPOINT"] == ""
