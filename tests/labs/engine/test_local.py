"""The local engine keeps the contract, with the real services on a real PostgreSQL and Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.labs.engine.contract import Bench, EngineContract
from tutor.labs.engine.base import Mount, Plan, Running
from tutor.labs.engine.local.dependencies import Dependencies
from tutor.labs.engine.local.engine import LocalEngine

SYSTEM = Path(__file__).resolve().parents[3] / "labs" / "system"
PARTS = ("users", "users-db", "orders", "orders-db", "redis")
"""Enough to be a system, without the parts that take long to start: without a broker events wait in the outbox."""

CHANGE = """

@router.get("/edited")
async def edited() -> dict[str, bool]:
    return {"edited": True}
"""

pytestmark = pytest.mark.xdist_group("labs as processes")


class TestLocal(EngineContract):
    """The contract."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        """Two instances of orders, and the code of users to edit."""
        code = tmp_path / "workspace" / "services" / "users"
        copied(SYSTEM / "services" / "users", code)
        route = code / "routes" / "tokens.py"
        original = route.read_text()
        plan = Plan("contract", PARTS, replicas={"orders": 2}, mounts=(Mount("users", code, "code", "users"),))
        home, dependencies = tmp_path / "home", Dependencies(tmp_path / "cache", SYSTEM)

        def sees(running: Running) -> bool:
            try:
                return httpx.get(f"http://{running.addresses['users.http']}/auth/edited", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        def registers(running: Running) -> bool:
            person = {"email": "mark@contract.test", "password": "correct-horse-battery", "name": "Mark"}
            return httpx.post(f"http://{running.addresses['users.http']}/users", json=person).status_code == 201

        made = Bench(
            LocalEngine(home, SYSTEM, dependencies),
            lambda: LocalEngine(home, SYSTEM, dependencies),
            plan,
            edited="users",
            several="orders",
            bystander="redis",
            edit=lambda: route.write_text(original + CHANGE),
            sees=sees,
            breaks=lambda: route.write_text("def broken(:\n"),
            registers=registers,
            refuses=("disconnect",),
        )
        try:
            yield made
        finally:
            made.clean_up()


def copied(source: Path, target: Path) -> None:
    """Copy a folder of code."""
    for file in source.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
