"""Instances of users for tests: the whole service on a real socket, and what people and services send to it.

Refuses shortcuts: whatever a test does to an instance goes over HTTP, into its database, or into its Redis.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from httpx import AsyncClient, Response

from chassis.faults import Faults
from chassis.redis import Redis
from chassis.server import Listener, bind
from chassis.service import Service, business_app
from tests.system.harness import tables
from users.app import assemble
from users.routes.parts import Parts
from users.settings import Settings

PASSWORD = "correct-horse-battery-staple"
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@shop.test", "administrators-own-password"
SERVICE_KEYS = {name: secrets.token_urlsafe(32) for name in ("gateway", "orders", "payments")}
IDENTITY_KEY = secrets.token_urlsafe(32)
ENCRYPTION_KEY = base64.b64encode(secrets.token_bytes(32)).decode()
FORM = {"content-type": "application/x-www-form-urlencoded"}


def settings(database_url: str, redis_url: str, **changed: Any) -> Settings:
    """Settings of one instance: cheap hashes, quick keys, everything else as it comes."""
    hashes = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in SERVICE_KEYS.items()}
    values: dict[str, Any] = {
        "database_url": database_url,
        "redis_url": redis_url,
        "events_url": redis_url,
        "identity_keys": f"k1={IDENTITY_KEY}",
        "service_keys": ";".join(f"{name}=sha256:{digest}" for name, digest in hashes.items()),
        "key_encryption_key": ENCRYPTION_KEY,
        "key_lead": 1.5,
        "admin_email": ADMIN_EMAIL,
        "admin_password": ADMIN_PASSWORD,
        "hash_memory_kib": 8192,
        "hash_passes": 1,
        **changed,
    }
    return Settings(**values)


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a session."""

    id: str
    email: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    password: str = field(default=PASSWORD, repr=False)


@dataclass
class Users:
    """A running instance."""

    url: str
    http: AsyncClient
    service: Service
    redis: Redis

    @property
    def parts(self) -> Parts:
        """The parts of the service, for what cannot be seen from outside."""
        parts: Parts = self.service.api.state.parts
        return parts

    async def call(
        self, method: str, path: str, token: str | None = None, *, headers: Mapping[str, str] | None = None, **body: Any
    ) -> Response:
        """One request."""
        sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token is not None else {})}
        return await self.http.request(method, path, headers=sent, **body)

    async def register(self, email: str | None = None, **extra: Any) -> Response:
        """Ask for an account."""
        body = {"email": email or f"user-{uuid.uuid4().hex}@example.com", "password": PASSWORD, "name": "Ada", **extra}
        return await self.call("POST", "/users", json=body)

    async def login(self, email: str, password: str = PASSWORD, token_type: str = "jwt", **headers: str) -> Response:
        """Try to log in."""
        body = {"email": email, "password": password, "token_type": token_type}
        return await self.call("POST", "/auth/login", headers=headers, json=body)

    async def session(self, email: str, password: str = PASSWORD, token_type: str = "jwt") -> Person:
        """Log in, which must succeed."""
        answer = await self.login(email, password, token_type)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        me = await self.call("GET", "/users/me", tokens["access_token"])
        assert me.status_code == 200, me.text
        return Person(me.json()["id"], email, tokens["access_token"], tokens["refresh_token"], password)

    async def person(self, token_type: str = "jwt", **extra: Any) -> Person:
        """Somebody new, logged in."""
        answer = await self.register(**extra)
        assert answer.status_code == 201, answer.text
        return await self.session(answer.json()["email"], token_type=token_type)

    async def admin(self) -> Person:
        """The administrator, logged in."""
        return await self.session(ADMIN_EMAIL, ADMIN_PASSWORD)

    async def refresh(self, token: str) -> Response:
        """Present a refresh token."""
        return await self.call("POST", "/auth/refresh", json={"refresh_token": token})

    async def introspect(self, token: str, caller: str | None = "gateway") -> Response:
        """Ask about a token as a service."""
        key = {} if caller is None else {"X-Api-Key": SERVICE_KEYS.get(caller, caller)}
        return await self.call("POST", "/auth/introspect", headers=key, data={"token": token})

    async def is_active(self, token: str) -> bool:
        """Whether a token is good, as the gateway learns it."""
        answer = await self.introspect(token)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["active"])

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        return await tables.rows(self.parts.database, statement, **values)


@asynccontextmanager
async def running(configured: Settings) -> AsyncIterator[Users]:
    """An instance that serves until the block ends."""
    service, faults = assemble(configured), Faults()
    listener, redis = Listener(business_app(service, faults)), Redis(configured.redis_url)
    started = []
    try:
        for component in service.components:
            await component.start()
            started.append(component)
        port = bind("PORT", "127.0.0.1", 0)
        await listener.open(port)
        service.health.ready = True
        url = f"http://127.0.0.1:{port.getsockname()[1]}"
        async with AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
            yield Users(url, http, service, redis)
    finally:
        await listener.close(5)
        for component in reversed(started):
            await component.stop()
        await redis.stop()


async def ready(users: Users) -> bool:
    """Whether the instance says that it is ready."""
    return (await users.call("GET", "/health/ready")).status_code == 200
