"""What payments publishes about itself, and whether it keeps to it whatever it is asked."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from chassis.service import Service
from tests.system.harness.contract import Statuses, fuzz, published, torment
from tests.system.harness.inprocess import on_a_socket
from tests.system.payments.conftest import ORDERS_KEY

OPERATIONS: Statuses = {("GET", "/payments/by-order/{order_id}"): {200, 401, 403, 404, 422, 503}}


# The service runs in the same process, and its jitter is taken for randomness of the strategies.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("key", ["", ORDERS_KEY], ids=["nobody", "orders"])
async def test_every_answer_is_in_the_contract(service: Service, key: str) -> None:
    """As anybody: no 500, no status, media type or body that the contract does not have."""

    def headers() -> dict[str, str]:
        return {"X-Api-Key": key} if key else {}

    async with on_a_socket(service) as url, httpx.AsyncClient(base_url=url) as client:
        contract = (await client.get("/openapi.json")).json()
        assert published(contract) == OPERATIONS
        await asyncio.to_thread(torment, contract, url, headers, order_id=str(uuid.uuid4()))
        seen = await asyncio.to_thread(fuzz, contract, url, headers)
    assert seen["GET", "/payments/by-order/{order_id}"] <= ({401, 404, 422} if key else {401, 422})
