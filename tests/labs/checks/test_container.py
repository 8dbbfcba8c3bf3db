"""The `container` kind: on facts as an engine gives them, and on a real container."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tests.labs.checks.looking import Here, check, looked, unmet
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import PartFacts
from tutor.labs.engine.inspector import DockerInspector
from tutor.labs.reach import Reach

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----"
ENVIRONMENT = {"LOG_LEVEL": "INFO", "JWT_SECRET": "a-shared-secret", "SIGNING_KEY": PEM}


def facts(instance: str = "orders-1", **changes: Any) -> PartFacts:
    """One running instance of orders."""
    known: dict[str, Any] = {"part": "orders", "state": "running", "health": "healthy", "restarts": 1}
    inspect = {"user": "app", "environment": ENVIRONMENT, "networks": ["mesh"], "limits": {"memory_mb": 192}}
    return PartFacts(**{**known, "instance": instance, "inspect": inspect, **changes})


async def test_it_passes_and_fails_by_how_the_part_runs(here: Here, reach: Reach) -> None:
    """How many run, how they are, what they may; the first speaks for all, and all are listed."""
    here.parts["orders"] = [facts(), facts("orders-2", state="exited", health="none", exit_code=137, oom_killed=True)]
    seen = await looked(reach, "container", part="orders")
    right: dict[str, Any] = {
        "count": 2,
        "running": 1,
        "state": "running",
        "restarts": 2,
        "user": "app",
        "networks": {"contains": "mesh"},
        "limits": {"memory_mb": {"le": 256}},
        "read_only": None,
        "instances": {"contains": {"instance": "orders-2", "exit_code": 137, "oom_killed": True}},
    }
    assert unmet(right, seen) == []
    assert unmet({"running": 2, "restarts": 0}, seen) == ["running", "restarts"]
    assert unmet({"count": 0, "state": "absent", "running": 0}, await looked(reach, "container", part="users")) == []


async def test_values_of_variables_are_hidden(here: Here, reach: Reach) -> None:
    """Names are there to be expected or not; a value only when the check asks for it by name."""
    here.parts["orders"] = [facts()]
    seen = await looked(reach, "container", part="orders", reveal=["LOG_LEVEL"])
    right = {"LOG_LEVEL": "INFO", "JWT_SECRET": {"exists": True}, "OTHER": {"absent": True}}
    assert unmet({"environment": right, "private_keys": ["SIGNING_KEY"]}, seen) == []
    assert unmet({"environment": {"JWT_SECRET": {"absent": True}}}, seen) == ["environment.JWT_SECRET"]
    assert "a-shared-secret" not in f"{seen}"
    assert "MIIEvQ" not in f"{seen}"


@pytest.mark.parametrize("keys", [{}, {"part": "orders", "reveal": ["A B"]}])
def test_a_mistake_is_named(keys: dict[str, Any]) -> None:
    """What a lab cannot mean is refused when it is read."""
    with pytest.raises(ValueError, match=r"part|pattern"):
        check("container", **keys)


@pytest.fixture
def real(reach: Reach) -> Iterator[Container]:
    """A real container as Compose would have made it."""
    client = docker.from_env()
    project = f"tutor-tests-{secrets.token_hex(4)}"
    container = client.containers.run(
        "redis:8.0", ["redis-server"], detach=True, name=f"{project}-redis-1", user="redis", read_only=True,
        cap_drop=["ALL"], mem_limit="64m", pids_limit=50, environment={"NAME": "value", "JWT_SECRET": "hush-hush"},
        tmpfs={"/data": ""}, network_mode="none",
        labels={"com.docker.compose.project": project, "com.docker.compose.service": "redis"},
    )  # fmt: skip
    reach.engine = DockerInspector(client, project, {})
    yield container
    container.remove(force=True)
    client.close()


@pytest.mark.docker
async def test_a_real_container_is_described(real: Container, reach: Reach) -> None:
    """What Docker knows comes under the names that checks use."""
    seen = await looked(reach, "container", part="redis", reveal=["NAME"])
    right: dict[str, Any] = {
        "running": 1,
        "state": "running",
        "health": "none",
        "user": "redis",
        "read_only": True,
        "cap_drop": ["ALL"],
        "limits": {"memory_mb": 64, "pids": 50, "cpus": None},
        "image": "redis:8.0",
        "environment": {"NAME": "value", "JWT_SECRET": "[hidden]"},
        "exit_code": None,
        "stop_seconds": 10,
    }
    assert unmet(right, seen) == []
    real.kill()
    real.wait()
    died = await looked(reach, "container", part="redis")
    assert unmet({"running": 0, "count": 1, "state": "exited", "exit_code": 137}, died) == []
    assert unmet({"running": 1}, died) == ["running"]


@pytest.mark.docker
async def test_logs_of_a_real_container_are_read(real: Container, reach: Reach) -> None:
    """The `logs` kind sees what the process has written."""
    async with asyncio.timeout(30):
        while not (seen := await looked(reach, "logs", parts=["redis"], text={"matches": "(?i)redis"})).values["count"]:
            await asyncio.sleep(0.1)
    assert unmet({"count": {"ge": 1}, "parts": ["redis"], "instances": [real.name]}, seen) == []


@pytest.mark.docker
async def test_an_engine_that_is_gone_is_an_error(reach: Reach) -> None:
    """Nothing can be said about containers that nobody can be asked about."""
    client = docker.DockerClient(base_url="tcp://127.0.0.1:9", version="1.41", timeout=2)
    reach.engine = DockerInspector(client, "tutor-tests-none", {})
    with pytest.raises(CannotLook, match="the Docker engine does not answer"):
        await looked(reach, "container", part="redis")
    with pytest.raises(CannotLook, match="the Docker engine does not answer"):
        await looked(reach, "logs", parts=["redis"], text="x")
    client.close()
