"""The light side of a pack: enough to plan a sitting or draw a list without loading any model. Refuses bodies."""

from __future__ import annotations

from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A question, as a list shows it."""

    id: str
    topic: str
    kind: str
    level: str


class TopicEntry(NamedTuple):
    """A topic; `day` is None for a cross-cutting theme, `recap` tells whether there is something to read."""

    id: str
    title: str
    day: int | None
    blurb: str
    recap: bool


class ScenarioEntry(NamedTuple):
    """A mock interview, as a list shows it. `minutes` is the planned length."""

    id: str
    title: str
    topic: str
    level: str
    minutes: int


class LabEntry(NamedTuple):
    """A lab that is announced."""

    id: str
    title: str
    topic: str


class ChecklistEntry(NamedTuple):
    """A checklist item and the ids of its evidence."""

    id: str
    text: str
    means: str
    questions: tuple[str, ...]
    scenarios: tuple[str, ...]
    labs: tuple[str, ...]


class Index(NamedTuple):
    """Everything light about one pack, in the pack's own order."""

    pack: str
    title: str
    description: str
    topics: tuple[TopicEntry, ...]
    entries: tuple[Entry, ...]
    scenarios: tuple[ScenarioEntry, ...]
    labs: tuple[LabEntry, ...]
    checklist: tuple[ChecklistEntry, ...]
    tips: tuple[str, ...]


def to_json(index: Index) -> list[object]:
    """The index as nested lists, ready for `json`."""
    return list(index)


def from_json(raw: Any) -> Index:
    """The index back from what `to_json` gave.

    Raises: TypeError or ValueError when `raw` is not that.
    """
    pack, title, description, topics, entries, scenarios, labs, checklist, tips = raw
    return Index(
        pack,
        title,
        description,
        tuple(TopicEntry(*row) for row in topics),
        tuple(Entry(*row) for row in entries),
        tuple(ScenarioEntry(*row) for row in scenarios),
        tuple(LabEntry(*row) for row in labs),
        tuple(ChecklistEntry(*row[:3], *map(tuple, row[3:])) for row in checklist),
        tuple(tips),
    )
