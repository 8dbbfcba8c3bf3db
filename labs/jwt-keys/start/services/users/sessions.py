"""Sessions and their refresh tokens, in PostgreSQL. The unit of work is the caller's transaction.

Rotation: each refresh token works once and is replaced. A used one that comes back means that two parties hold it. Who
of them is the thief cannot be told, so the whole family ends, and its access tokens with it (RFC 9700, 4.14.2).

And the client that repeats a refresh because the answer was lost? It looks exactly like the thief, and is treated like
one: it has to log in again. A grace of some seconds, in which a used token yields its successor once more, would
spare it that, and would hand the same session to whoever replays a stolen token fast enough, without a trace. A
lost answer costs one login, a missed thief costs the account. Clients therefore refresh one at a time.

Refuses to move the end of a session: a family ends when it was going to, however often it is refreshed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from users import strings
from users.denials import Denial

TokenType = Literal["jwt", "opaque"]
EndReason = Literal["logout", "revoked", "reuse", "password_changed", "role_lost"]

_BEGIN = text(
    "INSERT INTO sessions (id, user_id, token_type, expires_at, access_until)"
    " VALUES (:id, :user_id, :token_type, now() + CAST(:session AS interval), now() + CAST(:access AS interval))"
    " RETURNING id, user_id, token_type, access_until"
)
_ADD_TOKEN = text(
    "INSERT INTO refresh_tokens (hash, session_id, expires_at)"
    " SELECT :hash, id, least(now() + CAST(:refresh AS interval), expires_at) FROM sessions WHERE id = :id"
)
# The claim: of two who present a token at once, the second waits for the first and then finds it used.
_USE_TOKEN = text(
    "UPDATE refresh_tokens SET used_at = now() WHERE hash = :hash AND used_at IS NULL AND expires_at > now()"
    " RETURNING session_id"
)
_LIVE = "ended_at IS NULL AND expires_at > now()"
# Locks the session until COMMIT, so that its end comes before (and finds us refused) or after (and ends this, too).
_CONTINUE = text(
    "UPDATE sessions SET access_until = least(now() + CAST(:access AS interval), expires_at)"
    f" WHERE id = :id AND {_LIVE} RETURNING id, user_id, token_type, access_until"
)
_REUSED = text(
    "SELECT session_id FROM refresh_tokens WHERE hash = :hash AND used_at IS NOT NULL AND expires_at > now()"
    f" AND session_id IN (SELECT id FROM sessions WHERE {_LIVE})"
)
_SESSION_OF = text("SELECT session_id FROM refresh_tokens WHERE hash = :hash")
_END = "UPDATE sessions SET ended_at = now(), end_reason = :reason WHERE ended_at IS NULL AND "
_END_ONE = text(_END + "id = :id")
_END_ALL = text(_END + "user_id = :user_id AND id IS DISTINCT FROM CAST(:but AS uuid)")
# Of sessions that ended before as well: whoever asks again wants it to be true now. Five seconds, because verifiers
# accept a token for that long after its end.
_DENY = (
    "INSERT INTO denials (kind, value, expires_at) SELECT 'sid', id::text, access_until FROM sessions"
    " WHERE ended_at IS NOT NULL AND access_until > now() - interval '5 seconds' AND {whose}"
    " ON CONFLICT (kind, value) DO UPDATE SET expires_at = excluded.expires_at RETURNING kind, value, expires_at"
)
_DENY_ONE = text(_DENY.format(whose="id = :id"))
_DENY_ALL = text(_DENY.format(whose="user_id = :user_id"))
_FORGET_SESSIONS = text(
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < now() - interval '7 days'"
    " ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)"
)
_DROP_TOKENS = text("DELETE FROM refresh_tokens WHERE session_id = :id")
_FORGET_TOKENS = text(
    "DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE expires_at < now()"
    " ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True)
class Lifetimes:
    """How long access tokens, refresh tokens and whole sessions live."""

    access: timedelta
    refresh: timedelta
    session: timedelta


@dataclass(frozen=True)
class Session:
    """A session with the end of the access token that is about to be issued."""

    id: UUID
    user_id: UUID
    token_type: TokenType
    access_until: datetime


@dataclass(frozen=True)
class Continued:
    """A session that goes on with a new refresh token."""

    session: Session
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class Refused:
    """A refresh token that does not work, and what its coming back has ended."""

    denials: tuple[Denial, ...] = ()
    reused: UUID | None = None


async def begin(connection: AsyncConnection, user_id: UUID, token_type: TokenType, lifetimes: Lifetimes) -> Continued:
    """A new session with its first refresh token."""
    values = {"id": uuid4(), "user_id": user_id, "token_type": token_type}
    row = await connection.execute(_BEGIN, {**values, "session": lifetimes.session, "access": lifetimes.access})
    session = Session(**row.mappings().one())
    return Continued(session, await _add_token(connection, session.id, lifetimes))


async def rotate(connection: AsyncConnection, refresh_token: str, lifetimes: Lifetimes) -> Continued | Refused:
    """Use the token and replace it; a refusal must be committed like a success, because it may end a session."""
    used = strings.digest(refresh_token)
    session_id = (await connection.execute(_USE_TOKEN, {"hash": used})).scalar_one_or_none()
    if session_id is None:
        return await _refuse(connection, used)
    row = (await connection.execute(_CONTINUE, {"id": session_id, "access": lifetimes.access})).mappings().first()
    if row is None:
        return Refused()
    return Continued(Session(**row), await _add_token(connection, session_id, lifetimes))


async def session_of(connection: AsyncConnection, refresh_token: str) -> UUID | None:
    """The session that this refresh token belongs to, used or not."""
    found: UUID | None = (
        await connection.execute(_SESSION_OF, {"hash": strings.digest(refresh_token)})
    ).scalar_one_or_none()
    return found


async def end(connection: AsyncConnection, session_id: UUID, reason: EndReason) -> tuple[Denial, ...]:
    """End one session; what has to be denied for that to be true at once."""
    await connection.execute(_END_ONE, {"id": session_id, "reason": reason})
    rows = await connection.execute(_DENY_ONE, {"id": session_id})
    return tuple(Denial(**row) for row in rows.mappings())


async def drop_tokens(connection: AsyncConnection, session_id: UUID) -> None:
    """Take the refresh tokens of a session away; without them it goes no further than its last access token."""
    await connection.execute(_DROP_TOKENS, {"id": session_id})


async def end_all(
    connection: AsyncConnection, user_id: UUID, reason: EndReason, *, but: UUID | None = None
) -> tuple[Denial, ...]:
    """End all sessions of a user but one; hold the user's row before, or two that do this at once can deadlock."""
    await connection.execute(_END_ALL, {"user_id": user_id, "but": but, "reason": reason})
    rows = await connection.execute(_DENY_ALL, {"user_id": user_id})
    return tuple(Denial(**row) for row in rows.mappings())


async def forget(connection: AsyncConnection) -> None:
    """Delete what has long been over, a thousand rows at a time: a long DELETE would hold its locks for as long."""
    await connection.execute(_FORGET_TOKENS)
    await connection.execute(_FORGET_SESSIONS)


async def _add_token(connection: AsyncConnection, session_id: UUID, lifetimes: Lifetimes) -> str:
    token = strings.new(strings.REFRESH)
    values = {"hash": strings.digest(token), "id": session_id, "refresh": lifetimes.refresh}
    await connection.execute(_ADD_TOKEN, values)
    return token


async def _refuse(connection: AsyncConnection, used: bytes) -> Refused:
    session_id = (await connection.execute(_REUSED, {"hash": used})).scalar_one_or_none()
    if session_id is None:
        return Refused()
    return Refused(await end(connection, session_id, "reuse"), session_id)
