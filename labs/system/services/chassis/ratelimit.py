"""A token bucket in Redis, shared by all instances. Refuses to decide what happens when Redis is down: the caller does.

Why a bucket and not a counter per window: a window lets twice the limit through around its edge, a bucket allows a
burst once and then the rate. Why a script: read, refill, take and write must be one step, or two instances both spend
the last token. Why the server's clock: instances disagree by milliseconds to seconds, and each would refill on its own.
"""

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from chassis.redis import Redis, RedisUnavailable

# KEYS: the bucket, then keys that must not exist (the denylist). ARGV: rate per second, burst, cost.
# The bucket lives only as long as it takes to be full again: a full bucket and no bucket are the same thing.
_SCRIPT = """
if #KEYS > 1 and redis.call('EXISTS', unpack(KEYS, 2)) > 0 then return {-1, '0', '0'} end
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(held[1] or burst), tonumber(held[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local allowed = tokens >= cost
if allowed then tokens = tokens - cost end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
local wait = 0
if not allowed then wait = (cost - tokens) / rate end
return {allowed and 1 or 0, string.format('%.6f', tokens), string.format('%.6f', wait)}
"""


class LimiterUnavailable(RedisUnavailable):
    """Nobody counts at the moment. Open or closed is the caller's choice, and depends on what is protected."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bucket says. `denied`: the token was withdrawn, and no token was taken from the bucket."""

    allowed: bool
    remaining: int
    retry_after: float
    denied: bool = False


class TokenBucket:
    """Buckets under one prefix."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def take(self, key: str, rate: float, burst: int, cost: int = 1, *, unless: Sequence[str] = ()) -> Decision:
        """Take `cost` tokens from the bucket, unless one of the keys `unless` exists; raises LimiterUnavailable."""
        keys = (f"{self._prefix}:{key}", *unless)
        try:
            allowed, tokens, wait = await self._run(len(keys), *keys, rate, burst, cost)
        except RedisUnavailable as problem:
            raise LimiterUnavailable(problem.reason) from problem
        return Decision(allowed == 1, math.floor(float(tokens)), float(wait), denied=allowed == -1)

    async def forget(self, key: str) -> None:
        """Fill the bucket again; raises LimiterUnavailable."""
        try:
            await self._redis.call("DEL", f"{self._prefix}:{key}")
        except RedisUnavailable as problem:
            raise LimiterUnavailable(problem.reason) from problem

    async def _run(self, *arguments: str | float) -> tuple[int, str, str]:
        # EVAL and not EVALSHA: one kilobyte more on the wire, and no second path for a Redis that lost its scripts.
        answer: tuple[int, str, str]
        answer = tuple(await self._redis.call("EVAL", _SCRIPT, *arguments))
        return answer


@lru_cache(maxsize=4096)
def client_network(peer: str) -> str:
    """The address a limit is counted by. An IPv6 client owns 2^64 addresses: its network counts as one client."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer or "unknown"
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return peer
