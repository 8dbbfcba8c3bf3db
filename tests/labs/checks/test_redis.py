"""The `redis` kind, against a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from processes.valkey import Valkey
from tests.labs.checks.looking import Here, check, looked, unmet
from tutor.labs import queues
from tutor.labs.check import CannotLook
from tutor.labs.checks import redis
from tutor.labs.reach import Reach


@pytest.fixture
async def store(here: Here, reach: Reach, redis_url: str) -> AsyncIterator[Any]:
    """An empty logical database, and a client of the test's own."""
    url = urlsplit(redis_url)
    here.addresses["redis.redis"] = f"{url.hostname}:{url.port}"
    reach.secrets = {"redis.password": url.password or "", "redis.database": url.path.removeprefix("/")}
    client: Any = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def test_it_passes_and_fails_by_what_a_key_holds(store: Any, reach: Reach) -> None:
    """Type, length, time to live and value of each type; a key that is missing is something seen."""
    await store.set("text", "hello", ex=100)
    await store.hset("hash", mapping={"a": "1"})
    await store.rpush("list", "x", "y")
    await store.sadd("set", "m", "k")
    await store.zadd("zset", {"a": 1.5})
    expected: dict[str, dict[str, Any]] = {
        "text": {"type": "string", "ttl": {"between": [1, 100]}, "length": 5, "value": "hello", "exists": True},
        "hash": {"type": "hash", "ttl": None, "length": 1, "value": {"eq": {"a": "1"}}},
        "list": {"type": "list", "length": 2, "value": ["x", "y"]},
        "set": {"type": "set", "length": 2, "value": ["k", "m"]},
        "zset": {"type": "zset", "length": 1, "value": [["a", 1.5]]},
        "none": {"type": "none", "length": 0, "value": None, "exists": False, "ttl": None},
    }
    for key, expect in expected.items():
        assert unmet(expect, await looked(reach, "redis", key=key)) == [], key
    wrong = {"ttl": None, "value": "bye"}
    assert unmet(wrong, await looked(reach, "redis", key="text")) == ["ttl", "value"]


async def test_a_stream_shows_who_has_what(store: Any, reach: Reach) -> None:
    """Groups, consumers and entries that are not acknowledged, with who has them and how often they were delivered."""
    for number in range(3):
        await store.xadd("events", {"number": number})
    await store.xgroup_create("events", "workers", id="0")
    read = await store.xreadgroup("workers", "worker-1", {"events": ">"}, count=2)
    first, second = (entry[0] for entry in read[0][1])
    await store.xack("events", "workers", first)
    seen = await looked(reach, "redis", key="events")
    right: dict[str, Any] = {
        "type": "stream",
        "length": 3,
        "value": {"contains": {"fields": {"number": "2"}}},
        "groups": [{"name": "workers", "consumers": 1, "pending": 1, "lag": 1, "last_id": second.decode()}],
        "consumers": {"contains": {"group": "workers", "name": "worker-1", "pending": 1, "idle_ms": {"ge": 0}}},
        "pending": {"consist_of": [{"id": second.decode(), "consumer": "worker-1", "deliveries": 1}]},
    }
    assert unmet(right, seen) == []
    assert unmet({"pending": {"empty": True}}, seen) == ["pending"]
    await store.xack("events", "workers", second)
    assert unmet({"pending": {"empty": True}}, await looked(reach, "redis", key="events")) == []


async def test_a_look_leaves_everything_as_it_was(store: Any, reach: Reach) -> None:
    """No entry is delivered, claimed or acknowledged by it, no key touched, and nobody stays connected."""
    await store.xadd("events", {"a": "1"})
    await store.xgroup_create("events", "workers", id="0")
    await store.set("text", "hello")
    before = [await store.dump(key) for key in ("events", "text")]
    clients = len(await store.client_list())
    for keys in ({"key": "events"}, {"key": "text"}, {"keys": "*"}, {"command": ["XPENDING", "events", "workers"]}):
        await looked(reach, "redis", **keys)
    assert [await store.dump(key) for key in ("events", "text")] == before
    assert len(await store.client_list()) == clients


async def test_keys_are_listed_by_their_pattern(store: Any, reach: Reach) -> None:
    """Each with its time to live: that is how a missing expiry shows."""
    await store.set("deny:1", "x", ex=50)
    await store.set("deny:2", "x")
    await store.set("other", "x")
    seen = await looked(reach, "redis", keys="deny:*")
    assert unmet({"count": 2, "keys": {"contains": {"key": "deny:2", "ttl": None, "type": "string"}}}, seen) == []
    assert unmet({"keys": {"each": {"ttl": {"between": [1, 50]}}}}, seen) == ["keys[1].ttl"]
    assert unmet({"exists": False, "count": 0}, await looked(reach, "redis", keys="nothing:*")) == []


async def test_too_many_keys_are_an_error(store: Any, reach: Reach) -> None:
    """A pattern that fits everything is the lab's mistake."""
    await store.mset({f"key:{number}": "x" for number in range(1500)})
    with pytest.raises(CannotLook, match="more than 1000 keys"):
        await looked(reach, "redis", keys="key:*")


async def test_a_command_answers(store: Any, reach: Reach) -> None:
    """One command of the list, with its variables; INFO by name."""
    await store.hset("session:7", "user", "ann")
    reach.variables["id"] = 7
    assert unmet({"value": "ann"}, await looked(reach, "redis", command=["HGET", "session:${id}", "user"])) == []
    info = await looked(reach, "redis", command=["INFO", "server"])
    assert unmet({"info": {"redis_version": {"type": "text"}}}, info) == []


async def test_what_redis_refuses_is_something_seen(store: Any, reach: Reach) -> None:
    """A group that the learner has yet to make fails the check, and is no error of ours."""
    await store.xadd("events", {"a": "1"})
    seen = await looked(reach, "redis", command=["XPENDING", "events", "workers"])
    assert unmet({"error": {"starts_with": "NOGROUP"}, "value": None}, seen) == []


async def test_only_a_check_that_acts_changes_something(store: Any, reach: Reach) -> None:
    """An entry that a lab puts in is really there."""
    await looked(reach, "redis", command=["XADD", "events", "*", "kind", "poison"], act=True)
    assert await store.xlen("events") == 1


async def test_a_command_that_acts_is_sent_several_times(store: Any, reach: Reach) -> None:
    """Numbered from 1, each with an id of its own; the values are those of the last. A question is asked once."""
    add = ["XADD", "events", "*", "number", "${number}", "id", "${uuid}"]
    seen = await looked(reach, "redis", command=add, act=True, times=3)
    entries = await store.xrange("events")
    assert [fields[b"number"] for _, fields in entries] == [b"1", b"2", b"3"]
    assert len({fields[b"id"] for _, fields in entries}) == 3
    assert unmet({"value": entries[-1][0].decode()}, seen) == []
    for keys in ({"key": "events"}, {"command": ["XLEN", "events"]}, {"keys": "*", "act": True}):
        with pytest.raises(ValueError, match="asked once"):
            check("redis", times=2, **keys)


async def test_a_variable_is_no_command(store: Any, reach: Reach) -> None:
    """What was captured or typed cannot turn a reading check into another one."""
    await store.set("text", "hello")
    reach.variables["word"] = "FLUSHALL"
    with pytest.raises(CannotLook, match="not among the commands"):
        await check("redis", command=["GET", "x"]).model_copy(update={"command": ("${word}",)}).look(reach)
    assert await store.get("text") == b"hello"


async def test_a_wrong_password_is_an_error(store: Any, reach: Reach) -> None:
    """It is ours: nobody else gave it to us."""
    reach.secrets = {"redis.password": "wrong-password"}
    with pytest.raises(CannotLook, match="redis does not let us in") as caught:
        await looked(reach, "redis", key="a")
    assert caught.value.part == "redis"


async def test_a_paused_server_is_an_error(
    store: Any, reach: Reach, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that accepts and never answers ends the look."""
    monkeypatch.setattr(redis, "SECONDS", 0.3)
    valkey.child.pause()
    try:
        with pytest.raises(CannotLook, match="took longer"):
            await looked(reach, "redis", key="a")
    finally:
        valkey.child.resume()


async def test_the_command_can_be_pasted(store: Any, reach: Reach) -> None:
    """redis-cli, with the password as a variable."""
    await store.rpush("list", "x")
    seen = await looked(reach, "redis", key="list")
    password = reach.secrets["redis.password"]
    assert password not in seen.command + seen.shown
    assert seen.command.startswith("redis-cli -h 127.0.0.1 -p ")
    assert seen.command.endswith(' -a "$REDIS_PASSWORD" -n ' + f"{reach.secrets['redis.database']} LRANGE list 0 99")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "ask one thing"),
        ({"key": "a", "keys": "a*"}, "ask one thing"),
        ({"command": ["FLUSHALL"]}, "FLUSHALL is not among the commands"),
        ({"command": ["flushall"], "act": True}, "not among the commands"),
        ({"command": ["CONFIG", "SET", "save", ""]}, "CONFIG SET is not among"),
        ({"command": ["EVAL", "return 1", "0"], "act": True}, "not among the commands"),
        ({"command": ["KEYS", "*"]}, "not among the commands"),
        ({"command": ["XREADGROUP", "GROUP", "g", "c"], "act": True}, "not among the commands"),
        ({"command": ["SET", "a", "1"]}, "write `act: true`"),
    ],
)
def test_a_mistake_is_named(keys: dict[str, Any], says: str) -> None:
    """What a lab may not do is refused when it is read."""
    with pytest.raises(ValueError, match=says):
        check("redis", **keys)


async def test_the_groups_of_all_streams_are_queues(store: Any, reach: Reach) -> None:
    """Each group with what it has not read and what it has not acknowledged; a stream without a group as it is."""
    for number in range(3):
        await store.xadd("events", {"number": number})
    await store.xadd("alone", {"number": 1})
    await store.set("other", "no stream")
    await store.xgroup_create("events", "workers", id="0")
    await store.xreadgroup("workers", "worker-1", {"events": ">"}, count=2)
    found = await redis.streams(reach)
    assert set(found) == {"events", "alone"}
    rows = [row for key in sorted(found) for row in queues.rows(key, found[key])]
    assert [(one.name, one.waiting, one.taken, one.consumers) for one in rows] == [
        ("alone", 1, None, 0),
        ("events > workers", 1, 2, 1),
    ]
