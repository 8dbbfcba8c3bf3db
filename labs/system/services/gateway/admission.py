"""Who may pass, and how often: token, denylist and rate limit, in as few round trips as possible.

For a JWT that is one: its signature is checked here with cached keys, then one Redis script looks at the denylist and
takes a token from the bucket. An opaque token means nothing without users, so users is asked (see introspection).

Refuses to wait for Redis: 250 ms at most, and behind a breaker. What happens without Redis is a decision, made in
RATE_LIMIT_MODE and per limit: open lets requests pass uncounted (and withdrawn JWTs live until they expire), closed
answers 503.
"""

import logging
import math
from dataclasses import dataclass

from prometheus_client import Counter

from chassis.breaker import CircuitBreaker, CircuitOpen
from chassis.identity.denylist import Denylist
from chassis.identity.dependency import unauthorized
from chassis.identity.model import Identity
from chassis.identity.tokens import InvalidToken, TokenVerifier
from chassis.problems import Problem
from chassis.ratelimit import Decision, LimiterUnavailable, TokenBucket, client_network
from chassis.redis import Redis
from gateway.config import Limit, Route
from gateway.introspection import Introspection

log = logging.getLogger(__name__)

LIMITED = Counter("gateway_rate_limited_total", "Requests over their limit", ["limit"])
UNCOUNTED = Counter("gateway_rate_limit_unavailable_total", "Requests met without Redis", ["limit", "mode"])
REFUSED = Counter("gateway_tokens_refused_total", "Requests with a token that proves nothing", ["kind"])

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Admitted:
    """What is known about a request that may pass; `headers` tell the client what is left of its limit."""

    identity: Identity | None
    headers: Headers


class Admission:
    """Checks each request of a route before anything is forwarded."""

    def __init__(self, verifier: TokenVerifier, redis: Redis, introspection: Introspection, mode: str) -> None:
        self._verifier = verifier
        self._bucket = TokenBucket(redis, "limit")
        self._denylist = Denylist(redis)
        self._introspection = introspection
        self._mode = mode
        # A window of a second: when Redis hangs, a second's worth of requests waits 250 ms each, then nobody does.
        self._breaker = CircuitBreaker("redis", window=1.0, minimum=5, open_for=2.0, half_open=1)

    async def admit(self, route: Route, limit: Limit, authorization: bytes, peer: str) -> Admitted:
        """The caller of this request, or a Problem: 401, 429 or 503."""
        address = f"ip:{client_network(peer)}"
        if route.auth == "none":
            return Admitted(None, await self._count(route.limit, limit, address, None))
        if not authorization:
            headers = await self._count(route.limit, limit, address, None)
            if route.auth == "required":
                raise unauthorized()
            return Admitted(None, headers)
        token = _bearer(authorization)
        identity = await self._identity(token, route, limit, address)
        return Admitted(identity, await self._count(route.limit, limit, f"sub:{identity.subject}", identity))

    async def _identity(self, token: str, route: Route, limit: Limit, address: str) -> Identity:
        """Until the token is known to be good, its bearer is only an address: guessing is limited by that."""
        if "." not in token:
            await self._count(route.limit, limit, address, None)
            return await self._opaque(token)
        try:
            return await self._verifier.verify(token)
        except InvalidToken as problem:
            REFUSED.labels("jwt").inc()
            log.info("token refused", extra={"reason": problem.reason})
            await self._count(route.limit, limit, address, None)
            raise unauthorized("invalid_token") from None

    async def _opaque(self, token: str) -> Identity:
        identity = await self._introspection.identity(token)
        if identity is None:
            REFUSED.labels("opaque").inc()
            raise unauthorized("invalid_token")
        return identity

    async def _count(self, name: str, limit: Limit, key: str, identity: Identity | None) -> Headers:
        try:
            decision = await self._take(f"{name}:{key}", limit, identity)
        except (LimiterUnavailable, CircuitOpen) as error:
            mode = limit.without_redis or self._mode
            UNCOUNTED.labels(name, mode).inc()
            if mode == "open":
                return []
            raise Problem(503, "Limits cannot be checked at the moment", headers={"Retry-After": "2"}) from error
        if decision.denied:
            REFUSED.labels("withdrawn").inc()
            raise unauthorized("invalid_token")
        if not decision.allowed:
            LIMITED.labels(name).inc()
            raise _too_many(name, limit, decision)
        return _limit_headers(name, limit, decision.remaining)

    async def _take(self, key: str, limit: Limit, identity: Identity | None) -> Decision:
        permit = self._breaker.allow()
        try:
            if identity is None:
                decision = await self._bucket.take(key, limit.rate, limit.burst)
            else:
                decision = await self._denylist.admit(
                    self._bucket, key, limit.rate, limit.burst, jti=identity.token_id, session=identity.session_id
                )
            permit.success()
            return decision
        except LimiterUnavailable:
            permit.failure()
            raise
        finally:
            permit.cancelled()


def _bearer(authorization: bytes) -> str:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise unauthorized()
    try:
        return token.strip().decode("ascii")
    except UnicodeDecodeError:
        raise unauthorized("invalid_token") from None


def _too_many(name: str, limit: Limit, decision: Decision) -> Problem:
    headers = {key.decode(): value.decode() for key, value in _limit_headers(name, limit, 0)}
    headers["Retry-After"] = str(max(1, math.ceil(decision.retry_after)))
    return Problem(429, "Too many requests", detail=f"The limit '{name}' is used up.", headers=headers)


def _limit_headers(name: str, limit: Limit, remaining: int) -> Headers:
    """The fields of the IETF draft: the policy, what is left, and in how many seconds the bucket is full again."""
    full_in = math.ceil((limit.burst - remaining) / limit.rate)
    return [
        (b"ratelimit-policy", f'"{name}";q={limit.burst};w={math.ceil(limit.burst / limit.rate)}'.encode()),
        (b"ratelimit", f'"{name}";r={remaining};t={full_in}'.encode()),
    ]
