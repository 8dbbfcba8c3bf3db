"""Each service as it is started in production, on real sockets and real servers, with the people who may ask it.

Refuses identities that nobody could have: tokens are signed by a published key, or come from a login.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from httpx import AsyncClient

from chassis.events.bus import connect
from chassis.faults import Faults
from chassis.identity.service_keys import hash_key
from chassis.server import Listener, bind
from chassis.service import Service, ops_app
from gateway.app import assemble as gateway
from gateway.settings import GatewaySettings
from inventory.app import assemble as inventory
from inventory.settings import Settings as InventorySettings
from notifications.app import assemble as notifications
from notifications.settings import Settings as NotificationsSettings
from observer.app import build as observer
from observer.settings import ObserverSettings
from orders.app import assemble as orders
from orders.settings import Settings as OrdersSettings
from payments.app import assemble as payments
from payments.settings import Settings as PaymentsSettings
from processes.environment import ROUTES
from tests.system.gateway.tokens import bearer, jwks, token
from tests.system.gateway.upstream import Upstream, answer_json
from tests.system.harness.inprocess import IDENTITY_KEYS, NOWHERE, environment, on_a_socket
from tests.system.users.running import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD
from tests.system.users.running import settings as users_settings
from users.app import assemble as users

SERVICE_KEY = secrets.token_urlsafe(32)
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where to ask a service, and as whom."""

    url: str
    ops_url: str
    people: Mapping[str, Headers]


@dataclass(frozen=True)
class Ground:
    """What a service stands on."""

    database_url: str
    redis_url: str
    others_url: str
    folder: Path

    def told(self, **changed: Any) -> dict[str, Any]:
        """Settings of most services."""
        common = environment(self.database_url, self.redis_url)
        keys = f"orders=sha256:{hash_key(SERVICE_KEY)}"
        return {**common, "jwks_url": self.others_url, "faults": "on", "service_keys": keys, **changed}


def _orders(ground: Ground, ops_port: int) -> Service:
    settings = OrdersSettings(**ground.told(payments_url=NOWHERE, ops_port=ops_port))
    return orders(settings, connect(settings.events_url, service="orders", instance="test", prefetch=20))


def _users(ground: Ground, ops_port: int) -> Service:
    keys = {"service_keys": f"gateway=sha256:{hash_key(SERVICE_KEY)}", "identity_keys": IDENTITY_KEYS}
    patient = {"login_address_burst": 10_000, "login_account_burst": 10_000}
    return users(
        users_settings(ground.database_url, ground.redis_url, faults="on", ops_port=ops_port, **keys, **patient)
    )


def _gateway(ground: Ground, ops_port: int) -> Service:
    told = ground.told(routes_file=ROUTES, redis_url=ground.redis_url, ops_port=ops_port)
    settings = GatewaySettings(**told)
    others = {f"{name}_URL": ground.others_url for name in ("USERS", "ORDERS", "NOTIFICATIONS")}
    with patch.dict(os.environ, others):  # where the routes file looks for them
        return gateway(settings)


SERVICES: Mapping[str, Callable[[Ground, int], Service]] = {
    "users": _users,
    "orders": _orders,
    "inventory": lambda ground, port: inventory(InventorySettings(**ground.told(ops_port=port))),
    "payments": lambda ground, port: payments(PaymentsSettings(**ground.told(ops_port=port))),
    "notifications": lambda ground, port: notifications(NotificationsSettings(**ground.told(ops_port=port))),
    "observer": lambda ground, port: observer(ObserverSettings(data_dir=ground.folder, ops_port=port)),
    "gateway": _gateway,
}


@asynccontextmanager
async def serving(name: str, database_url: str, redis_url: str, folder: Path) -> AsyncIterator[Place]:
    """The running service, both its ports, and who may ask."""
    async with AsyncExitStack() as stack:
        others = Upstream(answer_json({**jwks(), "items": [], "active": False}))  # good for whoever asks
        await others.start()
        stack.push_async_callback(others.stop)
        ops_socket = bind("OPS_PORT", "127.0.0.1", 0)
        ops_port = ops_socket.getsockname()[1]
        service = SERVICES[name](Ground(database_url, redis_url, others.url, folder), ops_port)
        ops = Listener(ops_app(service, Faults()))
        await ops.open(ops_socket)
        stack.push_async_callback(ops.close, 1.0)
        url = await stack.enter_async_context(on_a_socket(service))
        yield Place(url, f"http://127.0.0.1:{ops_port}", await _people(name, url))


async def _people(name: str, url: str) -> Mapping[str, Headers]:
    strangers: dict[str, Headers] = {"nobody": {}, "a service": {"X-Api-Key": SERVICE_KEY}}
    if name == "observer":  # asks nobody who they are
        return {"nobody": {}}
    if name != "users":
        return {"an admin": bearer(token("", "admin")), "a customer": bearer(token()), **strangers}
    async with AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        me = {"email": "ada@example.com", "password": PASSWORD}
        assert (await client.post("/users", json={**me, "name": "Ada"})).status_code == 201
        logins = {"an admin": {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}, "a customer": me}
        people = {who: (await client.post("/auth/login", json=known)).json() for who, known in logins.items()}
    return {**{who: bearer(tokens["access_token"]) for who, tokens in people.items()}, **strangers}
