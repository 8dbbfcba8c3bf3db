"""Looks at a file of the learner's workspace. Refuses paths that lead out of it, and to judge code by its looks.

    kind: file
    path: config/gateway/routes.yaml
    expect: {yaml: {upstreams: {payments: {breaker: {exists: true}}}}}

`find` is a regular expression: `matches` holds every piece that fits it (its group, if it has one). A file is the last
thing to ask: what the system does says more than what is written.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, StringConstraints

from tutor.errors import ContentError
from tutor.labs.asking import parsed, within
from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.reach import Reach
from tutor.labs.solving import RelativePath
from tutor.yamlfile import read

MAX_BYTES = 1_000_000
MAX_MATCHES = 100
SHOWN = 2000


def _pattern(pattern: str) -> str:
    try:
        if re.compile(pattern).groups > 1:
            raise ValueError("`find` has several groups; keep the one that matters")
    except re.error as error:
        raise ValueError(f"`find` is not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[
    str, StringConstraints(strip_whitespace=False, min_length=1, max_length=500), AfterValidator(_pattern)
]


class FileCheck(Check):
    """One file."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether there is a plain file of this name",
        "text": "what it holds",
        "yaml": "what it holds, read as YAML; nothing when it is none",
        "json": "what it holds, read as JSON; nothing when it is none",
        "problem": "why it is no YAML, with the line",
        "matches": "every piece that `find` finds",
    }
    OUTSIDE: ClassVar[bool] = False

    kind: Literal["file"]
    path: RelativePath
    find: Pattern | None = None

    async def look(self, reach: Reach) -> Observation:
        """Read it, if it is there."""
        async with within(self.look_seconds - 0.5, f"reading {self.path}"):
            values = await asyncio.to_thread(self._values, reach.workspace)
        shown = reach.hiding().text(str(values["text"] or ""))[:SHOWN]
        return Observation(values, command=reach.hiding().command("cat", self.path), shown=shown)

    def _values(self, workspace: Path) -> dict[str, Any]:
        place = (workspace / self.path).resolve()
        if not place.is_relative_to(workspace.resolve()):
            raise CannotLook(f"{self.path} leads out of the workspace")
        values: dict[str, Any] = {"exists": place.is_file(), **dict.fromkeys(("text", "yaml", "json", "problem"))}
        if place.is_file():
            values |= self._held(place)
        found = re.findall(self.find, values["text"] or "", re.MULTILINE) if self.find is not None else []
        return {**values, "matches": found[:MAX_MATCHES]}

    def _held(self, place: Path) -> dict[str, Any]:
        try:
            with place.open("rb") as stream:
                raw = stream.read(MAX_BYTES)
        except OSError as error:
            raise CannotLook(f"{self.path} cannot be read: {error.strerror}") from None
        values: dict[str, Any] = {"text": raw.decode(errors="replace")}
        if place.suffix in (".yaml", ".yml"):
            try:
                values["yaml"] = read(place).data
            except ContentError as error:
                first = error.problems[0]
                values["problem"] = f"line {first.line}: {first.what}"
        elif place.suffix == ".json":
            values["json"] = parsed(raw)
        return values
