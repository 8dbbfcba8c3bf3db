"""What a supervisor may be asked to run, and how settings are told where parts are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from processes.supervisor.order import read
from processes.supervisor.wiring import Places, Variables


def _order(**more: Any) -> dict[str, Any]:
    return {
        "project": "p", "record": "/r", "logs": "/l", "parts": ["gateway", "orders", "redis"],
        "replicas": {"orders": 2}, "settings": {}, "replacements": [], "transport": "redis", **more,
    }  # fmt: skip


def test_parts_that_cannot_run_here_are_refused() -> None:
    """By name, before anything is started."""
    with pytest.raises(ValueError, match="consul"):
        read(_order(parts=["consul"]))
    with pytest.raises(ValueError, match="redis"):
        read(_order(replicas={"redis": 2}))


def test_the_gateway_knows_each_instance_and_others_one_address() -> None:
    """Several instances have an address together, and one each."""
    order = read(_order(replacements=[{"part": "gateway", "source": "/ws/config/gateway", "target": "config",
                                       "name": "gateway"}]))  # fmt: skip
    places = Places(order)
    found = Variables(order, places, Path("/run")).of("gateway", "gateway-1")
    both = [places.instances[name].url for name in ("orders-1", "orders-2")]
    assert found["ORDERS_URL"] == ",".join(both)
    assert places.doors["orders"].url not in both
    assert found["ROUTES_FILE"] == "/ws/config/gateway/routes.yaml"
    assert set(places.addresses(set())) == {"gateway.http", "gateway.ops", "orders.http", "orders.ops", "redis.redis"}


def test_no_setting_moves_a_service_to_another_address() -> None:
    """An order that wants to be reached from elsewhere is not."""
    order = read(_order(settings={"all": {"HOST": "0.0.0.0", "PORT": "80"}}))
    places = Places(order)
    found = Variables(order, places, Path("/run")).of("orders", "orders-1")
    assert (found["HOST"], found["PORT"]) == ("127.0.0.1", str(places.instances["orders-1"].port))


def test_settings_that_name_parts_as_containers_do_are_translated() -> None:
    """A lab is written once, for all engines; what is no part stays as it is."""
    order = read(_order(settings={"all": {"EVENTS_URL": "redis://redis:6379/1"},
                                  "orders": {"PAYMENTS_URL": "http://payments:8000", "X": "http://example.test:8000",
                                             "Y": "http://gateway:9000/health"}}))  # fmt: skip
    places = Places(order)
    variables = Variables(order, places, Path("/run"))
    found = variables.of("orders", "orders-2")
    assert found["EVENTS_URL"] == f"redis://:{variables.redis_password}@127.0.0.1:{places.servers['redis.redis']}/1"
    assert found["PAYMENTS_URL"] == places.doors["payments"].url
    assert found["X"] == "http://example.test:8000"
    assert found["Y"] == f"http://127.0.0.1:{places.doors['gateway'].ops_port}/health"
    assert found["PORT"] == str(places.instances["orders-2"].port) and found["INSTANCE_ID"] == "orders-2"
