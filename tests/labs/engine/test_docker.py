"""The Docker engine keeps the contract, on a real engine with the real services; and what only it can get wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.labs.engine.contract import NAME, Bench, EngineContract
from tutor.labs.engine.base import Action, Mount, Plan, Running
from tutor.labs.engine.docker import DockerEngine
from tutor.labs.engine.inspector import containers

SYSTEM = Path(__file__).resolve().parents[3] / "labs" / "system"
PARTS = ("users", "users-db", "orders", "orders-db", "redis")
"""Enough to be a system, without the parts that take long to start: without a broker events wait in the outbox."""

CHANGE = """

@router.get("/edited")
async def edited() -> dict[str, bool]:
    return {"edited": True}
"""

pytestmark = pytest.mark.docker


class TestDocker(EngineContract):
    """The contract."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        """Two instances of orders, and the code of users to edit."""
        code = tmp_path / "workspace" / "services" / "users"
        _copied(SYSTEM / "services" / "users", code)
        route = code / "routes" / "tokens.py"
        original = route.read_text()
        plan = Plan("contract", PARTS, replicas={"orders": 2}, mounts=(Mount("users", code, "code", "users"),))
        home = tmp_path / "home"

        def sees(running: Running) -> bool:
            try:
                return httpx.get(f"http://{running.addresses['users.http']}/auth/edited", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        def registers(running: Running) -> bool:
            person = {"email": "mark@contract.test", "password": "correct-horse-battery", "name": "Mark"}
            return httpx.post(f"http://{running.addresses['users.http']}/users", json=person).status_code == 201

        made = Bench(
            DockerEngine(home, SYSTEM),
            lambda: DockerEngine(home, SYSTEM),
            plan,
            edited="users",
            several="orders",
            bystander="redis",
            edit=lambda: route.write_text(original + CHANGE),
            sees=sees,
            breaks=lambda: route.write_text("def broken(:\n"),
            registers=registers,
        )
        try:
            yield made
        finally:
            made.clean_up()


class TestRenewing:
    """What is slow to boot goes on running, but only as new."""

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[DockerEngine]:
        """One that leaves nothing."""
        made = DockerEngine(tmp_path / "home", SYSTEM)
        yield made
        list(made.down(NAME))

    def test_databases_and_the_broker_go_on_running_emptied(self, engine: DockerEngine) -> None:
        """Their containers are the same ones, their queues, users and roles are gone; so is everything in Redis."""
        before = _up(engine)
        kept = {part: _containers(engine, part) for part in ("users-db", "rabbitmq")}
        others = {part: _containers(engine, part) for part in ("users", "redis")}
        _sql(before, "CREATE ROLE intruder LOGIN", "CREATE DATABASE leftover")
        with _broker(before) as broker:
            broker.put("/vhosts/leftover").raise_for_status()
            broker.put("/users/intruder", json={"password": "x", "tags": "administrator"}).raise_for_status()
            broker.put("/queues/shop/leftover", json={"durable": True}).raise_for_status()
        after = _renewed(engine)
        assert {part: _containers(engine, part) for part in kept} == kept
        assert all(_containers(engine, part) != ids for part, ids in others.items())
        assert (after.addresses, after.credentials) == (before.addresses, before.credentials)
        assert _sql(after, "SELECT datname FROM pg_database WHERE NOT datistemplate") == {"postgres", "users"}
        roles = "SELECT rolname FROM pg_roles WHERE rolcanlogin"
        assert _sql(after, roles) == {"postgres", "tutor_reader", "users"}
        with _broker(after) as broker:
            assert [one["name"] for one in broker.get("/vhosts").json()] == ["shop"]
            assert [one["name"] for one in broker.get("/users").json()] == ["shop"]
            assert "leftover" not in {one["name"] for one in broker.get("/queues/shop").json()}

    def test_what_is_not_as_it_was_started_is_booted_anew(self, engine: DockerEngine) -> None:
        """A server whose settings somebody changed, a broker that hangs."""
        before = _up(engine)
        kept = {part: _containers(engine, part) for part in ("users-db", "rabbitmq")}
        _sql(before, "ALTER SYSTEM SET work_mem = '1MB'", "SELECT pg_reload_conf()")
        engine.act(before, Action("pause", "rabbitmq"))
        after = _renewed(engine)
        assert all(_containers(engine, part) != ids for part, ids in kept.items())
        assert _sql(after, "SHOW work_mem") == {"4MB"}
        with _broker(after) as broker:
            assert broker.get("/vhosts").status_code == 200


SMALL = Plan("renewing", ("users", "users-db", "rabbitmq", "redis"))


def _up(engine: DockerEngine) -> Running:
    *_, running = engine.up(SMALL, NAME)
    assert isinstance(running, Running)
    return running


def _renewed(engine: DockerEngine) -> Running:
    *_, running = engine.renew(SMALL, NAME)
    assert isinstance(running, Running)
    return running


def _containers(engine: DockerEngine, part: str) -> set[str]:
    return {str(one.id) for one in containers(engine.client, NAME, part)}


def _broker(running: Running) -> httpx.Client:
    login = running.credentials["rabbitmq.user"], running.credentials["rabbitmq.password"]
    return httpx.Client(base_url=f"http://{running.addresses['rabbitmq.http']}/api", auth=login, timeout=30)


def _sql(running: Running, *statements: str) -> set[str]:
    """The first column of the last statement, asked by the superuser inside."""
    said = ""
    for statement in statements:
        command = ["docker", "exec", f"{running.project}-users-db-1", "psql", "-U", "postgres", "-Atc", statement]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(said.splitlines())


def _copied(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    for folder in (target, *target.rglob("*")):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
