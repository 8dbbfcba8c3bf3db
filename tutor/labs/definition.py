"""`lab.yaml` as models: the incident, the system, what may be edited, steps, faults, debrief. Refuses contradictions
inside one lab; links to other content are lint's business.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from tutor.labs.check import Check, Part
from tutor.labs.checks.kinds import AnyCheck
from tutor.labs.faulting import Fault
from tutor.labs.solving import Action
from tutor.shapes import Level, Line, Slug, Source, Strict, Text, Whole, unique

EngineName = Literal["docker", "local", "swarm"]
_FOLDER = r"^(services/[a-z]+|config/[a-z]+)$"
Folder = Annotated[str, StringConstraints(pattern=_FOLDER)]
"""A folder of `labs/system` that the learner gets a copy of, such as `services/orders` or `config/gateway`."""

_VARIABLE = r"^[A-Z][A-Z0-9_]*$"
_LOADERS = ("PYTHON", "LD_", "DYLD_", "PATH", "HOME", "NODE_", "PERL", "RUBY", "BASH_ENV")


def _harmless(name: str) -> str:
    if name.startswith(_LOADERS):
        raise ValueError(f"`{name}` changes what is run; a lab may only set settings of services")
    return name


Variable = Annotated[str, StringConstraints(pattern=_VARIABLE, max_length=60), AfterValidator(_harmless)]
"""The name of a setting of a service, as its environment holds it."""

SERVICES = ("gateway", "users", "orders", "inventory", "payments", "notifications")


class Message(Strict):
    """One piece of the incident: an alert, a ticket, a line of a chat, a graph in words."""

    kind: Literal["alert", "ticket", "chat", "log"]
    from_: Annotated[Line, Field(alias="from")]
    at: Line
    text: Text


class Briefing(Strict):
    """The incident card: what happened, what it costs, what is expected of the learner."""

    severity: Literal["sev1", "sev2", "sev3", "task"]
    impact: Line
    story: Text
    messages: tuple[Message, ...] = ()


class System(Strict):
    """What is started. `settings` are variables per service; the word `all` stands for every service."""

    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    settings: dict[Slug, dict[Variable, str]] = Field(default_factory=dict)
    replicas: dict[Slug, Annotated[Whole, Field(ge=1, le=4)]] = Field(default_factory=dict)
    transport: Literal["amqp", "redis", "any"] = "amqp"
    """What carries the events: RabbitMQ, Redis Streams, or (for labs that do not mind) RabbitMQ where there is one."""
    engines: Annotated[tuple[EngineName, ...], Field(min_length=1)]
    engine_note: Line | None = None
    """Why the engines that are left out cannot run it; wanted when one is."""

    @model_validator(mode="after")
    def _names_its_parts(self) -> Self:
        unique(self, list(self.parts), "part")
        for key, names in (("settings", self.settings), ("replicas", self.replicas)):
            for name in names:
                if name not in self.parts and not (key == "settings" and name == "all"):
                    raise ValueError(f"`{key}` names {name}, which is not among the parts")
        return self


class Step(Strict):
    """One task. `hints` go from a nudge to nearly the solution; `solve` is what `skip` and the proof do."""

    id: Slug
    title: Line
    task: Text
    hints: Annotated[tuple[Text, ...], Field(min_length=3, max_length=3)]
    explain: Text
    """Shown with the solution: why it is right, and what the wrong ones would have cost."""
    solve: Annotated[tuple[Action, ...], Field(min_length=1)]
    checks: Annotated[tuple[AnyCheck, ...], Field(min_length=1)]


class Debrief(Strict):
    """What one takes along. The questions become due in the quiz."""

    happened: Text
    model: Text
    """The picture to keep in mind."""
    incident: Text
    """A real incident of this kind, told from its public report."""
    questions: Annotated[tuple[Slug, ...], Field(min_length=1)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


def _really_one(value: object) -> object:
    if value == 1 and type(value) is not int:
        raise ValueError("`format_version` must be the number 1")
    return value


class Lab(Strict):
    """`lab.yaml`, whole."""

    format_version: Annotated[Literal[1], BeforeValidator(_really_one)]
    id: Slug
    title: Line
    topic: Slug
    level: Level
    minutes: Annotated[Whole, Field(ge=5, le=120)]
    does: Literal["edits code", "edits configuration", "declares topology", "diagnoses", "operates"]
    proves: Line
    """What somebody who has done it can claim, in one sentence."""
    checklist: tuple[Slug, ...] = ()
    briefing: Briefing
    system: System
    edit: tuple[Folder, ...] = ()
    faults: tuple[Fault, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    debrief: Debrief

    @property
    def checks(self) -> list[Check]:
        """Every check of every step, in order."""
        return [check for step in self.steps for check in step.checks]

    def step(self, id_: str) -> Step:
        """The step of that id; raises KeyError when there is none."""
        for step in self.steps:
            if step.id == id_:
                return step
        raise KeyError(id_)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        unique(self, [step.id for step in self.steps], "step id")
        unique(self, [check.id for check in self.checks], "check id")
        unique(self, [fault.id for fault in self.faults], "fault id")
        unique(self, list(self.edit), "folder")
        self._checks_agree()
        for folder in self.edit:
            part = folder.partition("/")[2]
            if folder.startswith("services/") and part != "chassis" and part not in self.system.parts:
                raise ValueError(f"`edit` names {folder}, and {part} is not among the parts; add it to `parts`")
        return self

    def _checks_agree(self) -> None:
        """Needs point backwards, so that there are no cycles; faults and parts exist."""
        faults = {fault.id for fault in self.faults}
        seen: set[str] = set()
        for check in self.checks:
            for needed in check.needs:
                if needed not in seen:
                    raise ValueError(f"check `{check.id}` needs `{needed}`, which does not come before it")
            for fault in check.under:
                if fault not in faults:
                    raise ValueError(f"check `{check.id}` is under `{fault}`, which is no fault of this lab")
            seen.add(check.id)
        for fault_ in self.faults:
            if fault_.part not in self.system.parts:
                raise ValueError(f"fault `{fault_.id}` hurts {fault_.part}, which is not among the parts")


class Fixture(Strict):
    """`wrong/<name>/wrong.yaml` or `alternative/<name>/alternative.yaml`: another way to do it, and what becomes of it.

    Files beside it replace those of the solution. `solve` replaces the actions of the steps that it names.
    """

    about: Text
    red: tuple[Slug, ...] = ()
    """The checks that must fail; none for an alternative, all of whose checks must pass."""
    solve: dict[Slug, tuple[Action, ...]] = Field(default_factory=dict)


def plain(lab: Lab) -> dict[str, Any]:
    """The lab as plain data, for `--json`."""
    return lab.model_dump(mode="json", by_alias=True)
