"""Traces for a person: the newest of a lab, one by its id, and a sentence when they cannot be had."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.labs.checks.looking import Here
from tests.labs.telemetry_parts import TRACE, export, observer_on_a_port, order_placed, other_trace
from tutor.errors import MachineError
from tutor.labs import tracing
from tutor.labs.reach import Reach

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = int(START.timestamp()) + 10


def _reach(observer: AsyncClient, folder: Path, started: datetime = START) -> Reach:
    """What one question may use."""
    return Reach(Here({"observer.http": f"127.0.0.1:{observer.base_url.port}"}), folder, started)


async def test_the_newest_traces_come_first_and_each_once(tmp_path: Path) -> None:
    """Of all services or of one, and no more than wanted; those from before the lab are left out."""
    async with observer_on_a_port(tmp_path) as observer:
        await export(observer, *order_placed(NOW), other_trace(NOW + 60))

        async def newest(*services: str, limit: int = 20, started: datetime = START) -> list[str]:
            found = await asyncio.to_thread(tracing.newest, _reach(observer, tmp_path, started), services, limit)
            return [trace.id for trace in found]

        assert await newest() == ["f" * 32, TRACE]
        assert await newest("inventory") == [TRACE]
        assert await newest(limit=1) == ["f" * 32]
        assert await newest(started=datetime.fromtimestamp(NOW + 30, UTC)) == ["f" * 32]


async def test_one_trace_is_found_by_its_id(tmp_path: Path) -> None:
    """Or is said to be missing."""
    async with observer_on_a_port(tmp_path) as observer:
        await export(observer, *order_placed(NOW))
        trace = await asyncio.to_thread(tracing.one, _reach(observer, tmp_path), TRACE)
        assert trace is not None and trace.services == ["gateway", "inventory", "orders"]
        assert await asyncio.to_thread(tracing.one, _reach(observer, tmp_path), "0" * 32) is None


def test_a_lab_without_traces_says_so(tmp_path: Path) -> None:
    """A sentence with what to do."""
    with pytest.raises(MachineError, match="keeps no traces"):
        tracing.newest(Reach(Here({}), tmp_path, START))
