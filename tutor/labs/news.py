"""What the verbs of a lab tell while they run: one value per thing that happened. Refuses to do anything.

Long verbs are generators of these, of an engine's `Progress` and `Obstacle`, and of `LogLine`. The last value of a
verb carries its result, so that a face renders what comes and needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tutor.errors import Problem
from tutor.labs.engine.base import Obstacle, Progress
from tutor.labs.verdict import CheckReport, Evidence, StepReport


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of narration; a warning is something that the learner should act on."""

    text: str
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True, slots=True)
class Started:
    """A check is looked at for the first time."""

    check: str
    title: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One look. `holds` is None when nothing could be seen; `missing` says what is in the way; `left` is in seconds."""

    check: str
    look: int
    holds: bool | None
    missing: str
    left: float


@dataclass(frozen=True, slots=True)
class Reported:
    """A check has its verdict."""

    report: CheckReport


@dataclass(frozen=True, slots=True)
class Faulted:
    """A fault was injected, or undone."""

    fault: str
    title: str
    on: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """All checks of a step have their verdicts."""

    step: StepReport


@dataclass(frozen=True, slots=True)
class StepPassed:
    """A step is done; `next` is the one after it, or empty when the lab is done.

    `skipped`: it was done in the learner's place. `revealed`: its solution was shown before.
    """

    step: str
    next: str
    skipped: bool = False
    revealed: bool = False


@dataclass(frozen=True, slots=True)
class Misspelt:
    """A file of the learner that cannot be read by what will run it."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Applied:
    """What changed since the system last saw the workspace, and which parts were restarted for it."""

    files: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Died:
    """A part does not run with the learner's files; `evidence` holds its own words."""

    part: str
    sentence: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Performed:
    """One action of a solution was done in the learner's place."""

    text: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where something is reached from here, and what to log in with."""

    name: str
    url: str
    what: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Briefed:
    """The lab is up; the incident can be told."""

    lab: str
    workspace: Path
    endpoints: tuple[Endpoint, ...]
    fresh: bool
    """False when it was running already, or was found again."""


@dataclass(frozen=True, slots=True)
class Hinted:
    """One hint. Level 0 comes from the actual state of the system; 1 to 3 are those of the step."""

    step: str
    level: int
    text: str
    more: bool


@dataclass(frozen=True, slots=True)
class SolutionShown:
    """The solution of a step: why it is right, what it changes in each file, and what else it does."""

    step: str
    explain: str
    differences: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing of the lab runs any more. `workspace` is where the learner's files still are, if they are."""

    lab: str
    workspace: Path | None


@dataclass(frozen=True, slots=True)
class ResetDone:
    """The start is back. `backup` holds the learner's files as they were, if any differed from the start."""

    lab: str
    backup: Path | None


News = (
    Said | Started | Looked | Reported | Faulted | Checked | StepPassed | Misspelt | Applied | Died | Performed
    | Briefed | Hinted | SolutionShown | Stopped | ResetDone | Progress | Obstacle
)  # fmt: skip
"""Everything that a verb may yield."""
