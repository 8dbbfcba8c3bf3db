"""Makes a database server and a broker that have been used as they were on their first day, without a restart.

Refuses to guess: what does not answer, or was changed in a way that is not undone here, is not clean, and whoever asked
boots it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from tutor.labs.engine.access import DATABASES, Access

SECONDS = 15
_SYSTEM_PARAMETERS = {"cluster_name", "cluster_tags", "internal_cluster_id", "imported_definition_hash_value"}

# As `labs/system/config/postgres/10-service-databases.sh` does it on the first day. From template0, to which nobody can
# connect, and which therefore nobody has changed.
_MADE = (
    "CREATE ROLE {name} LOGIN PASSWORD '{password}' NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 40",
    "CREATE DATABASE {name} OWNER {name} TEMPLATE template0",
    "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
)
_CHANGED = """
SELECT (SELECT count(*) FROM pg_settings WHERE sourcefile LIKE '%postgresql.auto.conf')
     + (SELECT count(*) FROM pg_db_role_setting)
     + (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
     + (SELECT count(*) FROM pg_replication_slots)
"""


def clean_databases(address: str, access: Access, part: str) -> bool:
    """Drop every database and role of a server and make those of the services again; whether it is as new now."""
    import asyncpg

    services = [service for service, server in DATABASES.items() if server == part]
    try:
        return asyncio.run(_cleaned(address, access, services))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def _cleaned(address: str, access: Access, services: Sequence[str]) -> bool:
    import asyncpg

    dsn = f"postgresql://postgres:{access.postgres}@{address}/postgres"
    connection = await asyncpg.connect(dsn, timeout=SECONDS, command_timeout=SECONDS)
    try:
        databases = "SELECT quote_ident(datname) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
        for (name,) in await connection.fetch(databases):
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        roles = r"SELECT quote_ident(rolname) FROM pg_roles WHERE rolname <> 'postgres' AND rolname NOT LIKE 'pg\_%'"
        for (name,) in await connection.fetch(roles):
            await connection.execute(f"DROP ROLE {name}")
        for service in services:
            for statement in _MADE:
                await connection.execute(statement.format(name=service, password=access.databases[service]))
        return bool(await connection.fetchval(_CHANGED) == 0)
    finally:
        await connection.close()


def clean_broker(address: str, access: Access) -> bool:
    """Delete every virtual host and user that is not ours, and make ours again; whether it is as new now."""
    import httpx

    login = ("shop", access.rabbitmq)
    try:
        with httpx.Client(base_url=f"http://{address}/api", auth=login, timeout=SECONDS, trust_env=False) as client:
            for vhost in _names(client, "/vhosts"):
                client.delete(f"/vhosts/{quote(vhost, safe='')}").raise_for_status()
            for user in set(_names(client, "/users")) - {"shop"}:
                client.delete(f"/users/{quote(user, safe='')}").raise_for_status()
            client.put("/vhosts/shop", json={}).raise_for_status()
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            client.put("/permissions/shop/shop", json=everything).raise_for_status()
            client.get("/health/checks/alarms").raise_for_status()
            return set(_names(client, "/global-parameters")) <= _SYSTEM_PARAMETERS
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return False


def _names(client: object, path: str) -> list[str]:
    import httpx

    assert isinstance(client, httpx.Client)
    return [str(one["name"]) for one in client.get(path).raise_for_status().json()]
