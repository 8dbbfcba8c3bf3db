"""What the system says about itself: rates, errors and durations by route, and one trace through all of it."""

from __future__ import annotations

import random
import secrets
import string
from typing import Any

import httpx

from gateway.routes_file import read
from processes.environment import ROUTES
from tests.system.harness.base import SERVICES, Account, System
from tests.system.harness.waiting import eventually

SCANNED = 60
OWN = {"unmatched", "/health/live", "/health/ready", "/openapi.json"}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"}


def _odd_paths(seed: int) -> list[str]:
    """Paths as a scanner tries them: different each, and most of them nothing."""
    draw = random.Random(seed)
    known = ["/api/orders/", "/api/users/", "/api/", "/", "/.git/", "/wp-admin/", "/api/stock/"]
    letters = string.ascii_letters + string.digits + "-_~"
    return [draw.choice(known) + "".join(draw.choices(letters, k=12)) for _ in range(SCANNED)]


def _templates(system: System, service: str) -> set[str]:
    """Every route that the service has, as it is written down."""
    contract = httpx.get(f"{system.url(service)}/openapi.json", timeout=10).json()
    return {*contract["paths"], *OWN}


def test_a_scan_of_random_addresses_makes_no_new_series(system: System, customer: Account) -> None:
    """Labels are methods, statuses and the templates of routes, whatever was asked; what was not found has one name."""
    for path in _odd_paths(1):
        for method in ("GET", "BREW"):
            assert system.call(method, path, token=customer.token).status in range(400, 500), path
    for service in SERVICES:
        for path in _odd_paths(2)[:10]:
            system.call("GET", path.removeprefix("/api"), token=customer.token, service=service)
    routed = {route.path for route in read(ROUTES, {}).routes}
    for service in SERVICES:
        allowed = _templates(system, service) | (routed if service == "gateway" else set())
        for name in ("http_requests_total", "http_request_duration_seconds_bucket"):
            series = system.series(service, name)
            assert {labels["route"] for labels, _ in series} <= allowed, service
            assert {labels["method"] for labels, _ in series} <= METHODS
        assert system.metric(service, "http_requests_total", route="unmatched") > 0, service


def test_a_request_is_counted_and_timed_by_its_route(system: System, customer: Account) -> None:
    """Rate, errors and duration: at the gateway by the route that clients know, at orders by its own."""
    names = {"gateway": "/api/orders/{id}/status", "orders": "/orders/{order_id}/status"}
    order_id = system.placed(customer)

    def seen() -> dict[str, tuple[float, float, float]]:
        return {
            service: (
                system.metric(service, "http_requests_total", method="GET", route=route, status="200"),
                system.metric(service, "http_requests_total", method="GET", route=route, status="404"),
                system.metric(service, "http_request_duration_seconds_count", method="GET", route=route),
            )
            for service, route in names.items()
        }

    before = seen()
    for asked in (order_id, order_id, secrets.token_hex(16)):
        system.call("GET", f"/api/orders/{asked}/status", token=customer.token)
    added = {
        service: tuple(now - then for now, then in zip(seen()[service], before[service], strict=True))
        for service in names
    }
    assert added == {"gateway": (2, 1, 3), "orders": (2, 1, 3)}


def test_one_trace_leads_from_the_gateway_to_the_message(system: System, saga: str, customer: Account) -> None:
    """One order, one trace, one tree: all services, their databases, both ends of the broker, the providers."""
    trace = secrets.token_hex(16)
    sent = {"Idempotency-Key": secrets.token_hex(8), "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    body = {"lines": [{"sku": "STICKER", "quantity": 1}]}
    order = system.call("POST", "/api/orders", token=customer.token, json=body, headers=sent)
    assert order.status == 201, order
    system.settled(customer, order.json()["id"])

    def complete() -> bool:
        found = httpx.get(f"{system.traces_url}/api/traces/{trace}", timeout=10)
        assert found.status_code == 200
        (whole,) = found.json()["data"]
        assert _services(whole) >= {"gateway", "orders", "inventory", "payments", "notifications"}
        assert _kinds(whole) >= {"server", "client", "producer", "consumer"}
        assert {"order.created publish", "order.confirmed process", "notify.email process"} <= _names(whole)
        assert _orphans(whole) == 1  # the one whose parent is the client
        return True

    eventually(complete)


def _services(trace: dict[str, Any]) -> set[str]:
    return {process["serviceName"] for process in trace["processes"].values()}


def _names(trace: dict[str, Any]) -> set[str]:
    return {span["operationName"] for span in trace["spans"]}


def _kinds(trace: dict[str, Any]) -> set[str]:
    return {str(tag["value"]) for span in trace["spans"] for tag in span["tags"] if tag["key"] == "span.kind"}


def _orphans(trace: dict[str, Any]) -> int:
    """How many spans have no parent in the trace."""
    known = {span["spanID"] for span in trace["spans"]}
    return sum(not any(one["spanID"] in known for one in span["references"]) for span in trace["spans"])
