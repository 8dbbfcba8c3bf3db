"""Nothing that opens a door shows up in a log, a metric or a trace."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import metrics, tracing
from chassis.logs import JsonHandler
from processes.valkey import Valkey
from tests.system.users.running import ADMIN_PASSWORD, ENCRYPTION_KEY, IDENTITY_KEY, PASSWORD, SERVICE_KEYS, Users

TYPED = "a-password-with-a-typo"
NEW = "an-entirely-new-password"


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """Everything that is logged, at DEBUG, as the process would print it."""
    stream = io.StringIO()
    handler, root = JsonHandler("users", "test", stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Every span of the process."""
    exporter = InMemorySpanExporter()
    tracing.configure(service="users", instance="test", exporter=exporter)
    yield exporter
    tracing.configure(service="users", instance="test")


async def tour(users: Users) -> list[str]:
    """Do what can be done with secrets, rightly and wrongly; the secrets."""
    person, opaque = await users.person(), await users.person("opaque")
    secrets = [person.access, person.refresh, opaque.access, opaque.refresh, PASSWORD, TYPED, NEW]
    await users.login(person.email, TYPED)
    await users.login("nobody@example.com", TYPED)
    await users.call("POST", "/users", json={"email": "x", "password": TYPED, "name": TYPED * 20})
    await users.call("POST", "/auth/login", content=b'{"password": "' + TYPED.encode())
    newer = (await users.refresh(person.refresh)).json()
    secrets += [newer["access_token"], newer["refresh_token"]]
    await users.introspect(opaque.access)
    await users.introspect(opaque.access, "not-a-service-" + TYPED)
    await users.call("POST", "/auth/revoke", data={"token": opaque.refresh})
    body = {"current": PASSWORD, "new": NEW}
    await users.call("PUT", "/users/me/password", newer["access_token"], json=body)
    await users.call("POST", "/auth/keys/rotate", (await users.admin()).access)
    await users.refresh(person.refresh)
    await users.call("POST", "/auth/logout", newer["access_token"])
    return secrets


async def test_no_secret_is_logged_measured_or_traced(
    heard: io.StringIO, spans: InMemorySpanExporter, shaky: Users, own_redis: Valkey
) -> None:
    """With everything working and with Redis away: none of the secrets, none of the hashes, no private key."""
    secrets = await tour(shaky)
    left = await shaky.person()
    secrets += [left.access, left.refresh]
    own_redis.stop()
    await shaky.login(left.email)
    await shaky.introspect(left.access)
    await shaky.call("POST", "/auth/logout", left.access)
    hashes = [row["password_hash"] for row in await shaky.rows("SELECT password_hash FROM users")]
    private = shaky.parts.ring.active().private
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().splitlines()[1]
    secrets += [*hashes, pem, ADMIN_PASSWORD, ENCRYPTION_KEY, IDENTITY_KEY, *SERVICE_KEYS.values()]
    traced = "".join(span.to_json() for span in spans.get_finished_spans())
    said = heard.getvalue() + metrics.exposition().decode() + traced
    assert "POST /auth/login" in said
    assert [secret for secret in secrets if secret in said] == []
    assert "@example.com" not in heard.getvalue()
