"""Migrations: plain SQL files, applied once each, in order, under a lock, with their checksums kept.

Plain SQL because it is what runs, what one reads in a review and what one pastes into psql at night. Every
instance migrates at start; an advisory lock makes one of them do it and the others wait.

Refuses an applied file that has changed (two databases would differ under one version), and downgrades: an
older image simply ignores what a newer one has added, which is what a rolling update needs.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

logger = logging.getLogger(__name__)

CHASSIS = Path(__file__).parent / "migrations"
_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_LOCK = 0x5C4E_3A01
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationRefused(Exception):
    """The files and the database contradict each other; a person has to look."""


@dataclass(frozen=True)
class Migration:
    """One file, named with the folder it belongs to."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Fingerprint of the text; the same with either line ending, because git changes them."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()


def read(own: Path) -> list[Migration]:
    """List the chassis' files, then the service's own; raises MigrationRefused for a file that is misnamed."""
    found = []
    for owner, folder in (("chassis", CHASSIS), ("service", own)):
        for path in sorted(folder.glob("*.sql")):
            if not _NAME.fullmatch(path.name):
                raise MigrationRefused(f"{path.name}: migrations are named NNNN_what_it_does.sql")
            found.append(Migration(f"{owner}/{path.name}", path.read_text(encoding="utf-8")))
    return found


async def migrate(connection: asyncpg.Connection, migrations: list[Migration]) -> list[str]:
    """Apply what is missing and say what was. The connection must have no time limit: a migration may take its time."""
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT name, checksum FROM schema_migrations")
        applied = {row["name"]: row["checksum"] for row in rows}
        _refuse_changes(migrations, applied)
        missing = [migration for migration in migrations if migration.name not in applied]
        for migration in missing:
            await _apply(connection, migration)
        return [migration.name for migration in missing]
    finally:
        # A broken connection has lost its lock already.
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    """Run one file, in one transaction together with its record."""
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", migration.name, migration.checksum
            )
    except asyncpg.PostgresError as error:
        # Its first argument is the server's sentence; the rest of the text may show rows.
        logger.error("migration %s cannot be applied: %s", migration.name, error.args[0])
        raise


def _refuse_changes(migrations: list[Migration], applied: dict[str, str]) -> None:
    for migration in migrations:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationRefused(f"{migration.name} was changed after it had been applied; write a new file instead")
