"""Every service keeps to the contract it publishes, whoever asks and whatever is asked: both of its ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.system.contract.conftest import Fuzz
from tests.system.contract.serving import SERVICES, serving

# What a stub or a fault is told to do changes all answers after it, so that is asked last, and alone.
TELLS = ("/faults", "/provider/behaviour", "/channels/behaviour")


async def _published(url: str) -> dict[str, Any]:
    async with AsyncClient(trust_env=False) as client:
        contract: dict[str, Any] = (await client.get(f"{url}/openapi.json")).json()
    return contract


def _only(contract: dict[str, Any], telling: bool) -> dict[str, Any]:
    paths = {path: found for path, found in contract["paths"].items() if (path in TELLS) is telling}
    return {**contract, "paths": paths}


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_answers_as_it_has_published(
    name: str, postgres_url: str, redis_url: str, tmp_path: Path, fuzz: Fuzz
) -> None:
    """No 500, no status, type, header or body that is not in the contract, and nothing accepted that it forbids."""
    async with serving(name, postgres_url, redis_url, tmp_path) as place:
        await fuzz(await _published(place.url), place.url, place.people)


@pytest.mark.parametrize("name", ["payments", "notifications", "observer"])
async def test_an_operations_port_answers_as_it_has_published(
    name: str, postgres_url: str, redis_url: str, tmp_path: Path, fuzz: Fuzz
) -> None:
    """The same for the stubs of providers and what else is served there; faults are the same on each of them."""
    async with serving(name, postgres_url, redis_url, tmp_path) as place:
        contract, nobody = await _published(place.ops_url), {"nobody": dict[str, str]()}
        await fuzz(_only(contract, False), place.ops_url, nobody)
        await fuzz(_only(contract, True), place.ops_url, nobody)
