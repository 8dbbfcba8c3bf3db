"""A service that was broken into is worth little: what each container may do, looked at from inside and outside."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from docker.models.containers import Container

from tests.system.harness.base import SERVICES
from tests.system.harness.compose import inside
from tests.system.harness.docker import PUBLISHED, SHARED, DockerSystem

pytestmark = pytest.mark.docker

ON_THE_EDGE = set(PUBLISHED)
LOOK_UP = "import socket, sys; socket.getaddrinfo(sys.argv[1], 5432)"


def _shipped(system: DockerSystem) -> dict[str, Container]:
    """Every container of the product, by service; the doors are the tests' own."""
    found = {str(one.labels["com.docker.compose.service"]): one for one in system.project.containers()}
    del found["doors"]
    return found


def test_every_container_is_locked_down(system: DockerSystem) -> None:
    """Read-only root, no capabilities, no way to gain any, limits on memory and processes, a label, bounded logs."""
    wrong = [problem for name, one in _shipped(system).items() for problem in _problems(name, one.attrs["HostConfig"])]
    assert wrong == []


def _problems(name: str, host: dict[str, Any]) -> Iterator[str]:
    expected = {
        "ReadonlyRootfs": host["ReadonlyRootfs"],
        "CapDrop": host["CapDrop"] == ["ALL"],
        "CapAdd": not host["CapAdd"],
        "SecurityOpt": "no-new-privileges:true" in (host["SecurityOpt"] or []),
        "Privileged": not host["Privileged"],
        "Memory": host["Memory"] > 0,
        "PidsLimit": (host["PidsLimit"] or 0) > 0,
        "RestartPolicy": host["RestartPolicy"]["Name"] == "unless-stopped",
        "LogConfig": {"max-size", "max-file"} <= set(host["LogConfig"]["Config"]),
        "Binds": not any("docker.sock" in bind for bind in host["Binds"] or []),
    }
    return (f"{name}: {what}" for what, kept in expected.items() if not kept)


def test_no_process_is_root_or_has_a_capability(system: DockerSystem) -> None:
    """As the kernel sees process 1 of each container, whatever the image was told."""
    for name, container in _shipped(system).items():
        code, text = inside(container, "cat", "/proc/1/status")
        assert code == 0, (name, text)
        status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        assert "0" not in status["Uid"].split(), name
        assert [int(status[kind], 16) for kind in ("CapPrm", "CapEff", "CapBnd")] == [0, 0, 0], name
        assert status["NoNewPrivs"] == "1", name


def test_nothing_can_be_written_outside_the_data(system: DockerSystem) -> None:
    """Neither the code nor a place to put a program in."""
    for name, container in _shipped(system).items():
        assert inside(container, "touch", "/written")[0] != 0, name
    for name in SERVICES:
        (container,) = system.containers(name)
        assert inside(container, "touch", f"/app/{name}/written.py")[0] != 0, name
        assert inside(container, "sh", "-c", "cp /bin/true /tmp/true && /tmp/true")[0] != 0, name


def test_only_what_is_published_has_a_way_out(system: DockerSystem) -> None:
    """Services and databases are on internal networks alone: who breaks in cannot call home."""
    for name, container in _shipped(system).items():
        ids = [network["NetworkID"] for network in container.attrs["NetworkSettings"]["Networks"].values()]
        leads_out = not all(system.project.client.networks.get(one).attrs["Internal"] for one in ids)
        assert leads_out == (name in ON_THE_EDGE), name


def test_a_service_cannot_find_the_database_of_another(system: DockerSystem) -> None:
    """Databases are on networks of their own: for anybody else their names do not exist."""
    reached = {"users": "users-db", "orders": "orders-db", **dict.fromkeys(SHARED, "saga-db")}
    for name in SERVICES:
        (container,) = system.containers(name)
        found = {
            server
            for server in ("users-db", "orders-db", "saga-db")
            if inside(container, "python", "-c", LOOK_UP, server)[0] == 0
        }
        assert found == ({reached[name]} if name in reached else set()), name


def test_roles_that_share_a_server_cannot_open_each_others_database(system: DockerSystem) -> None:
    """One server to save memory, three roles that see nothing of each other, and none of them rules it."""
    for role in SHARED:
        for database in {*SHARED, "postgres"} - {role}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                asyncio.run(_open(system, role, database))
        rights = "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert system.sql(role, rights) == [{"rolsuper": False, "rolcreatedb": False, "rolcreaterole": False}]


async def _open(system: DockerSystem, role: str, database: str) -> None:
    connection = await asyncpg.connect(**{**system.database(role), "database": database})
    await connection.close()
