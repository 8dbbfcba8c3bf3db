"""Lets the checks read the services' databases: a role of their own that may read everything and write nothing.

Refuses to use the services' own roles, which could write, and whose limits on connections the services need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tutor.errors import MachineError
from tutor.labs.engine.access import DATABASES, READER, Access

_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
END $$;
ALTER ROLE {role} PASSWORD '{password}' CONNECTION LIMIT 20;
ALTER ROLE {role} SET default_transaction_read_only = on;
GRANT pg_read_all_data TO {role};
"""


def allow_reading(access: Access, addresses: Mapping[str, str]) -> None:
    """Make the role on each server that the system has.

    Raises: MachineError when a server refuses.
    """
    servers: dict[str, list[str]] = {}
    for service, part in DATABASES.items():
        if f"{part}.sql" in addresses:
            servers.setdefault(addresses[f"{part}.sql"], []).append(service)
    asyncio.run(_all(access, servers))


async def _all(access: Access, servers: Mapping[str, list[str]]) -> None:
    await asyncio.gather(*(_one(access, address, services) for address, services in servers.items()))


async def _one(access: Access, address: str, services: list[str]) -> None:
    import asyncpg

    try:
        connection = await asyncpg.connect(f"postgresql://postgres:{access.postgres}@{address}/postgres", timeout=10)
        try:
            await connection.execute(_ROLE.format(role=READER, password=access.reader))
            for service in services:
                await connection.execute(f"GRANT CONNECT ON DATABASE {service} TO {READER}")
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MachineError(f"A database of the lab cannot be prepared: {error}.", "Start the lab again.") from None
