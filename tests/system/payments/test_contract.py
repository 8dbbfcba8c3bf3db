"""What payments publishes about itself, and whether it keeps to it when it is asked with malice."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from chassis.service import Service
from tests.system.harness.contract import Statuses, published, torment
from tests.system.harness.inprocess import on_a_socket
from tests.system.payments.conftest import ORDERS_KEY

OPERATIONS: Statuses = {("GET", "/payments/by-order/{order_id}"): {200, 401, 403, 404, 422, 503}}


@pytest.mark.parametrize("key", ["", ORDERS_KEY], ids=["nobody", "orders"])
async def test_malice_is_answered_as_published(service: Service, key: str) -> None:
    """The worst that can be sent, by anybody: documented statuses only, and every error a problem."""

    def headers() -> dict[str, str]:
        return {"X-Api-Key": key} if key else {}

    async with on_a_socket(service) as url, httpx.AsyncClient(base_url=url) as client:
        contract = (await client.get("/openapi.json")).json()
        assert published(contract) == OPERATIONS
        await asyncio.to_thread(torment, contract, url, headers, order_id=str(uuid.uuid4()))
