"""Opaque access tokens in Redis: a hash of the string, what it stands for, and which session it belongs to.

Redis and not PostgreSQL, because each request with such a token asks here, and because losing them all is bearable:
their sessions are in PostgreSQL, and a refresh makes new ones.

Refuses to hold the token itself: whoever reads Redis can use none of them.
"""

import json
import time
from typing import Any
from uuid import UUID

from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from chassis.redis import Redis
from users import strings

# KEYS: the token, the index of its session. ARGV: content, seconds to live, when it ends. The index forgets tokens that
# have expired and lives as long as the newest, so that a session that is refreshed for a month does not grow.
_STORE = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', redis.call('TIME')[1])
redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1])
redis.call('EXPIRE', KEYS[2], ARGV[2])
"""
# The names of the tokens come from the index, so they are not in KEYS: this needs one Redis, not a cluster.
_END = """
for _, token in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('DEL', token) end
redis.call('DEL', KEYS[1])
"""


class OpaqueTokens:
    """The tokens; every method raises RedisUnavailable."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def issue(self, subject: UUID, session: UUID, roles: list[str], expires: int) -> str:
        """A new token."""
        token, now = strings.new(strings.ACCESS), int(time.time())
        content = {"sub": str(subject), "sid": str(session), "roles": roles, "iat": now, "exp": expires}
        left = max(1, expires - now)
        await self._redis.call("EVAL", _STORE, 2, _key(token), _index(str(session)), json.dumps(content), left, expires)
        return token

    async def read(self, token: str) -> dict[str, Any] | None:
        """What the token stands for; None for anything that is not, or no longer, a token."""
        content = await self._redis.call("GET", _key(token))
        return None if content is None else dict(json.loads(content))

    async def revoke(self, token: str) -> None:
        """End one token."""
        await self._redis.call("DEL", _key(token))

    async def end(self, session: str) -> None:
        """End all tokens of a session."""
        await self._redis.call("EVAL", _END, 1, _index(session))


def identity_in(content: dict[str, Any]) -> Identity:
    """Whom the token speaks for."""
    return Identity(
        subject=content["sub"],
        roles=frozenset(content["roles"]),
        permissions=permissions_of(content["roles"]),
        kind="user",
        session_id=content["sid"],
        expires=content["exp"],
    )


def _key(token: str) -> str:
    return f"opaque:{strings.digest(token).hex()}"


def _index(session: str) -> str:
    return f"opaque:sid:{session}"
