"""Every service keeps to the contract it publishes, whoever asks and whatever is asked: both of its ports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.system.contract.conftest import Fuzz
from tests.system.contract.serving import SERVICES, serving

# What a stub or a fault is told to do changes all answers after it, so that is asked last, and alone.
TELLS = {"payments": ["/faults", "/provider/behaviour"], "notifications": ["/channels/behaviour"], "observer": []}


async def _published(url: str) -> dict[str, Any]:
    async with AsyncClient(trust_env=False) as client:
        contract: dict[str, Any] = (await client.get(f"{url}/openapi.json")).json()
    return contract


def _only(contract: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    return {**contract, "paths": {path: contract["paths"][path] for path in paths}}


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_answers_as_it_has_published(
    name: str, postgres_url: str, redis_url: str, tmp_path: Path, fuzz: Fuzz
) -> None:
    """No 500, no status, type, header or body that is not in the contract, and nothing accepted that it forbids."""
    async with serving(name, postgres_url, redis_url, tmp_path) as place:
        await fuzz(await _published(place.url), place.url, place.people)


@pytest.mark.parametrize("name", TELLS)
async def test_an_operations_port_answers_as_it_has_published(
    name: str, postgres_url: str, redis_url: str, tmp_path: Path, fuzz: Fuzz
) -> None:
    """The same for stubs of providers, the receiver of telemetry, and faults, which are alike everywhere."""
    async with serving(name, postgres_url, redis_url, tmp_path) as place:
        contract, nobody = await _published(place.ops_url), {"nobody": dict[str, str]()}
        others = contract["paths"].keys() - {"/faults", *TELLS[name]}
        for paths in filter(None, (sorted(others), TELLS[name])):
            await fuzz(_only(contract, paths), place.ops_url, nobody)
