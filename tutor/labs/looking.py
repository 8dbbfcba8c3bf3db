"""Looks at one check as often as its time operator asks, and remembers what was seen. Refuses to give a verdict:
judging does, because what was seen may have reasons that have nothing to do with the learner's work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tutor.labs import matching
from tutor.labs.check import CannotLook, Check, Eventually, Holding, Observation, seconds
from tutor.labs.news import Looked
from tutor.labs.reach import Reach
from tutor.labs.verdict import Mismatch

_OUR_FAULT = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
"""What a look may raise when its kind has a bug: that is an `error`, and no reason to lose the other verdicts."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often and for how long a check is looked at, and which look settles it."""

    mode: Literal["once", "eventually", "consistently", "never"]
    span: float = 0.0
    every: float = 0.5

    @classmethod
    def of(cls, check: Check, once: bool = False) -> Rhythm:
        """The rhythm that the check asks for; a single look when `once`, or when it asks for none."""
        asked: tuple[tuple[Literal["eventually", "consistently", "never"], Eventually | Holding | None], ...] = (
            ("eventually", check.eventually),
            ("consistently", check.consistently),
            ("never", check.never),
        )
        for mode, time in () if once else asked:
            if time is not None:
                span = time.within if isinstance(time, Eventually) else time.for_
                return cls(mode, seconds(span), seconds(time.every))
        return cls("never" if check.never is not None else "once")


@dataclass(slots=True)
class Sight:
    """What was seen of one check so far. `holds` is about the last look, with `never` already turned around."""

    looks: int = 0
    began: float = 0.0
    ended: float = 0.0
    probe_seconds: float = 0.0
    seen: Observation | None = None
    holds: bool = False
    mismatches: list[Mismatch] = field(default_factory=list)
    trouble: CannotLook | None = None
    """Why the last look saw nothing."""
    stopped: bool = False
    """True when `stop_if` ended it early."""


class Looking:
    """One check under the eyes of one evaluation. `base` is what it brought back when the lab started."""

    def __init__(self, check: Check, reach: Reach, base: Mapping[str, Any] | None, once: bool = False) -> None:
        self.check = check
        self.rhythm = Rhythm.of(check, once)
        self.sight = Sight()
        self._reach = reach
        self._base = base

    async def run(self, tell: Callable[[Looked], None]) -> Sight:
        """Look until it is settled."""
        loop, sight = asyncio.get_running_loop(), self.sight
        sight.began = loop.time()
        deadline = sight.began + self.rhythm.span
        while True:
            begun = loop.time()
            await self._look()
            sight.ended = loop.time()
            sight.probe_seconds += sight.ended - begun
            tell(self._looked(max(0.0, deadline - sight.ended)))
            if self._settled() or sight.ended >= deadline:
                return sight
            await asyncio.sleep(max(0.0, min(begun + self.rhythm.every, deadline) - sight.ended))

    async def _look(self) -> None:
        sight = self.sight
        sight.looks += 1
        sight.trouble, sight.holds = None, False
        try:
            expect, stop_if = self._reach.filled(self.check.expect), self._reach.filled(self.check.stop_if or {})
            async with asyncio.timeout(self.check.look_seconds):
                sight.seen = await self.check.look(self._reach)
            self._compare(expect, stop_if, sight.seen.values)
        except CannotLook as trouble:
            sight.trouble = trouble
        except TimeoutError:
            sentence = f"nothing came back within {self.check.look_seconds:g} s"
            sight.trouble = CannotLook(sentence, getattr(self.check, "part", ""))
        except _OUR_FAULT as error:
            sight.trouble = CannotLook(f"this check of kind {self.check.kind} went wrong: {error!r:.300}")

    def _compare(self, expect: Mapping[str, Any], stop_if: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        if self._base is None and self.check.compares_with_start:
            raise CannotLook("nothing was seen when the lab started, so there is nothing to compare with")
        found = self.unmet(expect, values)
        if self.rhythm.mode == "never":
            turned = {name: {"not": wanted} for name, wanted in expect.items()}
            found = [] if found else self.unmet(turned, values)
        self.sight.mismatches = self.check.told(found)
        self.sight.holds = not found
        self.sight.stopped = bool(stop_if) and not self.unmet(stop_if, values)

    def unmet(self, expect: Mapping[str, Any], values: Mapping[str, Any]) -> list[Mismatch]:
        """What does not hold of these values."""
        return matching.compare(expect, values, self._base or {})

    def _settled(self) -> bool:
        sight = self.sight
        if sight.stopped:
            return True
        if self.rhythm.mode == "eventually":
            return sight.holds
        if self.rhythm.mode == "once":
            return True
        return sight.trouble is not None or not sight.holds

    def _looked(self, left: float) -> Looked:
        sight = self.sight
        if sight.trouble is not None:
            return Looked(self.check.id, sight.looks, None, str(sight.trouble), left)
        missing = sight.mismatches[0] if sight.mismatches else None
        text = f"{missing.path}: expected {missing.expected}, is {missing.actual}" if missing else ""
        return Looked(self.check.id, sight.looks, sight.holds, text, left)
