"""Finds what makes a pack contradict itself: ids used twice, and links that lead nowhere. Refuses to judge quality."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tutor.errors import Problem

if TYPE_CHECKING:
    from tutor.content.models.base import KeyPoint
    from tutor.content.models.pack import Pack
    from tutor.content.models.recap import RecapFile
    from tutor.content.models.scenario import Scenario
    from tutor.content.placed import PackSource, Placed


def broken(source: PackSource) -> list[Problem]:
    """Every duplicate id and every dead link of the pack."""
    return [*_duplicates(source), *_Dead(source).all()]


def _duplicates(source: PackSource) -> Iterator[Problem]:
    groups: list[tuple[str, Iterable[Placed[Any]], Callable[[Any], str]]] = [
        ("question id", source.questions, lambda question: question.id),
        ("scenario id", source.scenarios, lambda scenario: scenario.id),
        ("checklist id", source.checklist, lambda item: item.id),
        ("tip id", source.tips, lambda tip: tip.id),
        ("recap of topic", source.recaps, lambda recap: recap.topic),
    ]
    for noun, group, id_of in groups:
        first: dict[str, Placed[Any]] = {}
        for placed in group:
            id_ = id_of(placed.content)
            if earlier := first.get(id_):
                there = earlier.problem("")
                yield placed.problem(f"{noun} `{id_}` is taken by {there.file}:{there.line}; choose another", "id")
            first.setdefault(id_, placed)
    seen: set[str] = set()
    for number, topic in enumerate(source.pack.content.topics):
        if topic.id in seen:
            yield source.pack.problem(f"topic id `{topic.id}` appears twice; choose another", "topics", number, "id")
        seen.add(topic.id)
    yield from _shared_days(source.pack)


def _shared_days(pack: Placed[Pack]) -> Iterator[Problem]:
    """A day leads to one topic: `tutor recap 43` could not choose."""
    taken: dict[int, str] = {}
    for number, topic in enumerate(pack.content.topics):
        if topic.day is None:
            continue
        if topic.day in taken:
            what = f"day {topic.day} is taken by topic `{taken[topic.day]}`; choose another"
            yield pack.problem(what, "topics", number, "day")
        taken.setdefault(topic.day, topic.id)


class _Links:
    """Checks links of one kind against the ids that exist."""

    def __init__(self, noun: str, known: Iterable[str]) -> None:
        self.noun = noun
        self.known = sorted(known)
        self._set = set(self.known)

    def dead(self, placed: Placed[Any], ids: Iterable[str], *within: str | int) -> Iterator[Problem]:
        for number, id_ in enumerate(ids):
            if id_ not in self._set:
                close = get_close_matches(id_, self.known, n=1)
                hint = f"did you mean `{close[0]}`?" if close else "write an id that exists, or remove it"
                yield placed.problem(f"there is no {self.noun} `{id_}`; {hint}", *within, number)


class _Dead:
    """Walks a pack and yields every link that leads nowhere."""

    def __init__(self, source: PackSource) -> None:
        pack = source.pack.content
        self.source = source
        self.topics = _Links("topic", (topic.id for topic in pack.topics))
        self.questions = _Links("question", (placed.content.id for placed in source.questions))
        self.scenarios = _Links("scenario", (placed.content.id for placed in source.scenarios))
        self.labs = _Links("lab", (lab.id for lab in pack.planned_labs))
        self.tips = _Links("tip", (placed.content.id for placed in source.tips))

    def all(self) -> Iterator[Problem]:
        for number, lab in enumerate(self.source.pack.content.planned_labs):
            yield from self.topics.dead(self.source.pack, [lab.topic], "planned_labs", number, "topic")
        for question in self.source.questions:
            yield from self.topics.dead(question, [question.content.topic], "topic")
            yield from self._feeds(question, getattr(question.content, "key_points", ()))
        for recap in self.source.recaps:
            yield from self._recap(recap)
        for item in self.source.checklist:
            yield from self.questions.dead(item, item.content.questions, "questions")
            yield from self.scenarios.dead(item, item.content.scenarios, "scenarios")
            yield from self.labs.dead(item, item.content.labs, "labs")
        for scenario in self.source.scenarios:
            yield from self._scenario(scenario)

    def _feeds(self, placed: Placed[Any], points: Iterable[KeyPoint], *within: str | int) -> Iterator[Problem]:
        for number, point in enumerate(points):
            yield from self.questions.dead(placed, point.feeds, *within, "key_points", number, "feeds")

    def _recap(self, recap: Placed[RecapFile]) -> Iterator[Problem]:
        yield from self.topics.dead(recap, [recap.content.topic], "topic")
        for number, section in enumerate(recap.content.sections):
            yield from self.questions.dead(recap, section.questions, "sections", number, "questions")
            yield from self.labs.dead(recap, section.labs, "sections", number, "labs")

    def _scenario(self, scenario: Placed[Scenario]) -> Iterator[Problem]:
        yield from self.topics.dead(scenario, [scenario.content.topic], "topic")
        yield from self.labs.dead(scenario, scenario.content.labs, "labs")
        for number, stage in enumerate(scenario.content.stages):
            yield from self.tips.dead(scenario, [stage.tip], "stages", number, "tip")
            yield from self._feeds(scenario, stage.key_points, "stages", number)
