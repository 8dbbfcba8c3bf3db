"""Metrics, alerts, traces and logs arrive where one looks for them, and secrets do not."""

from __future__ import annotations

import secrets
import time
from typing import Any

import httpx
import pytest

from tests.system.harness.base import PASSWORD, SERVICES, Account
from tests.system.harness.compose import inside
from tests.system.harness.docker import DockerSystem
from tests.system.harness.waiting import eventually

pytestmark = pytest.mark.docker


def _get(url: str, **query: Any) -> Any:
    answer = httpx.get(url, params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _value(system: DockerSystem, question: str) -> float | None:
    """One number from Prometheus."""
    found = _get(f"{system.url('prometheus')}/api/v1/query", query=question)["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def _told(system: DockerSystem, name: str, service: str, since_us: int) -> list[str]:
    """What the webhook sink was told of an alert since then, the oldest first: firing, resolved."""
    alerts = _get(f"{system.url('observer')}/alerts", name=name)["alerts"]
    ours = [alert for alert in alerts if alert["labels"]["service"] == service and alert["received_us"] > since_us]
    return [alert["status"] for alert in reversed(ours)]


def test_every_target_is_scraped(system: DockerSystem) -> None:
    """All services, the observer and the broker are up, and each under its own name."""

    def all_up() -> bool:
        targets = _get(f"{system.url('prometheus')}/api/v1/targets")["data"]["activeTargets"]
        up = {target["labels"]["service"] for target in targets if target["health"] == "up"}
        assert up >= {*SERVICES, "observer", "rabbitmq", "prometheus"}, up
        assert {target["health"] for target in targets} == {"up"}, targets
        return True

    eventually(all_up, 60)


def test_what_the_rules_compute_is_there(system: DockerSystem, customer: Account) -> None:
    """Rate and latency by service and by route, the age of the outbox, and dead letters by subscription."""
    system.settled(customer, system.placed(customer))
    system.call("GET", "/api/orders", token=customer.token)
    for question in (
        'service:http_requests:rate1m{service="gateway"}',
        'route:http_requests:rate1m{service="orders", method="POST", route="/orders"}',
        'service:http_request_duration_seconds:p99_1m{service="orders"}',
        'service:http_errors:ratio1m{service="gateway"}',
        'service:outbox_oldest_seconds:max{service="orders"}',
        'subscription:dead_letters:max{service="notifications"}',
        'subscription:events_handled:rate1m{service="inventory"}',
        'rabbitmq_detailed_queue_messages{queue="payments.orders"}',
    ):
        eventually(lambda question=question: _value(system, question) is not None, 60)  # type: ignore[misc]


def test_the_rules_say_what_they_should(system: DockerSystem) -> None:
    """Rules against invented series (rules_test.yml), and the route of alerts, by the tools of those who read them."""
    (prometheus,), (alertmanager,) = system.containers("prometheus"), system.containers("alertmanager")
    for container, command in (
        (prometheus, "promtool test rules /etc/prometheus/rules_test.yml"),
        (prometheus, "promtool check config /etc/prometheus/prometheus.yml"),
        (alertmanager, "amtool check-config /etc/alertmanager/alertmanager.yml"),
    ):
        code, text = inside(container, *command.split())
        assert code == 0, text


def test_an_alert_fires_reaches_somebody_and_resolves(system: DockerSystem) -> None:
    """Notifications is stopped and started again: both are told to the webhook, in that order."""
    eventually(lambda: _value(system, 'max_over_time(up{service="notifications"}[15m])') == 1, 60)
    begun = time.time_ns() // 1000
    system.stop("notifications")
    eventually(lambda: _told(system, "TargetDown", "notifications", begun) == ["firing"], 90)
    system.start("notifications")
    eventually(lambda: _told(system, "TargetDown", "notifications", begun) == ["firing", "resolved"], 90)


def test_one_trace_leads_from_the_gateway_to_the_message(system: DockerSystem, customer: Account) -> None:
    """One order, one trace: every service, each database, both ends of the broker, in one tree."""
    trace = secrets.token_hex(16)
    sent = {"Idempotency-Key": secrets.token_hex(8), "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    body = {"lines": [{"sku": "STICKER", "quantity": 1}]}
    order = system.call("POST", "/api/orders", token=customer.token, json=body, headers=sent)
    assert order.status == 201, order
    system.settled(customer, order.json()["id"])

    def complete() -> bool:
        found = httpx.get(f"{system.url('jaeger')}/api/traces/{trace}", timeout=10)
        assert found.status_code == 200
        (whole,) = found.json()["data"]
        services = {process["serviceName"] for process in whole["processes"].values()}
        assert services >= {"gateway", "orders", "inventory", "payments", "notifications"}, services
        assert _kinds(whole) >= {"server", "client", "producer", "consumer"}
        assert _in_one_tree(whole)
        return True

    eventually(complete, 30)


def _kinds(trace: dict[str, Any]) -> set[str]:
    tags = (tag for span in trace["spans"] for tag in span["tags"])
    return {str(tag["value"]) for tag in tags if tag["key"] == "span.kind"}


def _in_one_tree(trace: dict[str, Any]) -> bool:
    """Every span has a parent in the trace, but for the one whose parent is the client that asked."""
    known = {span["spanID"] for span in trace["spans"]}
    orphans = [
        span["operationName"]
        for span in trace["spans"]
        if not any(reference["spanID"] in known for reference in span["references"])
    ]
    return len(orphans) == 1


def test_logs_of_one_request_are_found_in_one_place(system: DockerSystem, customer: Account) -> None:
    """By its correlation id, from the gateway to the message that was sent because of it."""
    correlation = secrets.token_hex(16)
    sent = {"Idempotency-Key": secrets.token_hex(8), "X-Correlation-Id": correlation}
    body = {"lines": [{"sku": "STICKER", "quantity": 1}]}
    order = system.call("POST", "/api/orders", token=customer.token, json=body, headers=sent)
    assert (order.status, order.headers["x-correlation-id"]) == (201, correlation)

    def everywhere() -> bool:
        lines = _get(f"{system.url('observer')}/logs", correlation_id=correlation, limit=1000)["lines"]
        services = {line["service"] for line in lines}
        assert services >= {"gateway", "orders", "notifications"}, services
        assert all(line["trace_id"] for line in lines)
        return True

    eventually(everywhere, 30)


def test_no_log_holds_a_secret(system: DockerSystem, customer: Account) -> None:
    """Not one configured secret, password or token, in what any container has printed or the log store has kept."""
    system.login(customer.email, PASSWORD, token_type="opaque")
    system.call("POST", "/api/auth/login", json={"email": customer.email, "password": "wrong-" + PASSWORD})
    system.call("GET", "/api/orders", token=customer.token[:-4] + "abcd")
    system.settled(customer, system.placed(customer))
    system.admin_token()
    told = [PASSWORD, customer.token, customer.refresh_token, *system.secrets]
    names = {str(one.labels["com.docker.compose.service"]) for one in system.project.containers()}
    kept = str(_get(f"{system.url('observer')}/logs", limit=5000))
    printed = {name: system.logs(name) for name in names} | {"the log store": kept}
    assert [(name, secret) for name, text in printed.items() for secret in told if secret in text] == []
    assert "POST /auth/login" in printed["users"]  # or the search would have proved nothing
