"""Redis for caches and counters: fast when it is there, quickly gone when it is not; and the token bucket on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from chassis import redis as module
from chassis.identity.denylist import Denylist
from chassis.ratelimit import Decision, LimiterUnavailable, TokenBucket
from chassis.redis import Redis, RedisUnavailable
from processes.ports import free_ports
from processes.valkey import Valkey
from tests.system.messaging.proxy import proxied
from tests.system.messaging.waiting import until


@asynccontextmanager
async def connected(url: str, timeout: float = 2.0, connections: int = 20) -> AsyncIterator[Redis]:
    """A Redis component; patient, so that a busy machine is no outage."""
    redis = Redis(url, timeout=timeout, connections=connections)
    await redis.start()
    try:
        yield redis
    finally:
        await redis.stop()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An empty one."""
    async with connected(redis_url) as redis:
        yield redis


async def test_commands_are_answered_in_text(redis: Redis) -> None:
    """What is set is got."""
    await redis.call("SET", "name", "v\u00e4lue", "EX", 60)
    assert await redis.call("GET", "name") == "v\u00e4lue"
    await redis.check()


async def test_a_cancelled_call_does_not_give_its_answer_to_the_next(redis_url: str) -> None:
    """The connection of a call that was cut off is not used again with its answer still on the way."""
    async with connected(redis_url, connections=2) as redis:
        await redis.call("SET", "mine", "mine")
        for number in range(40):
            waiting = asyncio.create_task(redis.call("BLPOP", f"nothing-{number}", 0.05))
            await asyncio.sleep(number / 2000)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert await redis.call("GET", "mine") == "mine"


async def test_a_restarted_server_is_not_noticed(valkey: Valkey, redis_url: str) -> None:
    """Each pooled connection is dead once; the one immediate second try hides that."""
    async with connected(redis_url) as redis:
        await asyncio.gather(*(redis.call("PING") for _ in range(10)))
        await asyncio.to_thread(valkey.stop)
        await asyncio.to_thread(valkey.start)
        assert await asyncio.gather(*(redis.call("PING") for _ in range(10))) == [True] * 10


async def test_a_server_that_is_down_is_a_503_that_names_no_secret() -> None:
    """Nothing of the URL is in it; a service may catch it, or it becomes the answer."""
    (nobody,) = free_ports(1)
    async with connected(f"redis://:hunter2@127.0.0.1:{nobody}/0") as redis:
        with pytest.raises(RedisUnavailable) as down:
            await redis.check()
        assert (down.value.status, down.value.headers) == (503, {"Retry-After": "2"})
        assert "hunter2" not in f"{down.value} {down.value.reason} {down.value.detail}"


async def test_a_server_that_hangs_is_given_up_and_then_left_alone(valkey: Valkey, redis_url: str) -> None:
    """One caller waits for the time limit; for a while after that everybody is told at once, without waiting."""
    async with connected(redis_url, timeout=0.2) as redis:
        await redis.call("PING")
        valkey.child.pause()
        try:
            with pytest.raises(RedisUnavailable):
                await redis.call("PING")
            for _ in range(100):
                with pytest.raises(RedisUnavailable) as told:
                    await redis.call("PING")
                assert told.value.reason == "Redis did not answer a moment ago"
        finally:
            valkey.child.resume()
        await until(redis.check)
        assert await redis.call("PING")


async def test_a_burst_is_no_outage(redis_url: str) -> None:
    """Whoever waits for a free connection waits longer than Redis may take, and is answered: Redis is well."""
    async with connected(redis_url, timeout=0.3, connections=2) as redis:
        slow = [redis.call("BLPOP", "nothing", 0.05) for _ in range(30)]
        assert await asyncio.gather(*slow, redis.check(), redis.call("PING")) == [*[None] * 31, True]


async def test_an_answer_that_nobody_came_to_read_is_no_silence(redis_url: str) -> None:
    """This process is busy for longer than Redis may take; Redis has answered long since."""
    async with connected(redis_url, timeout=0.2) as redis:
        await redis.call("PING")
        for moment in range(5):
            asked = asyncio.ensure_future(redis.call("PING"))
            for _ in range(moment):
                await asyncio.sleep(0)
            time.sleep(0.3)
            assert await asked


async def test_who_waits_behind_a_failure_is_told_at_once(valkey: Valkey, redis_url: str) -> None:
    """In a queue for a connection nobody tries again what has failed in front of them."""
    async with connected(redis_url, timeout=0.2, connections=1) as redis:
        valkey.child.pause()
        try:
            told = await asyncio.gather(*(redis.call("PING") for _ in range(20)), return_exceptions=True)
        finally:
            valkey.child.resume()
        reasons = [error.reason for error in told if isinstance(error, RedisUnavailable)]
        assert reasons == ["TimeoutError", *["Redis did not answer a moment ago"] * 19]


async def test_the_quiet_ends_by_itself(valkey: Valkey, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to ask for readiness before it is tried again."""
    monkeypatch.setattr(module, "_QUIET", 0.05)
    async with connected(redis_url, timeout=0.2) as redis:
        valkey.child.pause()
        with pytest.raises(RedisUnavailable):
            await redis.call("PING")
        valkey.child.resume()
        await until(lambda: redis.call("PING"))


@pytest.mark.parametrize("limit", [0, 1, 5, 20])
async def test_an_answer_that_breaks_off_is_a_503(redis_url: str, limit: int) -> None:
    """Half an answer is no answer; the next call is whole again."""
    async with proxied(redis_url) as (proxy, url), connected(url) as redis:
        await redis.call("SET", "long", "x" * 100)
        proxy.limit = limit
        proxy.cut()
        with pytest.raises(RedisUnavailable):
            await redis.call("GET", "long")
        proxy.limit = 2**62
        proxy.cut()
        await until(redis.check)
        assert await redis.call("GET", "long") == "x" * 100


@pytest.fixture
def bucket(redis: Redis) -> TokenBucket:
    """Buckets under a prefix."""
    return TokenBucket(redis, "limit")


async def test_a_burst_and_then_the_rate(bucket: TokenBucket) -> None:
    """Five at once are let through, the sixth is told when to come again; what is left is said each time."""
    taken = [await bucket.take("ann", rate=0.01, burst=5) for _ in range(6)]
    assert [(one.allowed, one.remaining) for one in taken] == [(True, left) for left in (4, 3, 2, 1, 0)] + [(False, 0)]
    assert 90 < taken[-1].retry_after <= 100
    assert taken[0].retry_after == 0


async def test_buckets_are_apart(bucket: TokenBucket) -> None:
    """One client's burst is nobody else's."""
    await bucket.take("ann", rate=0.01, burst=1)
    assert not (await bucket.take("ann", rate=0.01, burst=1)).allowed
    assert (await bucket.take("ben", rate=0.01, burst=1)).allowed


async def test_tokens_come_back_with_time(bucket: TokenBucket) -> None:
    """After the time it named, and never more than the burst."""
    for _ in range(2):
        await bucket.take("ann", rate=20, burst=2)
    refused = await bucket.take("ann", rate=20, burst=2)
    while not refused.allowed:
        await asyncio.sleep(refused.retry_after)
        refused = await bucket.take("ann", rate=20, burst=2)
    await asyncio.sleep(0.3)
    assert (await bucket.take("ann", rate=20, burst=2)).remaining == 1


async def test_many_at_once_never_spend_a_token_twice(redis_url: str) -> None:
    """Two instances, fifty calls each, one bucket of ten: ten are let through."""
    async with connected(redis_url) as one, connected(redis_url) as two:
        calls = [TokenBucket(redis, "limit").take("ann", 0.001, 10) for redis in (one, two) for _ in range(50)]
        decisions = await asyncio.gather(*calls)
    assert sum(decision.allowed for decision in decisions) == 10


async def test_a_cost_of_more_than_one(bucket: TokenBucket) -> None:
    """Takes that many or nothing."""
    assert (await bucket.take("ann", 0.01, 5, cost=3)).remaining == 2
    refused = await bucket.take("ann", 0.01, 5, cost=3)
    assert (refused.allowed, refused.remaining) == (False, 2)
    assert (await bucket.take("ann", 0.01, 5, cost=2)).allowed


async def test_forgetting_fills_the_bucket(bucket: TokenBucket) -> None:
    """A login that succeeded takes the failed attempts back."""
    await bucket.take("ann", 0.01, 1)
    await bucket.forget("ann")
    assert (await bucket.take("ann", 0.01, 1)).allowed


async def test_a_bucket_lives_no_longer_than_it_is_needed(bucket: TokenBucket, redis: Redis) -> None:
    """A full bucket and no bucket are the same; a million clients who came once leave nothing behind."""
    await bucket.take("ann", rate=10, burst=20)
    assert 0 < await redis.call("PTTL", "limit:ann") <= 1200


async def test_nothing_is_taken_for_a_withdrawn_token(bucket: TokenBucket, redis: Redis) -> None:
    """Denied and limited in one round trip: the denial wins and costs the client no token."""
    await redis.call("SET", "deny:jti:bad", 1)
    assert await bucket.take("ann", 0.01, 1, unless=("deny:jti:good", "deny:jti:bad")) == Decision(
        allowed=False, remaining=0, retry_after=0, denied=True
    )
    assert await bucket.take("ann", 0.01, 1, unless=("deny:jti:good",)) == Decision(True, 0, 0)


async def test_without_redis_the_caller_decides() -> None:
    """LimiterUnavailable, whatever was asked: open or closed depends on what is protected."""
    (nobody,) = free_ports(1)
    async with connected(f"redis://127.0.0.1:{nobody}/0") as redis:
        bucket = TokenBucket(redis, "limit")
        with pytest.raises(LimiterUnavailable):
            await bucket.take("ann", 1, 1)
        with pytest.raises(LimiterUnavailable):
            await bucket.forget("ann")


async def test_a_denied_token_is_denied_as_long_as_it_would_live(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own id or by its session, until no verifier would accept it any more; then nothing of it is kept."""
    monkeypatch.setattr("chassis.identity.denylist.time.time", lambda: 1000.0)
    denylist = Denylist(redis)
    await denylist.deny("t-1", expires=1100)
    await denylist.deny_session("s-1", expires=1200)
    await denylist.deny("t-old", expires=990)
    assert await denylist.is_denied("t-1")
    assert await denylist.is_denied("t-2", "s-1")
    assert not await denylist.is_denied("t-2", "s-2")
    assert not await denylist.is_denied("t-old")
    assert not await denylist.is_denied(None)
    assert await redis.call("TTL", "deny:jti:t-1") == 105
    assert await redis.call("TTL", "deny:sid:s-1") == 205


async def test_admission_is_limit_and_denylist_at_once(redis: Redis, bucket: TokenBucket) -> None:
    """The gateway asks one question per request."""
    denylist = Denylist(redis)
    admit = {"bucket": bucket, "key": "ann", "rate": 0.01, "burst": 1}
    assert await denylist.admit(**admit, jti="t", session="s") == Decision(True, 0, 0)  # type: ignore[arg-type]
    refused = await denylist.admit(**admit, jti="t", session="s")  # type: ignore[arg-type]
    assert replace(refused, retry_after=0) == Decision(False, 0, 0)
    await denylist.deny_session("s", expires=2**31)
    assert (await denylist.admit(**admit, jti="t", session="s")).denied  # type: ignore[arg-type]


def test_the_url_of_a_test_has_a_password(redis_url: str) -> None:
    """So what is tested here is tested with authentication."""
    assert urlsplit(redis_url).password
