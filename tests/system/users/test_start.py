"""Starting: what it takes, what it makes, and what it says when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from argon2 import PasswordHasher

from chassis import schema
from chassis.settings import load
from processes.postgres import Postgres
from tests.system.messaging.waiting import until
from tests.system.users.running import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ENCRYPTION_KEY,
    IDENTITY_KEY,
    PASSWORD,
    ready,
    running,
)
from users.app import MIGRATIONS
from users.first_admin import FirstAdmin
from users.settings import Settings

SERVICES = Path(__file__).parents[3] / "labs" / "system" / "services"
FILES = schema.read(MIGRATIONS)
NOWHERE = "postgresql+asyncpg://users:database-password@127.0.0.1:9/users"


ENVIRONMENT = {
    "DATABASE_URL": NOWHERE,
    "REDIS_URL": "redis://127.0.0.1:9",
    "EVENTS_URL": "redis://127.0.0.1:9",
    "IDENTITY_KEYS": f"k1={IDENTITY_KEY}",
    "KEY_ENCRYPTION_KEY": ENCRYPTION_KEY,
}
SECRETS = ("secret-but-short", "too-short", ADMIN_PASSWORD, ENCRYPTION_KEY, "database-password", IDENTITY_KEY)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"KEY_ENCRYPTION_KEY": "secret-but-short"}, "KEY_ENCRYPTION_KEY must be 32 random bytes in base64"),
        ({"KEY_ENCRYPTION_KEY": f"{ENCRYPTION_KEY},!!!"}, "KEY_ENCRYPTION_KEY must be 32 random bytes in base64"),
        ({"KEY_ENCRYPTION_KEY": ""}, "KEY_ENCRYPTION_KEY is required and not set"),
        ({"ADMIN_EMAIL": ADMIN_EMAIL}, "ADMIN_EMAIL and ADMIN_PASSWORD belong together"),
        ({"ADMIN_EMAIL": ADMIN_EMAIL, "ADMIN_PASSWORD": "too-short"}, "ADMIN_PASSWORD must have 12 characters"),
        ({"ADMIN_EMAIL": "nobody", "ADMIN_PASSWORD": ADMIN_PASSWORD}, "ADMIN_EMAIL must be an e-mail address"),
        ({"ACCESS_TTL": "0"}, "ACCESS_TTL must be greater than or equal to 1, not '0'"),
        ({"REFRESH_TTL": "60"}, "ACCESS_TTL must be less than REFRESH_TTL"),
        ({"HASH_MEMORY_KIB": "64"}, "HASH_MEMORY_KIB must be greater than or equal to 8192"),
        ({"LOGIN_WITHOUT_REDIS": "maybe"}, "LOGIN_WITHOUT_REDIS must be 'open' or 'closed'"),
        ({"REDIS_URL": "http://redis"}, "REDIS_URL must be a URL that starts with redis://"),
    ],
)
def test_bad_settings_are_named_and_secrets_are_not_repeated(
    variables: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one sentence; what was set is not in it when it is secret."""
    for name, value in {**ENVIRONMENT, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="2"):
        load(Settings)
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""
    assert [secret for secret in SECRETS if secret in said.err] == []


def test_the_process_ends_before_it_touches_anything() -> None:
    """`python -m users` with a key of the wrong size: code 2 and the sentence, although nothing else is there."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SERVICES),
        **ENVIRONMENT,
        "KEY_ENCRYPTION_KEY": "short",
    }
    command = [sys.executable, "-m", "users"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Settings: KEY_ENCRYPTION_KEY must be 32 random bytes in base64")


async def test_a_second_start_changes_nothing(configured: Settings) -> None:
    """The same key, the same administrator with the password he has now, and no second event."""
    async with running(configured) as users:
        admin = await users.admin()
        body = {"current": ADMIN_PASSWORD, "new": "changed-by-himself"}
        assert (await users.call("PUT", "/users/me/password", admin.access, json=body)).status_code == 204
        before = await users.rows("SELECT kid FROM signing_keys")
    async with running(configured) as users:
        assert await users.rows("SELECT kid FROM signing_keys") == before
        assert await users.rows("SELECT email, roles FROM users") == [
            {"email": ADMIN_EMAIL, "roles": ["admin", "customer"]}
        ]
        assert (await users.login(ADMIN_EMAIL, ADMIN_PASSWORD)).status_code == 401
        assert (await users.login(ADMIN_EMAIL, "changed-by-himself")).status_code == 200
        assert await users.rows("SELECT count(*) AS n FROM outbox") == [{"n": 1}]
        assert (await users.call("GET", "/users/me", admin.access)).status_code == 200


async def test_an_account_that_is_there_is_never_promoted(configured: Settings) -> None:
    """Somebody registered the administrator's address before there was one: he stays a customer."""
    async with running(configured.model_copy(update={"admin_email": "", "admin_password": ""})) as users:
        assert (await users.register(ADMIN_EMAIL)).status_code == 201
    async with running(configured) as users:
        await until(lambda: ready(users))
        assert await users.rows("SELECT roles FROM users") == [{"roles": ["customer"]}]
        assert (await users.login(ADMIN_EMAIL, ADMIN_PASSWORD)).status_code == 401


async def test_an_instance_is_not_ready_before_there_is_an_administrator(configured: Settings) -> None:
    """Ready means that the first login may be theirs."""
    async with running(configured) as users:
        await until(lambda: ready(users))
        (admin,) = [one for one in users.service.components if isinstance(one, FirstAdmin)]
        await admin.check()
        assert (await users.login(ADMIN_EMAIL, ADMIN_PASSWORD)).status_code == 200


@pytest.mark.parametrize("version", range(len(FILES) + 1), ids=lambda n: FILES[n - 1].name if n else "empty")
async def test_a_database_of_any_age_is_brought_up_to_date(configured: Settings, version: int) -> None:
    """Whatever an older release has left behind, accounts included, this one starts on it and serves."""
    applied = FILES[:version]
    connection = await asyncpg.connect(configured.database_url.replace("+asyncpg", ""))
    await schema.migrate(connection, applied)
    with_users = any(migration.name == "service/0001_users.sql" for migration in applied)
    if with_users:
        await connection.execute(
            "INSERT INTO users (id, email, password_hash, name, roles)"
            " VALUES (gen_random_uuid(), 'old@example.com', $1, 'Old', '{customer}')",
            PasswordHasher(1, 8192, 1).hash(PASSWORD),
        )
    await connection.close()
    async with running(configured) as users:
        await until(lambda: ready(users))
        names = await users.rows("SELECT name FROM schema_migrations")
        assert {row["name"] for row in names} == {migration.name for migration in FILES}
        assert (await users.login("old@example.com")).status_code == (200 if with_users else 401)
        await users.admin()


async def test_it_starts_before_its_database_and_serves_when_that_comes(
    configured: Settings, postgres: Postgres, postgres_url: str
) -> None:
    """Live at once, ready when it can be: no order of starting is needed."""
    name = postgres_url.rsplit("/", 1)[1]
    postgres.close(name)
    async with running(configured) as users:
        assert (await users.call("GET", "/health/live")).status_code == 200
        assert not await ready(users)
        assert (await users.login(ADMIN_EMAIL, ADMIN_PASSWORD)).status_code == 503
        postgres.open(name)
        await until(lambda: ready(users))
        await users.admin()
