"""Redis Streams as a message store: which streams and groups there are, and the commands that move entries.

An exchange is a stream, a subscription is a consumer group on each stream it is bound to. Groups begin at
id 0, so that events published before a service first ran wait for it.

A stream is trimmed only below what every group of the topology has acknowledged: the floor of a group is its
oldest pending entry, or the last delivered one when none is pending. While a group is missing nothing goes.

Refuses MAXLEN: it counts entries, and would cut off those that a service that is down has still to read.
"""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from chassis.events import topology
from chassis.events.contracts import CONTRACTS
from chassis.events.envelope import Event

# What goes wrong with a Redis; a closed transport shows as OSError or RuntimeError.
REDIS_ERRORS = (RedisError, OSError, TimeoutError)
# Acknowledged entries that stay for those who look; more than this are trimmed.
KEEP = 10_000
CONNECTIONS = 32
SOCKET_TIMEOUT = 5.0

Fields = dict[bytes, bytes]
# The stubs of the library describe two protocol versions and two ways of decoding at once; what we get is bytes.
Client = Any

# Scripts and not MULTI: a transaction of Redis goes on after an error in it, and would acknowledge an entry that it
# could not write anywhere else. A script ends at the error.
_BURY = """
if #redis.call('XPENDING', KEYS[2], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return end
redis.call('XADD', KEYS[1], '*', 'key', ARGV[3], 'body', ARGV[4], 'reason', ARGV[5])
redis.call('XACK', KEYS[2], ARGV[1], ARGV[2])
"""
_REPLAY = """
local letters = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])
for _, letter in ipairs(letters) do
    local fields = {key = '', body = ''}
    for at = 1, #letter[2], 2 do fields[letter[2][at]] = letter[2][at + 1] end
    redis.call('XADD', KEYS[2], '*', 'key', fields.key, 'body', fields.body)
    redis.call('XDEL', KEYS[1], letter[1])
end
return #letters
"""


def connect(url: str, name: str) -> Client:
    """Make a client with a time limit on everything and one immediate second try for a connection gone stale."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=5,
        socket_connect_timeout=2,
        socket_timeout=SOCKET_TIMEOUT,
        client_name=name,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


def replay_stream(subscription: str) -> str:
    """Name the stream of one subscription's replayed dead letters: only it shall see them again."""
    return f"{subscription}.replay"


def streams_of(subscription: str) -> list[str]:
    """List the streams a subscription reads."""
    exchanges = {binding.exchange: None for binding in topology.SUBSCRIPTIONS[subscription]}
    return [*exchanges, replay_stream(subscription)]


def wanted(subscription: str, stream: str, fields: Fields) -> bool:
    """Say whether the entry is for this subscription; one without a key is nobody's, so everybody looks at it."""
    key = fields.get(b"key")
    if key is None or stream == replay_stream(subscription):
        return True
    return topology.wants(subscription, stream, key.decode(errors="replace"))


async def declare(redis: Client) -> None:
    """Create what is missing of all groups, and so of all streams."""
    async with redis.pipeline(transaction=False) as pipe:
        for subscription in topology.SUBSCRIPTIONS:
            for stream in streams_of(subscription):
                pipe.xgroup_create(stream, subscription, id="0", mkstream=True)
        for result in await pipe.execute(raise_on_error=False):
            if isinstance(result, Exception) and "BUSYGROUP" not in str(result):
                raise result


async def publish(redis: Client, events: Sequence[Event]) -> None:
    """Append all in one round trip; Redis' answer is the confirmation."""
    async with redis.pipeline(transaction=False) as pipe:
        for event in events:
            pipe.xadd(CONTRACTS[event.type].exchange, {"key": event.type, "body": event.encode()})
        await pipe.execute()


async def bury(redis: Client, subscription: str, stream: str, entry: bytes, fields: Fields, reason: str) -> None:
    """Move an entry to the dead letters: appended and acknowledged in one step, or neither."""
    letter = (fields.get(b"key", b""), fields.get(b"body", b""), reason)
    await redis.eval(_BURY, 2, topology.dead_queue(subscription), stream, subscription, entry, *letter)


async def replay(redis: Client, subscription: str, limit: int) -> int:
    """Give dead letters back to their subscription, oldest first."""
    return int(await redis.eval(_REPLAY, 2, topology.dead_queue(subscription), replay_stream(subscription), limit))


async def trim(redis: Client) -> None:
    """Forget what everybody has acknowledged, in streams that have grown long."""
    for stream in {stream for subscription in topology.SUBSCRIPTIONS for stream in streams_of(subscription)}:
        if await redis.xlen(stream) > KEEP:
            floor = await _floor(redis, stream)
            if floor:
                await redis.xtrim(stream, minid=floor, approximate=True)


async def _floor(redis: Client, stream: str) -> str | None:
    """Find the oldest id that some group still needs; None when that cannot be known."""
    groups = {group["name"].decode(): group for group in await redis.xinfo_groups(stream)}
    floors: list[bytes] = []
    for subscription in topology.SUBSCRIPTIONS:
        if stream not in streams_of(subscription):
            continue
        if subscription not in groups:
            return None
        # Asked in this order an entry delivered meanwhile is newer than the floor, never older.
        pending = await redis.xpending(stream, subscription)
        floors.append(pending["min"] or groups[subscription]["last-delivered-id"])
    return min(floors, key=_order).decode()


def _order(entry: bytes) -> tuple[int, int]:
    milliseconds, sequence = entry.split(b"-")
    return int(milliseconds), int(sequence)


def group_lost(error: Exception) -> bool:
    """Say whether Redis has lost its data: the group, or the stream under it, is not there any more."""
    return isinstance(error, ResponseError) and str(error).startswith(("NOGROUP", "UNBLOCKED"))
