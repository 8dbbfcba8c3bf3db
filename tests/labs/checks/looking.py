"""A lab as checks see it, put together by hand. Refuses to judge: that is what the tests do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from tutor.labs import matching
from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.checks.kinds import AnyCheck
from tutor.labs.engine.base import LogLine, PartFacts
from tutor.labs.reach import Reach

_CHECK: TypeAdapter[Check] = TypeAdapter(AnyCheck)
ENVELOPE = {"id": "this-check", "title": "It works", "why": "Because it must."}


@dataclass
class Here:
    """An engine whose parts are where the test says."""

    addresses: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[PartFacts]] = field(default_factory=dict)
    written: dict[str, list[LogLine]] = field(default_factory=dict)

    def facts(self, part: str) -> list[PartFacts]:
        """What the test says of the part."""
        return self.parts.get(part, [])

    def logs(self, part: str, since: datetime, limit: int) -> list[LogLine]:
        """The newest lines since then."""
        lines = [line for line in self.written.get(part, []) if line.at is None or line.at >= since]
        return lines[-limit:]

    def address(self, part: str, port: str = "http") -> str:
        """Where the test has put it."""
        if f"{part}.{port}" not in self.addresses:
            raise CannotLook(f"{part} has no port {port} here", part)
        return self.addresses[f"{part}.{port}"]


def check(kind: str, expect: Mapping[str, Any] | None = None, **keys: Any) -> Check:
    """A check of this kind, as its YAML would be read. `as_` and `for_` stand for the words that Python keeps."""
    keys = {name.removesuffix("_"): value for name, value in keys.items()}
    any_value = {"http": "outcome", "load": "total", "script": "result", "input": "given", "sql": "error"}
    any_value |= {"logs": "count", "container": "count", "amqp": "count", "trace": "found"}
    wanted = expect or {any_value.get(kind, "exists"): {"exists": True}}
    return _CHECK.validate_python({**ENVELOPE, "kind": kind, "expect": dict(wanted), **keys})


async def looked(reach: Reach, kind: str, expect: Mapping[str, Any] | None = None, **keys: Any) -> Observation:
    """What one look brings back."""
    return await check(kind, expect, **keys).look(reach)


def unmet(expect: Mapping[str, Any], seen: Observation) -> list[str]:
    """The paths of what does not hold; empty when the check would pass."""
    return [mismatch.path for mismatch in matching.compare(expect, seen.values)]
