"""Parts that exist in memory only, as an engine would tell of them: for tests of what is independent of engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.engine.base import LogLine, PartFacts
from tutor.labs.reach import Reach

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Parts:
    """What an `Inspector` is asked, set by hand."""

    facts_of: dict[str, list[PartFacts]] = field(default_factory=dict)
    lines_of: dict[str, list[LogLine]] = field(default_factory=dict)
    answers: dict[str, Callable[[Reach], Any]] = field(default_factory=dict)
    """What a scripted check brings back, by its id: called at each look."""
    silent: bool = False

    @classmethod
    def running(cls, *names: str) -> Parts:
        """All of these, healthy, one instance each."""
        return cls({name: [PartFacts(name, f"{name}-1", "running", "healthy", START)] for name in names})

    def change(self, part: str, **changes: Any) -> None:
        """Change every instance of a part."""
        self.facts_of[part] = [replace(one, **changes) for one in self.facts_of[part]]

    def restart(self, part: str) -> None:
        """Start a part anew."""
        self.change(part, started=(self.facts_of[part][0].started or START) + timedelta(seconds=1))

    def says(self, part: str, *texts: str, **fields: Any) -> None:
        """Add lines to the log of a part."""
        lines = [LogLine(part, f"{part}-1", START + timedelta(seconds=1), text, fields) for text in texts]
        self.lines_of.setdefault(part, []).extend(lines)

    def facts(self, part: str) -> list[PartFacts]:
        """As an engine answers."""
        if self.silent:
            raise CannotLook("no engine answers here")
        return self.facts_of.get(part, [])

    def logs(self, part: str, since: datetime, limit: int) -> list[LogLine]:
        """As an engine answers."""
        if self.silent:
            raise CannotLook("no engine answers here")
        return [line for line in self.lines_of.get(part, []) if line.at is None or line.at >= since][-limit:]

    def address(self, part: str, port: str = "http") -> str:
        """Nothing listens in memory."""
        raise CannotLook(f"{part} has no {port}", part)


class Scripted(Check):
    """A check whose looks a test writes: what it brings back is `value`, unless it raises."""

    VALUES: ClassVar[dict[str, str]] = {"value": "what the test says", "other": "something else that it says"}

    kind: Literal["scripted"] = "scripted"
    part: str = "orders"
    slow: float = 10.0
    as_: str = ""

    @property
    def look_seconds(self) -> float:
        """As the test says."""
        return self.slow

    async def look(self, reach: Reach) -> Observation:
        """Ask the test."""
        assert isinstance(reach.engine, Parts)
        value = reach.engine.answers[self.id](reach)
        if hasattr(value, "__await__"):
            value = await value
        return value if isinstance(value, Observation) else Observation({"value": value}, command=f"see {self.id}")


class Loud(Scripted):
    """One that must run alone."""

    ALONE: ClassVar[bool] = True


class Written(Scripted):
    """One that reads only what the learner wrote."""

    OUTSIDE: ClassVar[bool] = False


def scripted(id_: str, kind: type[Scripted] = Scripted, **changes: Any) -> Scripted:
    """A check that passes when its value is 1."""
    values: dict[str, Any] = {"id": id_, "title": f"About {id_}", "why": "Because.", "expect": {"value": 1}}
    return kind.model_validate(values | changes)


def sequence(*values: Any) -> Callable[[Reach], Any]:
    """One value per look, the last for ever; an exception is raised."""
    left: list[Any] = list(values)

    def next_(_reach: Reach) -> Any:
        value = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(value, Exception):
            raise value
        return value

    return next_


def names(facts: Sequence[PartFacts]) -> list[str]:
    """The instances among these facts."""
    return [one.instance for one in facts]
