"""Every line that anything has logged so far, in all tests before this one: what it must hold, and what it must not.

Comes last by its name. It asks for what it needs itself, so that it proves the same when it is run alone.
"""

from __future__ import annotations

import json
import secrets

from tests.system.harness.base import PASSWORD, SERVICES, Account, System
from tests.system.harness.waiting import eventually

PARTS = (*SERVICES, "broker", "redis")


def test_no_log_holds_a_secret(system: System, customer: Account) -> None:
    """No configured secret, password, token or personal address, however things went wrong."""
    opaque = system.login(customer.email, PASSWORD, token_type="opaque")
    wrong = f"wrong-{secrets.token_hex(8)}"
    system.call("POST", "/api/auth/login", json={"email": customer.email, "password": wrong})
    system.call("POST", "/api/users", json={"email": customer.email, "password": PASSWORD, "name": "Ada"})
    system.call("POST", "/api/users", json={"email": customer.email, "password": {"secret": PASSWORD}})
    system.call("GET", "/api/orders", token=customer.token[:-4] + "abcd")
    system.call("GET", f"/api/orders?access_token={opaque['access_token']}", token=customer.token)
    system.settled(customer, system.placed(customer))
    system.call("POST", "/api/auth/logout", token=opaque["access_token"])
    tokens = [customer.token, customer.refresh_token, opaque["access_token"], opaque["refresh_token"]]
    hidden = [*system.secrets, *tokens, PASSWORD, wrong, customer.email]
    eventually(lambda: "POST /auth/logout 204" in system.logs("users"))
    logs = {part: system.logs(part) for part in PARTS}
    assert [(part, secret) for part, log in logs.items() for secret in hidden if secret in log] == []


def test_each_line_of_a_service_is_an_object_that_says_whose_it_is(system: System, customer: Account) -> None:
    """JSON with time, level, service, instance, and the ids that tie it to a request; found again by either of them."""
    correlation = secrets.token_hex(16)
    sent = {"Idempotency-Key": secrets.token_hex(8), "X-Correlation-Id": correlation}
    order = {"lines": [{"sku": "STICKER", "quantity": 1}]}
    answer = system.call("POST", "/api/orders", token=customer.token, json=order, headers=sent)
    assert (answer.status, answer.headers["x-correlation-id"]) == (201, correlation)
    concerned = {"gateway", "orders", "notifications"}
    eventually(lambda: {name for name in SERVICES if correlation in system.logs(name)} >= concerned)
    for service in SERVICES:
        lines = [json.loads(line) for line in system.logs(service).splitlines()]
        wanted = {"ts", "level", "message", "service", "instance", "trace_id", "span_id", "correlation_id"}
        assert all(wanted <= line.keys() and line["service"] == service for line in lines)
        ours = [line for line in lines if line["correlation_id"] == correlation]
        assert all(line["trace_id"] for line in ours)
    (trace,) = {json.loads(line)["trace_id"] for line in system.logs("gateway").splitlines() if correlation in line}
    assert trace in system.logs("notifications")
