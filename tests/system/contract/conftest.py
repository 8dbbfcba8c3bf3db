"""Processes that ask, and who uses them. Refuses to fuzz from inside the process that is being asked."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.system.contract.fuzzing import complaints

Fuzz = Callable[..., Awaitable[None]]


@pytest.fixture(scope="session")
def askers() -> Iterator[ProcessPoolExecutor]:
    """Two processes, kept for all tests: what they import takes longer than many a test."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def fuzz(askers: ProcessPoolExecutor) -> Fuzz:
    """Asks as everybody at once, most as the first of them; fails with what the contract does not allow."""

    async def ask(contract: Mapping[str, Any], url: str, people: Mapping[str, Mapping[str, str]]) -> None:
        loop, most = asyncio.get_running_loop(), next(iter(people))
        asking = [
            loop.run_in_executor(askers, partial(complaints, contract, url, headers, thorough=who == most))
            for who, headers in people.items()
        ]
        for who, found in zip(people, await asyncio.gather(*asking), strict=True):
            assert not found, f"asked by {who}:\n\n" + "\n\n".join(found)

    return ask
