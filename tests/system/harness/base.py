"""What a test may do to a running system, whatever runs it: processes or containers.

Refuses to hide what was sent and what came back: a call is one HTTP request, without retries or redirects. Only who
registers or logs in on the way to something else comes back when a busy system tells them when to.

Parts are named alike everywhere: the services by their names, `broker`, `redis`, and `<service>-db`.
"""

from __future__ import annotations

import json as jsonlib
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.system.harness.waiting import eventually

SERVICES = ("users", "orders", "gateway", "inventory", "payments", "notifications")
# What anybody may ask the gateway, and only this service can answer.
OPEN_PATHS = {"users": "/api/.well-known/jwks.json", "orders": "/api/products", "inventory": "/api/stock"}
CALL_TIMEOUT = 20.0
COMES_BACK = 5
PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Response:
    """One answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which must be JSON."""
        return jsonlib.loads(self.body)


@dataclass(frozen=True)
class Account:
    """A registered user with a fresh session."""

    id: str
    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class System(ABC):
    """A running system. Implementations start, stop and look into it their own way."""

    name: str
    transport: Literal["redis", "amqp"]

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._http = httpx.Client(timeout=CALL_TIMEOUT, limits=limits, trust_env=False)

    def close(self) -> None:
        """Let go of connections; the system itself is its starter's to stop."""
        self._http.close()

    # where things are

    @abstractmethod
    def url(self, service: str) -> str:
        """The business port of a service as the tests reach it; for `gateway` the front door."""

    @abstractmethod
    def ops_url(self, service: str) -> str:
        """The operations port of a service: health, metrics, faults, the payment provider's stub."""

    @property
    @abstractmethod
    def admin_login(self) -> tuple[str, str]:
        """E-mail and password of the administrator made at the first start."""

    @property
    @abstractmethod
    def secrets(self) -> list[str]:
        """Every configured secret: none may appear in a log."""

    @property
    @abstractmethod
    def encryption_key(self) -> str:
        """What the signing keys in users' database are sealed with."""

    @property
    @abstractmethod
    def traces_url(self) -> str:
        """Where Jaeger's query API is answered."""

    @property
    @abstractmethod
    def events_url(self) -> str:
        """The broker, as the tests reach it: what the chassis' `connect` takes."""

    @abstractmethod
    def service_key(self, service: str) -> str:
        """The API key by which this service calls others."""

    # what can be done to it

    @abstractmethod
    def start(self, *parts: str) -> None:
        """Start parts that were stopped or killed; returns without waiting for readiness."""

    @abstractmethod
    def stop(self, part: str) -> None:
        """SIGTERM and wait; for a database: refuse connections and cut those there are."""

    @abstractmethod
    def kill(self, part: str) -> None:
        """SIGKILL."""

    @abstractmethod
    def pause(self, part: str) -> None:
        """Freeze: connections stay open, nothing answers."""

    @abstractmethod
    def resume(self, part: str) -> None:
        """End a pause."""

    @abstractmethod
    def configure(self, service: str, **variables: str) -> None:
        """Restart a service with these variables; from now on they are its own."""

    @abstractmethod
    def reconfigure(self, service: str, **variables: str) -> None:
        """Restart a service with these variables on top of its own; without any, with its own again."""

    @abstractmethod
    def wait_ready(self, *services: str, timeout: float = 60) -> None:
        """Until these services, all by default, answer 200 on /health/ready."""

    @abstractmethod
    def mend(self) -> None:
        """Everything runs as configured, without faults; returns when all is ready."""

    # what can be seen of it

    @abstractmethod
    def sql(self, service: str, statement: str) -> list[dict[str, Any]]:
        """Rows of one statement in a service's database: a SELECT, or a change with RETURNING."""

    @abstractmethod
    def logs(self, part: str) -> str:
        """Everything a part has logged so far."""

    # conveniences, the same everywhere

    @property
    def gateway_url(self) -> str:
        """The front door, without /api."""
        return self.url("gateway")

    def call(  # one request has that many sides
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        service: str = "gateway",
        timeout: float = CALL_TIMEOUT,
    ) -> Response:
        """One request, through the gateway unless `service` names another one."""
        return self._send(self.url(service) + path, method, token, json, content, headers, timeout)

    def ops(self, service: str, method: str, path: str, json: Any = None) -> Response:
        """One request to a service's operations port."""
        return self._send(self.ops_url(service) + path, method, None, json, None, None, CALL_TIMEOUT)

    def _send(
        self,
        url: str,
        method: str,
        token: str | None,
        json: Any,
        content: bytes | None,
        headers: Mapping[str, str] | list[tuple[str, str]] | None,
        timeout: float,
    ) -> Response:
        sent = list(headers.items() if isinstance(headers, Mapping) else headers or [])
        if token is not None:
            sent.append(("Authorization", f"Bearer {token}"))
        answer = self._http.request(method, url, json=json, content=content, headers=sent, timeout=timeout)
        return Response(
            answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content
        )

    def _patiently(self, path: str, body: Any) -> Response:
        for _ in range(COMES_BACK):
            answer = self.call("POST", path, json=body)
            if answer.status not in (429, 503):
                break
            time.sleep(int(answer.headers["retry-after"]))
        return answer

    def login(self, email: str, password: str, token_type: str = "jwt") -> dict[str, Any]:
        """A session of an existing user, as the login answers it."""
        body = {"email": email, "password": password, "token_type": token_type}
        answer = self._patiently("/api/auth/login", body)
        assert answer.status == 200, answer
        tokens: dict[str, Any] = answer.json()
        return tokens

    def register(self, name: str = "Test", **extra: Any) -> Account:
        """A new user, logged in."""
        email = f"user-{uuid.uuid4().hex}@example.com"
        answer = self._patiently("/api/users", {"email": email, "password": PASSWORD, "name": name, **extra})
        assert answer.status == 201, answer
        tokens = self.login(email, PASSWORD)
        return Account(answer.json()["id"], email, PASSWORD, tokens["access_token"], tokens["refresh_token"])

    def admin_token(self) -> str:
        """A fresh access token of the administrator."""
        return str(self.login(*self.admin_login)["access_token"])

    def order(self, account: Account, lines: Mapping[str, int] | None = None, *, key: str | None = None) -> Response:
        """Create an order: sku -> quantity; one sticker by default."""
        wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in (lines or {"STICKER": 1}).items()]
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.call("POST", "/api/orders", token=account.token, json={"lines": wanted}, headers=headers)

    def placed(self, account: Account, lines: Mapping[str, int] | None = None) -> str:
        """Create an order that must be accepted; its id."""
        answer = self.order(account, lines)
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    def settled(self, account: Account, order_id: str, timeout: float = 30) -> dict[str, Any]:
        """The order's status once it is no longer PENDING."""

        def look() -> dict[str, Any] | None:
            answer = self.call("GET", f"/api/orders/{order_id}/status", token=account.token)
            assert answer.status == 200, answer
            status: dict[str, Any] = answer.json()
            return status if status["status"] != "PENDING" else None

        return eventually(look, timeout)

    def metric(self, service: str, metric: str, /, **labels: str) -> float:
        """The sum of a metric over all series that carry these labels; 0 when there is none."""
        return sum(value for found, value in self.series(service, metric) if labels.items() <= found.items())

    def series(self, service: str, name: str) -> list[tuple[dict[str, str], float]]:
        """Every series of a metric, as the service exports it."""
        exported = text_string_to_metric_families(self.ops(service, "GET", "/metrics").body.decode())
        samples = (sample for family in exported for sample in family.samples)
        return [(dict(sample.labels), sample.value) for sample in samples if sample.name == name]

    def forgive(self) -> None:
        """No fault, no provider that misbehaves, and no breaker at the gateway that remembers any of it."""
        for service in SERVICES:
            self.ops(service, "DELETE", "/faults")
        self.provider()
        self.ops("notifications", "DELETE", "/channels/behaviour")
        for service, path in OPEN_PATHS.items():
            eventually(partial(self._is_trusted, service, path))

    def _is_trusted(self, upstream: str, path: str) -> bool:
        """A breaker closes by calls that go well, so that it takes some to find out."""
        return self.call("GET", path).status == 200 and self.metric("gateway", "breaker_state", name=upstream) == 0

    def provider(self, **behaviour: Any) -> None:
        """How the payment provider behaves from now on; well, without arguments."""
        answer = self.ops("payments", "PUT", "/provider/behaviour", json=behaviour)
        assert answer.status == 200, answer

    def stock(self, sku: str) -> dict[str, int]:
        """What inventory has of a sku."""
        (row,) = self.sql("inventory", f"SELECT quantity, reserved FROM stock WHERE sku = '{sku}'")
        return row
