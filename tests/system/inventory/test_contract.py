"""What inventory publishes about itself, and whether it keeps to it when it is asked with malice."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from inventory.app import assemble
from inventory.settings import Settings
from tests.system.harness.contract import Statuses, published, torment
from tests.system.harness.inprocess import environment, on_a_socket, signed

OPERATIONS: Statuses = {
    ("GET", "/stock"): {200, 422, 503},
    ("GET", "/stock/{sku}"): {200, 404, 422, 503},
    ("PUT", "/stock/{sku}"): {200, 401, 403, 409, 503},
}


@pytest.mark.parametrize("role", ["nobody", "customer", "admin"])
async def test_malice_is_answered_as_published(postgres_url: str, redis_url: str, role: str) -> None:
    """The worst that can be sent, by anybody: documented statuses only, and every error a problem."""

    def headers() -> dict[str, str]:
        return {} if role == "nobody" else signed("inventory", uuid.uuid4(), role)

    service = assemble(Settings(**environment(postgres_url, redis_url)))
    async with on_a_socket(service) as url, httpx.AsyncClient(base_url=url) as client:
        contract = (await client.get("/openapi.json")).json()
        assert published(contract) == OPERATIONS
        await asyncio.to_thread(torment, contract, url, headers, sku="STICKER")
