"""What orders publishes about itself, and whether it keeps to it when it is asked with malice."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from chassis.events.bus import connect
from orders.app import assemble
from orders.settings import Settings
from tests.system.harness.contract import Statuses, published, torment
from tests.system.harness.inprocess import NOWHERE, environment, on_a_socket, signed

OPERATIONS: Statuses = {
    ("GET", "/products"): {200, 503},
    ("POST", "/orders"): {201, 401, 403, 409, 503},
    ("GET", "/orders"): {200, 401, 403, 422, 503},
    ("GET", "/orders/totals"): {200, 401, 403, 422, 503},
    ("GET", "/orders/{order_id}"): {200, 401, 403, 404, 422, 503},
    ("GET", "/orders/{order_id}/status"): {200, 401, 403, 404, 422, 503},
    ("GET", "/orders/{order_id}/history"): {200, 401, 403, 404, 422, 503},
    ("POST", "/orders/{order_id}/cancel"): {200, 401, 403, 404, 409, 422, 503},
}


@pytest.mark.parametrize("role", ["nobody", "customer", "support"])
async def test_malice_is_answered_as_published(postgres_url: str, redis_url: str, role: str) -> None:
    """The worst that can be sent, by anybody: documented statuses only, and every error a problem."""
    settings = Settings(**environment(postgres_url, redis_url), payments_url=NOWHERE)
    service = assemble(settings, connect(redis_url, service="orders", instance="test", prefetch=20))
    user = uuid.uuid4()

    def headers() -> dict[str, str]:
        return {} if role == "nobody" else signed("orders", user, role)

    async with on_a_socket(service) as url, httpx.AsyncClient(base_url=url) as client:
        contract = (await client.get("/openapi.json")).json()
        assert published(contract) == OPERATIONS
        order = await client.post(
            "/orders",
            json={"lines": [{"sku": "STICKER", "quantity": 1}]},
            headers={**signed("orders", user), "Idempotency-Key": "first"},
        )
        await asyncio.to_thread(torment, contract, url, headers, order_id=order.json()["id"])
