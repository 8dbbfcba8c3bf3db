"""Tokens that are withdrawn before they expire. Refuses to remember longer than the token would have lived.

JWTs are verified without asking anybody, so withdrawing one needs a place that is asked. Who asks: the gateway, on each
request, in the same round trip as its rate limit (`admit`). The services behind it do not: they are not reachable from
outside, and a Redis call per hop would buy little. Users asks too when it introspects.

The list is short: it holds only what was revoked within one access token lifetime, and each key goes by itself.
Sessions (refresh token families) are denied as a whole, so reuse of a stolen refresh token ends every access token
that came from it without anybody having listed them.
"""

import time

from chassis.ratelimit import Decision, TokenBucket
from chassis.redis import Redis

_SKEW = 5  # verifiers accept a token this long after its expiry, so it must be denied as long


class Denylist:
    """Denied token ids and sessions in Redis; every method raises RedisUnavailable."""

    def __init__(self, redis: Redis, prefix: str = "deny") -> None:
        self._redis = redis
        self._prefix = prefix

    async def deny(self, jti: str, expires: int) -> None:
        """Deny one token until it would have expired anyway."""
        await self._set(f"{self._prefix}:jti:{jti}", expires)

    async def deny_session(self, session: str, expires: int) -> None:
        """Deny all access tokens of a session until the last of them has expired."""
        await self._set(f"{self._prefix}:sid:{session}", expires)

    async def is_denied(self, jti: str | None, session: str | None = None) -> bool:
        """Whether the token, or the session that it belongs to, was withdrawn."""
        keys = self.keys(jti, session)
        return bool(keys and await self._redis.call("EXISTS", *keys))

    async def admit(
        self, bucket: TokenBucket, key: str, rate: float, burst: int, *, jti: str | None, session: str | None
    ) -> Decision:
        """Denylist and rate limit in one round trip; for a withdrawn token `denied` is set and nothing is taken."""
        return await bucket.take(key, rate, burst, unless=self.keys(jti, session))

    def keys(self, jti: str | None, session: str | None) -> tuple[str, ...]:
        """The Redis keys whose existence denies this token."""
        named = (("jti", jti), ("sid", session))
        return tuple(f"{self._prefix}:{kind}:{value}" for kind, value in named if value)

    async def _set(self, key: str, expires: int) -> None:
        left = expires + _SKEW - int(time.time())
        if left > 0:
            await self._redis.call("SET", key, "1", "EX", left)
