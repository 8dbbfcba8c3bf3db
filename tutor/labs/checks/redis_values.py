"""What a key of Redis holds, as plain values. Refuses more than a hundred entries of anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

Client = Any
"""A client of the library, whose own types say of every answer that it is bytes, text or something else.

It decodes, so that what comes is text."""

MOST = 100

_LENGTHS = {
    "string": "STRLEN", "hash": "HLEN", "list": "LLEN", "set": "SCARD", "zset": "ZCARD", "stream": "XLEN",
}  # fmt: skip


def reading(kind: str, key: str) -> list[str]:
    """The command by which a person would see the same."""
    return {
        "string": ["GET", key],
        "hash": ["HGETALL", key],
        "list": ["LRANGE", key, "0", str(MOST - 1)],
        "set": ["SMEMBERS", key],
        "zset": ["ZRANGE", key, "0", str(MOST - 1), "WITHSCORES"],
        "stream": ["XINFO", "STREAM", key, "FULL"],
    }.get(kind, ["EXISTS", key])


async def short(client: Client, key: str) -> dict[str, Any]:
    """Type, time to live and length of a key."""
    kind = str(await client.type(key))
    ttl = await client.ttl(key)
    length = await client.execute_command(_LENGTHS[kind], key) if kind in _LENGTHS else 0
    return {"key": key, "type": kind, "ttl": int(ttl) if int(ttl) >= 0 else None, "length": int(length)}


async def of_key(client: Client, key: str) -> dict[str, Any]:
    """Everything that can be said about one key."""
    values = await short(client, key)
    kind = values["type"]
    del values["key"]
    held = await _held(client, key, kind) if kind != "none" else None
    values |= {"exists": kind != "none", "value": held}
    return values | (await _stream(client, key) if kind == "stream" else {})


async def _held(client: Client, key: str, kind: str) -> Any:
    match kind:
        case "string":
            held = await client.getrange(key, 0, 100_000)
        case "hash":
            held = dict(await _first(client.hscan_iter(key, count=MOST)))
        case "set":
            held = sorted(await _first(client.sscan_iter(key, count=MOST)))
        case "list":
            held = await client.lrange(key, 0, MOST - 1)
        case "zset":
            held = [[member, score] for member, score in await client.zrange(key, 0, MOST - 1, withscores=True)]
        case "stream":
            held = [{"id": id_, "fields": fields} for id_, fields in await client.xrange(key, count=MOST)]
        case _:
            held = None
    return held


async def _first(found: AsyncIterator[Any]) -> list[Any]:
    first: list[Any] = []
    async for one in found:
        first.append(one)
        if len(first) == MOST:
            break
    return first


async def _stream(client: Client, key: str) -> dict[str, Any]:
    groups, consumers, pending = [], [], []
    for group in await client.xinfo_groups(key):
        name = group["name"]
        groups.append(
            {"name": name, "consumers": group["consumers"], "pending": group["pending"], "lag": group.get("lag"),
             "last_id": group["last-delivered-id"]}
        )  # fmt: skip
        for one in await client.xinfo_consumers(key, name):
            consumers.append({"group": name, "name": one["name"], "pending": one["pending"], "idle_ms": one["idle"]})
        for one in await client.xpending_range(key, name, "-", "+", MOST):
            pending.append(
                {"group": name, "id": one["message_id"], "consumer": one["consumer"],
                 "idle_ms": one["time_since_delivered"], "deliveries": one["times_delivered"]}
            )  # fmt: skip
    return {"groups": groups, "consumers": consumers, "pending": pending}
