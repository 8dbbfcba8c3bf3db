"""Reads how a part runs, through the engine. Refuses to show the value of a variable that was not asked for by name.

    kind: container
    part: orders
    reveal: [LOG_LEVEL]
    expect: {running: 1, restarts: 0, environment: {JWT_SECRET: {absent: true}}, private_keys: {empty: true}}

With several instances the values are those of the first; `instances` holds all of them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from tutor.errors import MachineError
from tutor.labs.asking import within
from tutor.labs.check import CannotLook, Check, Observation, Part
from tutor.labs.checks.plain import plain
from tutor.labs.engine.base import PartFacts
from tutor.labs.hiding import HIDDEN
from tutor.labs.reach import Reach

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]

_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\"d\"\s*:\s*\"[A-Za-z0-9_-]{20,}\"")
"""A private key as PEM, or as a JWK."""

INSPECTED: Mapping[str, str] = {
    "user": "who its process runs as",
    "read_only": "whether its root file system cannot be written to",
    "cap_drop": "the capabilities that it gave up",
    "limits": "memory_mb, cpus and pids, each nothing when there is none",
    "mounts": "each mount: source, target, writable",
    "networks": "the networks that it is in",
    "image": "the image it was made from",
    "stop_seconds": "how long it may take to stop",
}
"""What an engine may know besides: the keys of `PartFacts.inspect`, and `environment`, an object."""


class ContainerCheck(Check):
    """One part, as the engine sees it."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "count": "how many instances there are, running or not",
        "running": "how many of them run",
        "state": "running, paused, restarting, exited or absent",
        "health": "healthy, unhealthy, starting or none",
        "restarts": "how often it was restarted by itself, all instances together",
        "exit_code": "how it ended, nothing while it runs",
        "oom_killed": "whether it was killed for its memory",
        **INSPECTED,
        "environment": "its variables by name; a value is hidden unless `reveal` names it",
        "private_keys": "names of variables whose value is a private key",
        "instances": "the same values for each instance, with its name",
    }

    kind: Literal["container"]
    part: Part
    reveal: Annotated[tuple[VariableName, ...], Field(max_length=20)] = ()

    async def look(self, reach: Reach) -> Observation:
        """Ask the engine once."""
        async with within(self.look_seconds - 0.5, f"asking the engine about {self.part}"):
            try:
                facts = await asyncio.to_thread(reach.engine.facts, self.part)
            except MachineError as error:
                raise CannotLook(f"the engine does not say how {self.part} is: {error.message}") from None
        instances = [self._values(one) for one in facts]
        first = instances[0] if instances else {"state": "absent", "health": "none"}
        values = {
            **{name: value for name, value in first.items() if name != "instance"},
            "count": len(facts),
            "running": sum(one.state == "running" for one in facts),
            "restarts": sum(one.restarts for one in facts),
            "instances": instances,
        }
        names = [one.instance for one in facts] or [self.part]
        shown = "\n".join(f"{one.instance}: {one.state}, {one.health}, {one.restarts} restarts" for one in facts)
        pids = [str(one.inspect["pid"]) for one in facts if one.inspect.get("pid")]
        words = ["ps", "-o", "pid,stat,args", "-p", ",".join(pids)] if pids else ["docker", "inspect", *names]
        return Observation(values, reach.hiding().command(*words), shown or f"no {self.part}")

    def _values(self, facts: PartFacts) -> dict[str, Any]:
        inspect = facts.inspect
        environment = {str(name): str(value) for name, value in (inspect.get("environment") or {}).items()}
        return {
            "instance": facts.instance,
            "state": facts.state,
            "health": facts.health,
            "restarts": facts.restarts,
            "exit_code": facts.exit_code,
            "oom_killed": facts.oom_killed,
            **{name: plain(inspect.get(name)) for name in INSPECTED},
            "environment": {name: value if name in self.reveal else HIDDEN for name, value in environment.items()},
            "private_keys": sorted(name for name, value in environment.items() if _KEY.search(value)),
        }
