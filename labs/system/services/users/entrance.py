"""Logging in, going on, changing the password: what opens and renews sessions.

Refuses to tell a wrong password from an unknown address, in its answer and in the work that it does.
"""

import contextlib
import logging
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

from prometheus_client import Counter

from chassis import context
from chassis.database import Database
from chassis.identity.dependency import unauthorized
from chassis.metrics import registry
from chassis.problems import Problem
from users import accounts, sessions
from users.accounts import Account
from users.denials import Denials, NotYetEffective
from users.issuing import Grant, Issuer
from users.limits import LoginLimits
from users.passwords import Passwords
from users.sessions import Lifetimes, Refused, TokenType

logger = logging.getLogger(__name__)

_logins = Counter("logins", "Attempts to log in that were counted.", ("outcome",), registry=registry)
_refreshes = Counter("refreshes", "Refresh tokens that were presented.", ("outcome",), registry=registry)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="shop"'}


@dataclass(frozen=True)
class Attempt:
    """An attempt to log in."""

    email: str
    password: str = field(repr=False)
    token_type: TokenType
    address: str


class WrongCredentials(Problem):
    """One answer for all reasons."""

    def __init__(self) -> None:
        super().__init__(401, "Unauthorized", detail="E-mail or password is wrong.", headers=_CHALLENGE)


class WrongPassword(Problem):
    """Not a 401: the access token is fine, and a client that gets a 401 throws it away."""

    def __init__(self) -> None:
        super().__init__(403, "Forbidden", detail="The current password is wrong.")


class UselessRefreshToken(Problem):
    """One answer for all reasons; a thief need not know that he was noticed."""

    def __init__(self) -> None:
        super().__init__(401, "Unauthorized", detail="The refresh token is not valid.", headers=_CHALLENGE)


class Entrance:
    """The door of the shop."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        limits: LoginLimits,
        issuer: Issuer,
        denials: Denials,
        lifetimes: Lifetimes,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._limits = limits
        self._issuer = issuer
        self._denials = denials
        self._lifetimes = lifetimes

    async def log_in(self, attempt: Attempt) -> Grant:
        """A new session."""
        await self._limits.admit(attempt.email, attempt.address)
        await self._issuer.prepare()
        async with self._database.transaction() as connection:
            account = await accounts.find_by_email(connection, attempt.email)
        right = await self._passwords.verify(account.password_hash if account else None, attempt.password)
        grant = await self._open(account, attempt) if account and right else None
        _logins.labels("refused" if grant is None else attempt.token_type).inc()
        if grant is None:
            raise WrongCredentials
        await self._limits.succeeded(attempt.email)
        return grant

    async def _open(self, account: Account, attempt: Attempt) -> Grant | None:
        """A session with today's roles; None when the password was changed since it was checked."""
        context.bind_log(user_id=str(account.id))
        # Only now is the password known here, so only now can its hash be made with stronger parameters.
        outdated = self._passwords.is_outdated(account.password_hash)
        new_hash = await self._passwords.hash(attempt.password) if outdated else None
        async with self._database.transaction() as connection:
            roles = await accounts.hold(connection, account, new_hash)
            if roles is None:
                return None
            begun = await sessions.begin(connection, account.id, attempt.token_type, self._lifetimes)
            return await self._issuer.grant(begun, roles)

    async def go_on(self, refresh_token: str) -> Grant:
        """Further access to a session, and another refresh token in place of this one."""
        await self._issuer.prepare()
        async with self._database.transaction() as connection:
            outcome = await sessions.rotate(connection, refresh_token, self._lifetimes)
            if not isinstance(outcome, Refused):
                context.bind_log(user_id=str(outcome.session.user_id))
                # Read under the session's lock: who changes roles ends the sessions afterwards, this one included.
                roles = await accounts.roles_of(connection, outcome.session.user_id)
                grant = await self._issuer.grant(outcome, roles)
        if isinstance(outcome, Refused):
            await self._refuse(outcome)
        _refreshes.labels("rotated").inc()
        return grant

    async def _refuse(self, refused: Refused) -> NoReturn:
        _refreshes.labels("reused" if refused.reused else "refused").inc()
        if refused.reused:
            logger.warning("a refresh token came back; its session is ended", extra={"sid": str(refused.reused)})
            # Without Redis it is recorded, and delivered later; the answer to whoever sent this is no all the same.
            with contextlib.suppress(NotYetEffective):
                await self._denials.deliver(refused.denials, done="")
        raise UselessRefreshToken

    async def change_password(self, user_id: UUID, session: UUID | None, current: str, new: str) -> None:
        """Replace the password, and end every session but this one: one of them may be why it is changed."""
        async with self._database.transaction() as connection:
            account = await accounts.find(connection, user_id)
        if account is None:
            raise unauthorized("invalid_token")
        # Guessing is guessing, whether at the login or with a token that was left behind on somebody's screen.
        await self._limits.admit_account(account.email)
        if not await self._passwords.verify(account.password_hash, current):
            raise WrongPassword
        new_hash = await self._passwords.hash(new)
        async with self._database.transaction() as connection:
            if await accounts.hold(connection, account, new_hash) is None:
                raise WrongPassword
            denials = await sessions.end_all(connection, user_id, "password_changed", but=session)
        await self._limits.succeeded(account.email)
        await self._denials.deliver(denials, done="The password is changed, and all other sessions are ended.")
