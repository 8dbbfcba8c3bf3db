"""Adds up a graded run. Refuses one overall impression: every number comes from points ticked and criteria graded.

Grading written answers by a single mark inflates them; point by point with a rubric it does not (Sadler & Good 2006,
doi:10.1207/s15326977ea1101_1; Dunlosky et al. 2011, doi:10.1080/17470218.2010.502239).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.content.models.base import KeyPoint
    from tutor.content.models.scenario import Stage
    from tutor.interview.run import Run

FLAG_COST = 10
FLAGS_THAT_CAP = 2
CAP = 69.0
HOW_TOTAL = f"the mean of key points and rubric, less {FLAG_COST} points per red flag"
BANDS = ((85.0, "strong hire"), (70.0, "hire"), (50.0, "lean no hire"), (0.0, "no hire"))


@dataclass(frozen=True, slots=True)
class Missed:
    """A key point that an answer did not make, or made only in part."""

    stage: str
    point: KeyPoint
    partly: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a run, in percent. `total` is the mean of points and rubric, less red flags."""

    points: float
    rubric: float
    total: float
    band: str
    stages: dict[str, float]
    dimensions: dict[str, float]
    missed: tuple[Missed, ...]
    expected: float

    @property
    def gap(self) -> float:
        """Percent expected before the reveal minus percent of points made; above 0 is overconfident."""
        return self.expected - self.points


def result(run: Run) -> Result:
    """Add up a run; stages and criteria that were not graded count as nothing."""
    stages = {stage.id: _stage_share(run, stage) * 100 for stage in run.scenario.stages}
    minutes = {stage.id: stage.minutes for stage in run.scenario.stages}
    points = sum(stages[id_] * minutes[id_] for id_ in stages) / sum(minutes.values())
    rubric, dimensions = _rubric(run)
    total = max(0.0, (points + rubric) / 2 - FLAG_COST * len(run.flags))
    if len(run.flags) >= FLAGS_THAT_CAP:
        total = min(total, CAP)
    bets = [answer.confidence for answer in run.answers.values()]
    return Result(
        points=points,
        rubric=rubric,
        total=total,
        band=band(total),
        stages=stages,
        dimensions=dimensions,
        missed=tuple(missed for stage in run.scenario.stages for missed in _missed(run, stage)),
        expected=sum(bets) / len(bets) if bets else 0.0,
    )


def band(total: float) -> str:
    """The recommendation that a total in percent stands for."""
    return next(name for floor, name in BANDS if total >= floor)


def _stage_share(run: Run, stage: Stage) -> float:
    grade = run.grades.get(stage.id)
    if grade is None:
        return 0.0
    made = sum(
        point.weight * (1.0 if point.id in grade.met else 0.5 if point.id in grade.partly else 0.0)
        for point in stage.key_points
    )
    return made / sum(point.weight for point in stage.key_points)


def _rubric(run: Run) -> tuple[float, dict[str, float]]:
    """Grades 1 to 4 stand for 0, 1/3, 2/3 and all of a criterion's weight."""
    got: dict[str, float] = defaultdict(float)
    most: dict[str, float] = defaultdict(float)
    for criterion in run.scenario.rubric:
        got[criterion.dimension] += criterion.weight * (run.criteria.get(criterion.id, 1) - 1) / 3
        most[criterion.dimension] += criterion.weight
    return sum(got.values()), {dimension: 100 * got[dimension] / most[dimension] for dimension in most}


def _missed(run: Run, stage: Stage) -> list[Missed]:
    grade = run.grades.get(stage.id)
    if grade is None:
        return []
    return [
        Missed(stage.id, point, point.id in grade.partly) for point in stage.key_points if point.id not in grade.met
    ]
