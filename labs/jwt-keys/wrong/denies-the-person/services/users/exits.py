"""Ending what was opened: logout, revocation (RFC 7009), and a role that is taken away.

The order is the same everywhere: first the database, which decides and cannot be denied later, then Redis, where the
decision takes effect. The other way round a failure in between would end the access token, with which one could ask
again, and leave the refresh token alive.

Refuses to answer 204 or 200 for something that is not true yet.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from chassis.database import Database
from chassis.identity.claims import InvalidToken
from chassis.identity.model import Identity
from users import accounts, denials, sessions, strings
from users.accounts import Account
from users.denials import Denial, Denials
from users.opaque import OpaqueTokens
from users.verifying import OwnTokens


class Exits:
    """The ways out."""

    def __init__(self, database: Database, delivery: Denials, tokens: OwnTokens, opaque: OpaqueTokens) -> None:
        self._database = database
        self._denials = delivery
        self._tokens = tokens
        self._opaque = opaque

    async def log_out(self, identity: Identity) -> None:
        """End this, everywhere: whoever logs out wants to be out."""
        ended = _denial_of(identity)
        session = session_id(identity)
        async with self._database.transaction() as connection:
            for denial in ended:
                await denials.record(connection, denial)
            if session is not None:
                ended += await sessions.end_all(connection, UUID(identity.subject), "logout")
        await self._denials.deliver(ended, done="The session is ended.")

    async def revoke(self, token: str) -> None:
        """End whatever this is: a refresh token with its session, an access token alone. Nothing, if it is nothing.

        The hint of RFC 7009 is not needed, because each kind of token can be told by its looks.
        """
        if token.startswith(strings.REFRESH):
            await self._revoke_refresh_token(token)
        elif "." in token:
            await self._revoke_signed(token)
        else:
            await self._opaque.revoke(token)

    async def set_roles(self, user_id: UUID, roles: Iterable[str]) -> Account | None:
        """Replace somebody's roles; None when there is nobody. Raises LastAdmin.

        A role that is given shows in the next access token. One that is taken ends the sessions, because tokens carry
        the roles, and an administrator who was dismissed should not be one for another quarter of an hour.
        """
        async with self._database.transaction() as connection:
            changed = await accounts.set_roles(connection, user_id, roles)
            if changed is None:
                return None
            account, lost = changed
            ended = await sessions.end_all(connection, user_id, "role_lost") if lost else ()
        await self._denials.deliver(ended, done="The roles are changed.")
        return account

    async def _revoke_refresh_token(self, token: str) -> None:
        async with self._database.transaction() as connection:
            session = await sessions.session_of(connection, token)
            ended = () if session is None else await sessions.end(connection, session, "revoked")
        await self._denials.deliver(ended, done="The session is ended.")

    async def _revoke_signed(self, token: str) -> None:
        try:
            identity = await self._tokens.verify(token)
        except InvalidToken:
            return  # forged, or expired: either way it opens nothing
        ended = _denial_of(identity)
        async with self._database.transaction() as connection:
            for denial in ended:
                await denials.record(connection, denial)
        await self._denials.deliver(ended, done="The revocation is recorded.")


def session_id(identity: Identity) -> UUID | None:
    """The session of a caller, if the token names one."""
    try:
        return UUID(identity.session_id or "")
    except ValueError:
        return None


def _denial_of(identity: Identity) -> tuple[Denial, ...]:
    """The denial of a JWT by its id; an opaque token has none, and ends with its session."""
    if identity.token_id is None or identity.expires is None:
        return ()
    return (Denial("jti", identity.token_id, datetime.fromtimestamp(identity.expires, UTC)),)
