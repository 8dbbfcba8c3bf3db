"""Takes a pack's source apart into a light index and bodies by id. Refuses to judge: the source is valid already."""

from __future__ import annotations

from collections.abc import Iterator

from tutor.content.compiled import Body
from tutor.content.index import ChecklistEntry, Entry, Index, LabEntry, ScenarioEntry, TopicEntry
from tutor.content.models.question import QuestionBody
from tutor.content.placed import PackSource


def index_of(source: PackSource) -> Index:
    """The light side of the pack."""
    pack = source.pack.content
    recaps = {placed.content.topic for placed in source.recaps}
    return Index(
        pack.id,
        pack.title,
        pack.description,
        tuple(TopicEntry(topic.id, topic.title, topic.day, topic.blurb, topic.id in recaps) for topic in pack.topics),
        tuple(
            Entry(question.id, question.topic, question.kind, question.level.value)
            for question in (placed.content for placed in source.questions)
        ),
        tuple(
            ScenarioEntry(scenario.id, scenario.title, scenario.topic, scenario.level.value, scenario.minutes)
            for scenario in (placed.content for placed in source.scenarios)
        ),
        tuple(LabEntry(lab.id, lab.title, lab.topic) for lab in pack.planned_labs),
        tuple(
            ChecklistEntry(item.id, item.text, item.means, item.questions, item.scenarios, item.labs)
            for item in (placed.content for placed in source.checklist)
        ),
        tuple(placed.content.id for placed in source.tips),
    )


def bodies_of(source: PackSource) -> Iterator[Body]:
    """Every piece of the pack as JSON, with its kind and id."""
    for question in source.questions:
        body = QuestionBody(question=question.content)
        yield "question", question.content.id, body.model_dump_json().encode()
    for recap in source.recaps:
        yield "recap", recap.content.topic, recap.content.model_dump_json().encode()
    for scenario in source.scenarios:
        yield "scenario", scenario.content.id, scenario.content.model_dump_json().encode()
    for tip in source.tips:
        yield "tip", tip.content.id, tip.content.model_dump_json().encode()
