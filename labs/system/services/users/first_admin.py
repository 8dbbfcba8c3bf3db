"""The first administrator, made at the first start from ADMIN_EMAIL and ADMIN_PASSWORD.

Somebody has to be able to give roles, and the first one cannot get the role from anybody. Once there is an
administrator these variables mean nothing: a password that was changed stays changed.

Refuses to promote an account that is there already: whoever registered the address first would be administrator.
"""

import asyncio
import logging

from chassis import tasks
from chassis.database import Database, DatabaseUnavailable
from chassis.problems import Problem
from users import accounts
from users.accounts import ADMIN, CUSTOMER, NewAccount
from users.passwords import Passwords

logger = logging.getLogger(__name__)

_START = 1.0
_RETRY = 0.5


class NoAdministrator(Problem):
    """It has not been looked yet whether there is one."""

    def __init__(self) -> None:
        super().__init__(503, "Service Unavailable")


class FirstAdmin:
    """A component that works once, as soon as the database is there."""

    def __init__(self, database: Database, passwords: Passwords, email: str, password: str) -> None:
        self._database = database
        self._passwords = passwords
        self._email = email
        self._password = password
        self._done = not email
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look in the background: the database may come later."""
        if not self._done:
            self._task = asyncio.create_task(self._run())
            await asyncio.wait({self._task}, timeout=_START)  # usually it is there, and the first probe can say so

    async def stop(self) -> None:
        """Stop looking."""
        if self._task:
            await tasks.end([self._task])

    async def check(self) -> None:
        """Ready when the shop has an administrator, or wants none: the first login may be theirs."""
        if not self._done:
            raise NoAdministrator

    async def _run(self) -> None:
        await self._database.migrated()
        while not self._done:
            try:
                await self.make()
                self._done = True
            except DatabaseUnavailable:
                await asyncio.sleep(_RETRY)
            except Exception:
                logger.exception("the first administrator could not be made")
                await asyncio.sleep(_RETRY)

    async def make(self) -> None:
        """Make the administrator, unless there is one."""
        async with self._database.transaction() as connection:
            if await accounts.is_any_admin(connection):
                return
        hashed = await self._passwords.hash(self._password)
        async with self._database.transaction() as connection:
            await accounts.lock_roles(connection)  # instances that start together: one of them makes it
            if await accounts.is_any_admin(connection):
                return
            new = NewAccount(self._email, "Administrator")
            made = await accounts.create(connection, new, hashed, (ADMIN, CUSTOMER))
        if made is None:
            logger.critical("ADMIN_EMAIL belongs to a customer's account; there is no administrator")
            return
        logger.info("the first administrator was made", extra={"user_id": str(made.id)})
