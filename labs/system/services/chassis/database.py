"""A service's own PostgreSQL: one pool, explicit transactions, plain SQL, migrations at start.

The service starts without it and keeps trying; until it is up and migrated, `transaction` raises
DatabaseUnavailable (503 with Retry-After) and readiness says no.

Refuses an ORM session, autocommit, statements without a time limit, and parameter values in traces and logs.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from chassis import schema, tasks, tracing
from chassis.problems import Problem

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 3.0
# The server ends a statement after 5 s. The client waits a little longer, for a server that answers nothing.
STATEMENT_TIMEOUT_MS = 5000
COMMAND_TIMEOUT = 6.0
POOL_TIMEOUT = 3.0
# SQLSTATE classes that say "not now": connection lost, out of resources, operator (shutdown, timeout).
_NOT_NOW = ("08", "53", "57")


class DatabaseUnavailable(Problem):
    """The database cannot be used now; nothing was changed, unless the commit itself was cut off."""

    def __init__(self) -> None:
        super().__init__(
            503, "Service Unavailable", detail="The database is unavailable.", headers={"Retry-After": "2"}
        )


class Database:
    """The database of one service."""

    def __init__(self, url: str, *, migrations: Path, pool: int = 10, name: str) -> None:
        self._name = name
        self._migrations = migrations
        self._settings = {
            "application_name": name,
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            # A client that hangs inside a transaction must not hold its locks for ever.
            "idle_in_transaction_session_timeout": "30000",
        }
        self._url = make_url(url)
        self._engine = create_async_engine(
            self._url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT,
            hide_parameters=True,  # or every failed statement would log its values
            connect_args={
                "server_settings": self._settings,
                "timeout": CONNECT_TIMEOUT,
                "command_timeout": COMMAND_TIMEOUT,
            },
        )
        # Consumers share at most half of the pool: a burst of events must not starve the requests.
        self.background = asyncio.Semaphore(max(1, pool // 2))
        self._ready = asyncio.Event()
        self._refused: schema.MigrationRefused | None = None
        self._upgrade: asyncio.Task[None] | None = None
        _observe(self._engine.sync_engine)

    async def start(self) -> None:
        """Connect and migrate in the background; only a contradiction in the migrations stops the service."""
        files = schema.read(self._migrations)
        self._upgrade = asyncio.create_task(self._keep_trying(files))
        # Usually the database is there: then the first request needs not fail, and a refusal ends the process.
        await asyncio.wait({self._upgrade}, timeout=CONNECT_TIMEOUT)
        if self._refused:
            raise self._refused

    async def stop(self) -> None:
        """Close all connections."""
        await tasks.end([self._upgrade] if self._upgrade else [])
        await self._engine.dispose()

    async def check(self) -> None:
        """Raise unless a statement gets through and the schema is the one this code expects."""
        if self._refused:
            raise self._refused
        async with self.transaction() as connection:
            await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """BEGIN .. COMMIT around the body; ROLLBACK when it raises."""
        if not self._ready.is_set():
            raise DatabaseUnavailable
        try:
            connection = await self._engine.connect()
        except (OSError, PoolTimeout, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            logger.warning("no connection to the database: %s", type(error).__name__)
            raise DatabaseUnavailable from error
        try:
            async with connection.begin():
                yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def session(
        self, *, command_timeout: float | None = COMMAND_TIMEOUT, **settings: str
    ) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection outside of the pool, for what needs one of its own: LISTEN and session locks."""
        _, arguments = self._engine.dialect.create_connect_args(self._url)
        connection = await asyncpg.connect(
            **arguments,
            server_settings={**self._settings, **settings},
            timeout=CONNECT_TIMEOUT,
            command_timeout=command_timeout,
        )
        try:
            yield connection
        finally:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=1)

    async def migrated(self) -> None:
        """Wait until the schema is there."""
        await self._ready.wait()

    async def _keep_trying(self, files: list[schema.Migration]) -> None:
        pause = 0.1
        while True:
            try:
                async with self.session(command_timeout=None, statement_timeout="0") as connection:
                    for name in await schema.migrate(connection, files):
                        logger.info("migration applied: %s", name)
                self._ready.set()
                return
            except schema.MigrationRefused as error:
                self._refused = error
                logger.critical("the database was left alone: %s", error)
                return
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("the database of %s cannot be prepared yet: %s", self._name, type(error).__name__)
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 2.0)


def _observe(engine: Any) -> None:
    """Attach what every statement gets: a span, an honest error, a connection that is alive."""
    event.listen(engine, "before_cursor_execute", _begin_span)
    event.listen(engine, "after_cursor_execute", _end_span)
    event.listen(engine, "handle_error", _translate)
    event.listen(engine, "checkout", _discard_closed)


def _discard_closed(raw: Any, *_: object) -> None:
    """Replace connections that the server has closed meanwhile; costs no round trip, unlike a ping."""
    if raw.driver_connection.is_closed():
        raise DisconnectionError


def _begin_span(connection: Connection, cursor: object, statement: str, *_: object) -> None:
    """Open a span below the request or message at hand. What a process asks of its own accord gets none: a timer that
    looks every second would be thousands of traces, and nobody would find theirs among them.
    """
    if not tracing.ids()[0]:
        return
    operation = statement.split(None, 1)[0].upper() if statement.strip() else "SQL"
    opened = tracing.span(
        f"postgresql {operation}",
        kind="client",
        attributes={"db.system": "postgresql", "db.operation": operation, "db.statement": statement[:1000]},
    )
    opened.__enter__()
    connection.info["span"] = opened


def _end_span(connection: Connection, *_: object) -> None:
    opened: AbstractContextManager[object] | None = connection.info.pop("span", None)
    if opened:
        opened.__exit__(None, None, None)


def _translate(context: ExceptionContext) -> BaseException | None:
    """Tell "not now" from "never": only what the database itself raised is looked at, nothing of the caller's."""
    error = context.original_exception
    # SQLAlchemy's own first questions to a server run on a connection that has no `info`, and no span either.
    with contextlib.suppress(BaseException):
        opened = context.connection.info.pop("span", None) if context.connection else None
        if opened:
            opened.__exit__(type(error), error, error.__traceback__)
    if not isinstance(error, Exception):
        return None  # cancelled in the middle of a statement: the task that was told to end has to hear it
    state = str(getattr(error, "sqlstate", None) or "")
    if isinstance(error, (OSError, TimeoutError)) or context.is_disconnect or state.startswith(_NOT_NOW):
        # A connection that timed out is in an unknown state; it is thrown away, not rolled back.
        context.is_disconnect = context.is_disconnect or isinstance(error, (OSError, TimeoutError))
        return DatabaseUnavailable()
    return None
