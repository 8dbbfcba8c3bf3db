"""Reads what parts have logged, through the engine. Refuses to say that there is nothing when it saw only the end.

    kind: logs
    parts: [gateway, orders]
    text: {contains: "${customer.email}"}
    where: {level: {in: [ERROR, CRITICAL]}}
    expect: {count: {gt: 0}}
    never: {for: 5s}

`where` compares fields of the JSON that a line is, `text` the line itself; both in the language of `expect`, and a
plain text is looked for anywhere in the line. `since: look` takes only what was written after this evaluation began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tutor.errors import MachineError
from tutor.labs import matching
from tutor.labs.asking import together, within
from tutor.labs.check import CannotLook, Check, Expectation, Observation, Part
from tutor.labs.checks.plain import plain
from tutor.labs.engine.base import LogLine
from tutor.labs.reach import Reach

MAX_LINES = 20_000
"""Lines of one part that are read; the newest."""

MAX_SHOWN = 50
MAX_TEXT = 2000


class LogsCheck(Check):
    """Lines that fit."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "count": "how many lines fit",
        "lines": "the newest of them: part, instance, at, text, fields",
        "parts": "the parts that wrote one, sorted",
        "instances": "the instances that wrote one, sorted",
    }

    kind: Literal["logs"]
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=20)]
    where: Annotated[Expectation, Field(min_length=1)] | None = None
    text: Any = None
    since: Literal["start", "look"] = "start"

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.text is None and self.where is None:
            raise ValueError("say which lines: write `text`, `where`, or both")
        for name, wanted in (self.where or {}).items():
            matching.check(wanted, f"where.{name}")
        matching.check(self.text, "text")
        return self

    async def look(self, reach: Reach) -> Observation:
        """Read them all once."""
        since = (reach.began if self.since == "look" else None) or reach.started
        where, text = reach.filled(self.where or {}), reach.filled(self.text)
        async with within(self.look_seconds - 0.5, f"reading the log of {', '.join(self.parts)}", self.parts[0]):
            read = await together(self._read(reach, part, since) for part in self.parts)
        lines = [line for lines in read for line in lines]
        fits = [line for line in lines if _fits(line, where, text)]
        cut = [part for part, lines in zip(self.parts, read, strict=True) if len(lines) >= MAX_LINES]
        if cut and not fits:
            raise CannotLook(f"{cut[0]} has written more than {MAX_LINES:,} lines; older ones were not seen", cut[0])
        return self._observation(reach, sorted(fits, key=lambda line: line.at or since))

    async def _read(self, reach: Reach, part: str, since: Any) -> list[LogLine]:
        try:
            return await asyncio.to_thread(reach.engine.logs, part, since, MAX_LINES)
        except MachineError as error:
            raise CannotLook(f"the engine does not give the log of {part}: {error.message}") from None

    def _observation(self, reach: Reach, fits: list[LogLine]) -> Observation:
        secrets = reach.hiding()
        newest = fits[-MAX_SHOWN:]
        values = {
            "count": len(fits),
            "lines": [
                {"part": line.part, "instance": line.instance, "at": line.at.isoformat() if line.at else None,
                 "text": secrets.text(line.text[:MAX_TEXT]), "fields": plain(line.fields)}
                for line in newest
            ],
            "parts": sorted({line.part for line in fits}),
            "instances": sorted({line.instance for line in fits}),
        }  # fmt: skip
        shown = "\n".join(f"{line.part}: {line.text[:MAX_TEXT]}" for line in newest[-10:])
        command = "tutor lab logs " + " ".join(self.parts)
        return Observation(values, command=command, shown=secrets.text(shown) or "no line fits")


def _fits(line: LogLine, where: Mapping[str, Any], text: Any) -> bool:
    wanted = {"contains": text} if isinstance(text, str) else text
    if wanted is not None and matching.match(wanted, line.text):
        return False
    return not where or not matching.compare(where, line.fields)
