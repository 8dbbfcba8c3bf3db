"""The engine that tests use keeps the contract, or they would prove nothing."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.labs.engine.contract import NAME, Bench, EngineContract
from tests.labs.engine.inmemory import CODE, MemoryEngine, World
from tutor.errors import MachineError
from tutor.labs.engine.base import Mount, Plan, Running


class TestInMemory(EngineContract):
    """The contract, in memory."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        """A plan of three parts; what `orders` answers can be edited."""
        code = tmp_path / "workspace" / "services" / "orders"
        code.mkdir(parents=True)
        (code / CODE).write_text("ANSWER = 0\n")
        world = World(tmp_path / "system")
        plan = Plan("contract", ("gateway", "orders", "redis"), replicas={"gateway": 2},
                    mounts=(Mount("orders", code, "code", "orders"),))  # fmt: skip

        def sees(running: Running) -> bool:
            with urllib.request.urlopen(f"http://{running.addresses['orders.http']}/answer") as answer:
                return bool(json.load(answer)["answer"] == 1)

        def registers(running: Running) -> bool:
            person = {"email": "mark@contract.test", "password": "correct-horse-battery"}
            address = f"http://{running.addresses['gateway.http']}/api/users"
            return httpx.post(address, json=person).status_code == 201

        made = Bench(
            MemoryEngine(world), lambda: MemoryEngine(world), plan, "orders", "gateway", "redis",
            edit=lambda: (code / CODE).write_text("ANSWER = 1\n"), sees=sees,
            breaks=lambda: (code / CODE).write_text("ANSWER = (\n"), registers=registers,
        )  # fmt: skip
        yield made
        made.clean_up()

    def test_up_that_fails_undoes_everything(self, bench: Bench) -> None:
        """What was started before the part that did not is removed."""
        engine = bench.engine
        assert isinstance(engine, MemoryEngine)
        engine.world.up_breaks_at = 2
        with pytest.raises(MachineError, match="orders does not start"):
            list(engine.up(bench.plan, NAME))
        assert engine.world.projects == {}
