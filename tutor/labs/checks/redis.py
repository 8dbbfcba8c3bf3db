"""Asks Redis. Refuses every command that is not on its list, and those that change something unless the check acts.

    kind: redis
    key: notifications
    expect: {type: stream, length: {ge: 1}, pending: {empty: true}, consumers: {len: 2}}

`keys: "denylist:*"` lists the keys that fit a pattern, `command: [HGET, session, user]` is one command of its own.

    kind: redis
    keys: "limit:*"
    expect: {keys: {each: {ttl: {between: [1, 10]}}}}

A command that acts may be sent several `times`: `${number}` counts from 1, `${uuid}` is fresh for each, and the values
are those of the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import uuid4

from pydantic import Field, StringConstraints, model_validator

from tutor.labs.asking import within
from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.checks import redis_values
from tutor.labs.checks.plain import plain
from tutor.labs.checks.redis_values import Client
from tutor.labs.matching import shown
from tutor.labs.reach import Reach
from tutor.shapes import Whole

PART = "redis"
SECONDS = 5.0
MAX_KEYS = 1000

READING = frozenset(
    {"BITCOUNT", "DBSIZE", "EXISTS", "EXPIRETIME", "GET", "GETRANGE", "HEXISTS", "HGET", "HGETALL", "HKEYS", "HLEN",
     "HMGET", "HVALS", "INFO", "LINDEX", "LLEN", "LPOS", "LRANGE", "MGET", "PING", "PTTL", "SCARD", "SISMEMBER",
     "SMEMBERS", "STRLEN", "TIME", "TTL", "TYPE", "XLEN", "XPENDING", "XRANGE", "XREVRANGE", "ZCARD", "ZCOUNT",
     "ZRANGE", "ZRANK", "ZSCORE"}
)  # fmt: skip
READING_PAIRS = frozenset(
    {("CONFIG", "GET"), ("MEMORY", "USAGE"), ("OBJECT", "ENCODING"), ("OBJECT", "IDLETIME"), ("XINFO", "CONSUMERS"),
     ("XINFO", "GROUPS"), ("XINFO", "STREAM"), ("CLIENT", "LIST"), ("PUBSUB", "NUMSUB")}
)  # fmt: skip
ACTING = frozenset(
    {"DECR", "DEL", "EXPIRE", "HSET", "INCR", "LPUSH", "PERSIST", "PEXPIRE", "PUBLISH", "RPUSH", "SADD", "SET", "SREM",
     "XADD", "ZADD"}
)  # fmt: skip

Word = Annotated[str, StringConstraints(strip_whitespace=False, max_length=10_000)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RedisCheck(Check):
    """One key, the keys of a pattern, or one command."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether there is such a key",
        "type": "string, hash, list, set, zset, stream, or none",
        "ttl": "seconds until it goes, nothing when it stays",
        "length": "characters, fields, members or entries",
        "value": "what a key holds (of a long one the first hundred), or what the command answered",
        "groups": "of a stream: each group with name, pending, lag, last_id, consumers",
        "consumers": "of a stream: each consumer with group, name, pending, idle_ms",
        "pending": "of a stream: each entry that is not acknowledged, with group, id, consumer, idle_ms, deliveries",
        "info": "what INFO says, by name",
        "error": "what the command was refused with, such as `NOGROUP ...`, nothing when it was answered",
        "keys": "the keys that fit the pattern, each with key, type, ttl, length",
        "count": "how many keys fit the pattern",
    }

    kind: Literal["redis"]
    key: Word | None = None
    keys: Pattern | None = None
    command: Annotated[tuple[Word, ...], Field(min_length=1, max_length=50)] | None = None
    times: Annotated[Whole, Field(ge=1, le=100)] = 1

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if sum(one is not None for one in (self.key, self.keys, self.command)) != 1:
            raise ValueError("ask one thing: `key`, `keys` (a pattern) or `command`")
        if self.command is not None:
            _allowed(self.command, self.act)
        if self.times > 1 and not (self.command and self.act):
            raise ValueError("`times` is for a `command` with `act: true`; a question is asked once")
        return self

    async def look(self, reach: Reach) -> Observation:
        """Ask once."""
        from redis.exceptions import RedisError

        async with within(SECONDS, PART, PART):
            client = _client(reach)
            try:
                words, values = await self._asked(client, reach)
            except (RedisError, OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
                raise CannotLook(f"{PART} {_said(error)}", PART) from None
            finally:
                await client.aclose(close_connection_pool=True)
        return self._observation(reach, words, values)

    def _observation(self, reach: Reach, words: list[str], values: dict[str, Any]) -> Observation:
        host, _, port = reach.engine.address(PART, "redis").rpartition(":")
        secrets = reach.hiding()
        password = ["-a", reach.secrets["redis.password"]] if reach.secrets.get("redis.password") else []
        database = ["-n", reach.secrets["redis.database"]] if reach.secrets.get("redis.database") else []
        command = secrets.command("redis-cli", "-h", host, "-p", port, *password, *database, *words)
        return Observation(values, command=command, shown=secrets.text(shown(values)))

    async def _asked(self, client: Client, reach: Reach) -> tuple[list[str], dict[str, Any]]:
        if self.command is not None:
            return await self._commanded(client, reach, self.command)
        if self.keys is not None:
            pattern = str(reach.filled(self.keys))
            found = await _keys(client, pattern)
            return ["--scan", "--pattern", pattern], {"keys": found, "count": len(found), "exists": bool(found)}
        key = str(reach.filled(self.key))
        values = await redis_values.of_key(client, key)
        return redis_values.reading(values["type"], key), values

    async def _commanded(
        self, client: Client, reach: Reach, command: tuple[Word, ...]
    ) -> tuple[list[str], dict[str, Any]]:
        words: list[str] = []
        values: dict[str, Any] = {}
        for number in range(1, self.times + 1):
            more = {"number": number, "uuid": str(uuid4())}
            words = [str(reach.filled(word, **more)) for word in command]
            try:
                _allowed(words, self.act)  # a variable must not have turned it into another command
            except ValueError as error:
                raise CannotLook(str(error)) from None
            values = await _answer(client, words)
        return words, values


async def _answer(client: Client, words: list[str]) -> dict[str, Any]:
    from redis.exceptions import ResponseError

    try:
        answer = plain(await client.execute_command(*words))
    except ResponseError as error:  # such as NOGROUP: the learner's work decides about it
        return {"value": None, "error": str(error)[:200]}
    return {"value": answer, "error": None, **({"info": answer} if words[0].upper() == "INFO" else {})}


def _allowed(command: list[str] | tuple[str, ...], act: bool) -> None:
    """Refuse a command that is not on the list. Raises: ValueError."""
    words = [word.upper() for word in command[:2]]
    if words[0] in READING or tuple(words) in READING_PAIRS or (act and words[0] in ACTING):
        return
    if words[0] in ACTING:
        raise ValueError(f"{words[0]} changes something; write `act: true`, and it is done once, alone")
    raise ValueError(f"{' '.join(words)} is not among the commands that a check may send")


def _said(error: BaseException) -> str:
    """What is wrong, in words: the library begins with an error number and the port, which help nobody."""
    from redis.exceptions import AuthenticationError, BusyLoadingError, ConnectionError, ResponseError

    if isinstance(error, AuthenticationError):
        return "does not let us in"
    if isinstance(error, BusyLoadingError | ResponseError):
        return f"refuses: {error!s:.150}"
    if isinstance(error, ConnectionError | OSError):
        return "does not accept connections, or hangs up"
    return "answered something that is not its protocol"


def _client(reach: Reach, part: str = PART) -> Client:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    host, _, port = reach.engine.address(part, "redis").rpartition(":")
    return Redis(
        host=host,
        port=int(port),
        password=reach.secrets.get(f"{part}.password"),
        db=int(reach.secrets.get(f"{part}.database", 0)),
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
        encoding_errors="replace",
    )


async def _keys(client: Client, pattern: str) -> list[dict[str, Any]]:
    found: set[str] = set()
    async for key in client.scan_iter(match=pattern, count=500):
        found.add(key)
        if len(found) > MAX_KEYS:
            raise CannotLook(f"more than {MAX_KEYS} keys fit {pattern}; ask about fewer", PART)
    return [await redis_values.short(client, key) for key in sorted(found)]


async def streams(reach: Reach, part: str = PART) -> dict[str, dict[str, Any]]:
    """Everything that can be said about each stream, by its key. `part` holds them: Redis, or what stands in for a
    broker.

    Raises: CannotLook.
    """
    from redis.exceptions import RedisError

    async with within(SECONDS, part, part):
        client = _client(reach, part)
        try:
            keys = [one["key"] for one in await _keys(client, "*") if one["type"] == "stream"]
            return {key: await redis_values.of_key(client, key) for key in keys}
        except (RedisError, OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise CannotLook(f"{part} {_said(error)}", part) from None
        finally:
            await client.aclose(close_connection_pool=True)
