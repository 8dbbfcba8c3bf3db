"""What all kinds of checks share: the envelope in YAML, what a look brings back, how it can go wrong for us.

A kind is one file: a model that subclasses `Check`, with `kind`, its own keys and `VALUES` (what `expect` may name),
and an async `look(reach)` that looks once and returns an `Observation`. A look is a pure read unless the check says
`act: true`; it never waits for anything to come true (the evaluator repeats it), and bounds its own time.

Refuses to let an expectation be empty or name a value that the kind does not bring back.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tutor.labs import matching
from tutor.labs.verdict import Mismatch
from tutor.shapes import Line, Slug, Strict, Text, Whole

if TYPE_CHECKING:
    from tutor.labs.reach import Reach

LOOK_SECONDS = 10.0
"""How long one look may take, unless its kind knows better."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Part = Slug
"""A part of the system by its name in `labs/system/compose.yaml`, such as `orders` or `rabbitmq`."""

Seconds = Annotated[float, Field(gt=0, le=600)]
_PERIOD = r"^\d+(\.\d+)?(ms|s|m)$"
Period = Annotated[str, StringConstraints(pattern=_PERIOD)]
"""A span of time such as `500ms`, `30s` or `2m`."""

Expectation = dict[str, Any]


def seconds(period: str) -> float:
    """The seconds in a period such as `500ms`, `30s`, `2m`."""
    for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        if period.endswith(unit):
            return float(period.removesuffix(unit)) * factor
    raise ValueError(f"`{period}` is no span of time; write such as 500ms, 30s or 2m")


class CannotLook(Exception):
    """We could not evaluate (verdict `error`): a closed port of ours, bad credentials, an answer that is garbage.

    `part` names the part of the system that was asked, so that the evaluator can see whether it is running at all: if
    it is not, the verdict is `broken`.
    """

    def __init__(self, sentence: str, part: str = "") -> None:
        super().__init__(sentence)
        self.part = part


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look brought back.

    `values` are what `expect`, `stop_if`, `hint_if` and `capture` name. `command` is what a person would type to see
    the same (a curl, SQL or CLI line, secrets left as variables). `shown` is the answer as shown with a failure,
    bounded. `trace` is the id of the trace that the look caused, if any.
    """

    values: Mapping[str, Any]
    command: str = ""
    shown: str = ""
    trace: str = ""
    seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


class Eventually(Strict):
    """It must become true within this time, looked at every so often; the first true look ends it."""

    within: Period = "10s"
    every: Period = "500ms"


class Holding(Strict):
    """It must be true (or, under `never`, false) at each look for this long."""

    for_: Annotated[Period, Field(alias="for")]
    every: Period = "500ms"


class Hint(Strict):
    """What to say when the actual state looks like this."""

    when: Expectation
    say: Text


class Collect(Strict):
    """What to collect when the check fails: the last lines of a part's log, or the trace that the look caused."""

    logs: Part | None = None
    lines: Annotated[Whole, Field(ge=1, le=200)] = 30
    trace: Literal["last"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.logs is None) == (self.trace is None):
            raise ValueError("write either `logs: <part>` or `trace: last`")
        return self


class OnFail(Strict):
    """What happens after a failure."""

    collect: Annotated[tuple[Collect, ...], Field(min_length=1)]


class Check(Strict):
    """The envelope. `guard` marks a check that passes as shipped and must go on passing.

    `under` names faults of the lab that are injected for this check, and rolled back when all checks under the same
    faults have their verdicts.
    """

    VALUES: ClassVar[Mapping[str, str]] = {}
    """What `expect` may name, each with a sentence for the documentation."""

    ALONE: ClassVar[bool] = False
    """True for a kind that would disturb other looks, such as one that makes load: nothing runs beside it."""

    OUTSIDE: ClassVar[bool] = True
    """True for a kind that looks at the running system; false for one that reads what the learner wrote."""

    id: Slug
    title: Line
    why: Text
    kind: str
    expect: Annotated[Expectation, Field(min_length=1)]
    points: Annotated[Whole, Field(ge=1, le=10)] = 1
    needs: tuple[Slug, ...] = ()
    required: bool = True
    guard: bool = False
    act: bool = False
    under: tuple[Slug, ...] = ()
    eventually: Eventually | None = None
    consistently: Holding | None = None
    never: Holding | None = None
    stop_if: Expectation | None = None
    capture: dict[Name, Line] = Field(default_factory=dict)
    hint_if: tuple[Hint, ...] = ()
    on_fail: OnFail | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        times = [name for name in ("eventually", "consistently", "never") if getattr(self, name) is not None]
        if len(times) > 1:
            raise ValueError(f"`{times[0]}` and `{times[1]}` exclude each other; keep one")
        if self.act and times:
            raise ValueError(
                f"a check that acts looks once; make a second check with `{times[0]}`, and `needs: [{self.id}]`"
            )
        wheres = [("expect", self.expect), ("stop_if", self.stop_if)]
        wheres += [("hint_if", hint.when) for hint in self.hint_if]
        for where, expectation in wheres:
            self._known(where, expectation)
        for path in self.capture.values():
            self._known_name("capture", path.removeprefix("$.").split(".")[0].split("[")[0])
        return self

    def _known(self, where: str, expectation: Expectation | None) -> None:
        if expectation is None:
            return
        for name, wanted in expectation.items():
            self._known_name(where, name)
            matching.check(wanted, f"{where}.{name}")

    def _known_name(self, where: str, name: str) -> None:
        if name not in self.VALUES:
            known = ", ".join(self.VALUES)
            raise ValueError(
                f"`{where}` names `{name}`, which a check of kind {self.kind} does not bring back; it has {known}"
            )

    @property
    def compares_with_start(self) -> bool:
        """True when an expectation is about the change since the lab started, so that a first look is needed then."""
        return any(matching.uses(wanted, "delta") for where in self.expectations for wanted in where.values())

    @property
    def expectations(self) -> list[Expectation]:
        """Everything that is compared with what a look brings back: `expect`, `stop_if`, each `hint_if`."""
        return [self.expect, self.stop_if or {}, *(hint.when for hint in self.hint_if)]

    @property
    def look_seconds(self) -> float:
        """How long one look may take before it counts as `error`."""
        return LOOK_SECONDS

    def told(self, mismatches: list[Mismatch]) -> list[Mismatch]:
        """What is said of the expectations that do not hold; a kind that asks for an answer does not give it."""
        return mismatches

    @abstractmethod
    async def look(self, reach: Reach) -> Observation:
        """Look once.

        Raises: CannotLook when nothing can be said about the learner's work.
        """
        raise AssertionError(f"a check of kind {self.kind} has no look of its own")
