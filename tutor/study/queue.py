"""Chooses what to ask and in which order: due first, then new, topics interleaved. Refuses to know how it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.content.index import Entry
    from tutor.study.history import History

LEARN_AHEAD = timedelta(minutes=20)
"""What is due within this time counts as due now, so that a sitting is not cut short by minutes; it is longer than
the scheduler's learning step, so that a miss can come back in the same sitting."""

MAX_QUEUE = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """What a learner asks to be asked. Empty sets mean everything; `new` bounds the unseen ones (None: no bound).

    A `limit` of 0 means as many as a sitting can hold.
    """

    topics: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    limit: int = 20
    new: int | None = None
    cram: bool = False
    missed: bool = False

    def admits(self, entry: Entry) -> bool:
        """True when a question passes by what it is, whatever its history."""
        return (
            (not self.topics or entry.topic in self.topics)
            and (not self.kinds or entry.kind in self.kinds)
            and (not self.levels or entry.level in self.levels)
            and (not self.questions or entry.id in self.questions)
        )


def due_now(history: History, question: str, now: datetime) -> bool:
    """True when a seen question should be asked now."""
    due = history.due(question, now)
    return due is not None and due <= now + LEARN_AHEAD


def build(entries: Sequence[Entry], history: History, wanted: Filter, now: datetime) -> list[str]:
    """The ids to ask in a sitting, in order.

    Cram asks everything that passes, weakest memory first. `missed` asks only what was last answered wrong.
    Otherwise: what is due, oldest first, then unseen ones in the pack's order, both interleaved by topic.
    """
    limit = min(wanted.limit, MAX_QUEUE) if wanted.limit > 0 else MAX_QUEUE
    passing = [entry for entry in entries if wanted.admits(entry) and entry.id not in history.suspended]
    if wanted.missed:
        return [entry.id for entry in _interleave([e for e in passing if history.missed(e.id)])][:limit]
    if wanted.cram:
        return [entry.id for entry in _weakest(passing, history, now)][:limit]
    dues = [(entry, history.due(entry.id, now)) for entry in passing]
    seen = [(when, entry) for entry, when in dues if when is not None and when <= now + LEARN_AHEAD]
    due = [entry for _, entry in sorted(seen, key=itemgetter(0))]
    unseen = _interleave([entry for entry, when in dues if when is None])
    fresh = unseen if wanted.new is None else unseen[: max(0, wanted.new)]
    return [entry.id for entry in (*_interleave(due), *fresh)][:limit]


def _weakest(entries: list[Entry], history: History, now: datetime) -> list[Entry]:
    def recall(entry: Entry) -> float:
        memory = history.memory(entry.id)
        return history.scheduler.recall(memory, now) if memory else 0.0

    return sorted(_interleave(entries), key=recall)


def _interleave(entries: Iterable[Entry]) -> list[Entry]:
    """Take turns between topics, keeping the order within each; within a topic, kinds come as they stand."""
    by_topic: dict[str, list[Entry]] = {}
    for entry in entries:
        by_topic.setdefault(entry.topic, []).append(entry)
    rounds = zip_longest(*by_topic.values())
    return [entry for round_ in rounds for entry in round_ if entry is not None]
