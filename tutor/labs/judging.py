"""Says what a look that did not succeed means: the learner's work, a damaged environment, or our own failure.

Refuses to blame the learner while any part of the system is down for another reason, and to look at the environment
when nothing failed: that would cost every check what only a failed one needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tutor.errors import MachineError
from tutor.labs.blame import Blame, blame
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import PORTS, LogLine, Mount, PartFacts
from tutor.labs.looking import Sight
from tutor.labs.reach import Inspector
from tutor.labs.verdict import Evidence, Verdict

MAX_LINES = 300
_NOT_RUNNING = {"paused": "is paused", "restarting": "keeps restarting", "exited": "has stopped", "absent": "is gone"}
_STARTING = "is still starting"
_RESET = "`tutor lab start` starts what has stopped, `tutor lab reset` brings back the start"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason."""

    verdict: Verdict
    note: str = ""
    evidence: tuple[Evidence, ...] = ()


class Environment:
    """The parts of a lab as one evaluation sees them. `hurt` are those that its own faults have touched.

    `since` is when the parts last saw the learner's files. `answers` says whether a part answers as its clients ask.
    """

    def __init__(
        self,
        inspector: Inspector,
        parts: Sequence[str],
        mounts: Sequence[Mount],
        since: datetime,
        answers: Callable[[str], bool],
    ) -> None:
        self._inspector, self._parts, self._mounts, self._since = inspector, parts, mounts, since
        self._answers = answers
        self.hurt: set[str] = set()
        self._first: dict[str, list[PartFacts]] | None = None
        self._up: set[tuple[str, str, datetime | None]] = set()
        """Instances, with when they started, that have been past their start: an engine that has not looked at their
        health itself by then takes them for starting again as soon as they stop answering."""
        self._last: dict[str, list[PartFacts]] = {}
        self._seen_at = float("-inf")
        self._turn = asyncio.Lock()

    async def remember(self) -> None:
        """See the parts as they are now, so that one that restarts meanwhile is noticed, and one that is up now is
        not taken for one that starts when it stops answering.
        """
        try:
            self._first = await self._facts(asyncio.get_running_loop().time())
        except (CannotLook, MachineError):
            self._first = None  # whoever needs them will fail by itself, and say so
            return
        known = ((part, one) for part, found in self._first.items() for one in found)
        self._up |= {(part, one.instance, one.started) for part, one in known if one.health != "starting"}

    async def judge(self, sight: Sight, outside: bool) -> Judgement:
        """What this sight comes to. `outside` is false for a check that only reads the learner's files."""
        trouble = sight.trouble
        if sight.holds and trouble is None:
            return Judgement(Verdict.PASS)
        try:
            damage = await self._damage(sight.ended) if outside else None
        except (CannotLook, MachineError) as error:
            return Judgement(Verdict.ERROR, f"{trouble or 'it failed'}; and the engine does not answer: {error}")
        if damage is not None:
            note = f"{damage.note} ({trouble})" if trouble else damage.note
            return Judgement(damage.verdict, note, damage.evidence)
        if trouble is None:
            return Judgement(Verdict.FAIL)
        hurt = f"; a fault of this lab hurts {trouble.part} at the moment" if trouble.part in self.hurt else ""
        return Judgement(Verdict.ERROR, f"{trouble}{hurt}")

    async def _damage(self, after: float) -> Judgement | None:
        """Why nothing can be said about the learner's work, or that their files broke a part; None when all is well."""
        facts = await self._facts(after)
        down = {part: said for part in self._parts if (said := self._is_down(part, facts.get(part, [])))}
        starting = [part for part, said in down.items() if said.endswith(_STARTING)]
        for part in await self._answering(starting):
            del down[part]  # the engine looks at its health every few seconds only
        ours = [said for part, said in down.items() if part not in self._mounted and not said.endswith(_STARTING)]
        if ours:
            return _damaged(ours)
        for part in down:
            if found := await self.blamed(part):
                note = f"{part} does not run: {found}"
                return Judgement(Verdict.FAIL, note, (Evidence(f"log of {part}", found.text),))
        if down:
            return _damaged(list(down.values()))
        return self._restarted(facts) or await self._deaf()

    def _restarted(self, facts: dict[str, list[PartFacts]]) -> Judgement | None:
        for part in self._parts:
            before = {(one.instance, one.started) for one in (self._first or facts).get(part, [])}
            now = {(one.instance, one.started) for one in facts.get(part, [])}
            if part not in self.hurt and not before <= now:
                return Judgement(Verdict.ERROR, f"{part} was restarted while the checks ran; check again")
        return None

    async def _deaf(self) -> Judgement | None:
        """A tool that runs, and answers nobody: a full disk, a network that was taken away a moment ago.

        Services are not asked: that one of them is not ready may be what the learner has to mend.
        """
        tools = [part for part in self._parts if "ops" not in PORTS.get(part, {})]
        asked = [part for part in tools if part not in self._mounted | self.hurt]
        deaf = sorted(set(asked) - await self._answering(asked))
        return _damaged([f"{deaf[0]} runs, and does not answer"]) if deaf else None

    async def _answering(self, parts: Sequence[str]) -> set[str]:
        """Those among the parts that answer now."""
        answers = await asyncio.gather(*(asyncio.to_thread(self._answers, part) for part in parts))
        return {part for part, answer in zip(parts, answers, strict=True) if answer}

    @property
    def _mounted(self) -> set[str]:
        return {mount.part for mount in self._mounts}

    def _is_down(self, part: str, instances: Sequence[PartFacts]) -> str:
        """How a part is not there, in words; empty when an instance of it works, or a fault of ours hurts it."""
        if part in self.hurt:
            return ""
        if not instances:
            return f"{part} is gone"
        found = [self._trouble(part, one) for one in instances]
        return "" if "" in found else f"{part} {found[0]}"

    def _trouble(self, part: str, facts: PartFacts) -> str:
        if facts.oom_killed and facts.state != "running":
            return "was killed: it needed more memory than it may have"
        if facts.state in _NOT_RUNNING:
            code = f" with exit code {facts.exit_code}" if facts.state == "exited" and facts.exit_code else ""
            return _NOT_RUNNING[facts.state] + code
        if facts.inspect.get("networks", ["?"]) == []:
            return "is cut off from its networks"
        starts = facts.health == "starting" and (part, facts.instance, facts.started) not in self._up
        return _STARTING if starts else ""

    async def blamed(self, part: str) -> Blame | None:
        """What in the learner's files made this part die, by its own log."""
        mounts = [mount for mount in self._mounts if mount.part == part]
        if not mounts:
            return None
        lines: list[LogLine] = await asyncio.to_thread(self._inspector.logs, part, self._since, MAX_LINES)
        return blame(lines, mounts)

    async def _facts(self, after: float) -> dict[str, list[PartFacts]]:
        """The facts of all parts, looked up once for those who ask at about the same time, and never before `after`.

        What was seen before the look that failed says nothing: a part may have died in between.
        """
        async with self._turn:
            if self._seen_at < after:
                seen_at = asyncio.get_running_loop().time()
                found = await asyncio.gather(*(asyncio.to_thread(self._inspector.facts, part) for part in self._parts))
                self._last, self._seen_at = dict(zip(self._parts, found, strict=True)), seen_at
            return self._last


def _damaged(sentences: Sequence[str]) -> Judgement:
    """The verdict on parts that are down: broken, or for those that only start, look again."""
    for said in sentences:
        if not said.endswith(_STARTING):
            return Judgement(Verdict.BROKEN, f"{said}; {_RESET}")
    return Judgement(Verdict.ERROR, f"{sentences[0]}; check again")


def died(inspector: Inspector, parts: Iterable[str], mounts: Sequence[Mount], since: datetime) -> dict[str, Blame]:
    """The parts among these that their own logs say died of the learner's files."""
    return _to_blame(inspector, parts, mounts, since, running=False)


def refused(inspector: Inspector, parts: Iterable[str], mounts: Sequence[Mount], since: datetime) -> dict[str, Blame]:
    """The parts among these that go on with the configuration they had, and say what is wrong with the new one."""
    return _to_blame(inspector, parts, [one for one in mounts if one.target == "config"], since, running=True)


def _to_blame(
    inspector: Inspector, parts: Iterable[str], mounts: Sequence[Mount], since: datetime, *, running: bool
) -> dict[str, Blame]:
    found: dict[str, Blame] = {}
    for part in parts:
        own = [mount for mount in mounts if mount.part == part]
        well = any(one.state == "running" and one.health in ("healthy", "none") for one in inspector.facts(part))
        if own and well is running and (why := blame(inspector.logs(part, since, MAX_LINES), own)):
            found[part] = why
    return found
