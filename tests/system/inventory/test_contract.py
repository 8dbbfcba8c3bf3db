"""What inventory publishes about itself, and whether it keeps to it whatever it is asked."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from inventory.app import assemble
from inventory.settings import Settings
from tests.system.harness.contract import Statuses, fuzz, published, torment
from tests.system.harness.inprocess import environment, on_a_socket, signed

OPERATIONS: Statuses = {
    ("GET", "/stock"): {200, 422, 503},
    ("GET", "/stock/{sku}"): {200, 404, 422, 503},
    ("PUT", "/stock/{sku}"): {200, 401, 403, 409, 503},
}


# The service runs in the same process, and its jitter is taken for randomness of the strategies.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("role", ["nobody", "customer", "admin"])
async def test_every_answer_is_in_the_contract(postgres_url: str, redis_url: str, role: str) -> None:
    """As anybody: no 500, no status, media type or body that the contract does not have."""

    def headers() -> dict[str, str]:
        return {} if role == "nobody" else signed("inventory", uuid.uuid4(), role)

    service = assemble(Settings(**environment(postgres_url, redis_url)))
    async with on_a_socket(service) as url, httpx.AsyncClient(base_url=url) as client:
        contract = (await client.get("/openapi.json")).json()
        assert published(contract) == OPERATIONS
        await asyncio.to_thread(torment, contract, url, headers, sku="STICKER")
        seen = await asyncio.to_thread(fuzz, contract, url, headers)
    assert not any(status >= 500 for statuses in seen.values() for status in statuses)
    assert (200 in seen["PUT", "/stock/{sku}"]) == (role == "admin")
