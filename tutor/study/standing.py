"""Where a learner stands: what is due, how well each topic would be recalled, what is mastered. Refuses opinions that
no logged evidence supports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tutor.schedule.horizon import days_left, local_day, new_per_day
from tutor.schedule.memory import Rating

if TYPE_CHECKING:
    from tutor.content.index import ChecklistEntry, Entry, Index
    from tutor.study.history import History

SHOWN_RECALL = 0.8
SHOWN_TOTAL = 70.0


COMING = "coming"
"""What is noted of a lab that is announced and not there yet."""


@dataclass(frozen=True, slots=True)
class TopicStanding:
    """One topic: how many questions it has, were seen, are due; `recall` is their mean predicted recall now, and
    `on_the_day` at the interview. Unseen questions count as 0; both are None when nothing was seen or no date is set.
    """

    id: str
    title: str
    day: int | None
    total: int
    seen: int
    due: int
    recall: float | None
    on_the_day: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole picture. `due_now` counts what is due by the minute, though a sitting asks a little ahead; `seen` and
    `unseen` add up to what is not suspended, and being fed by a mock is not being seen; `streak` counts days in a row
    with a review, up to today or yesterday.
    """

    due_now: int
    due_today: int
    due_week: int
    seen: int
    unseen: int
    total: int
    reviewed_today: int
    streak: int
    topics: tuple[TopicStanding, ...]
    leeches: tuple[str, ...]
    suspended: tuple[str, ...]
    flagged: tuple[str, ...]
    interview: date | None
    days_left: int | None
    new_per_day: int | None
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a checklist item rests on. `shown` is the verdict, `note` says why or what is missing."""

    kind: str
    id: str
    shown: bool
    note: str


@dataclass(frozen=True, slots=True)
class Mastery:
    """A checklist item with its evidence. Labs that are not there yet are listed and do not count."""

    item: ChecklistEntry
    evidence: tuple[Evidence, ...]

    @property
    def counted(self) -> tuple[Evidence, ...]:
        """The evidence that can be had today."""
        return tuple(evidence for evidence in self.evidence if evidence.note != COMING)

    @property
    def shown(self) -> int:
        """How much of the counted evidence is there."""
        return sum(evidence.shown for evidence in self.counted)

    @property
    def mastered(self) -> bool:
        """True when all counted evidence is there."""
        return self.shown == len(self.counted)


def standing(index: Index, history: History, now: datetime) -> Standing:
    """Sum up `history` on the pack of `index` at `now` (UTC)."""
    live = [entry for entry in index.entries if entry.id not in history.suspended]
    dues = {entry.id: at for entry in live if (at := history.due(entry.id, now))}
    due = {question for question, at in dues.items() if at <= now}
    today = local_day(now)
    tonight, week = _midnight_after(today), _midnight_after(today + timedelta(days=6))
    unseen = sum(history.memory(entry.id) is None for entry in live)
    interview = history.interview if history.interview and history.interview >= today else None
    days = history.days()
    return Standing(
        due_now=len(due),
        due_today=sum(at <= tonight for at in dues.values()),
        due_week=sum(at <= week for at in dues.values()),
        seen=len(live) - unseen,
        unseen=unseen,
        total=len(index.entries),
        reviewed_today=days[today],
        streak=_streak(days, today),
        topics=tuple(_topics(index, live, due, history, now, interview)),
        leeches=tuple(entry.id for entry in live if history.leech(entry.id)),
        suspended=tuple(sorted(history.suspended)),
        flagged=tuple(sorted(history.flagged)),
        interview=interview,
        days_left=days_left(interview, today) if interview else None,
        new_per_day=new_per_day(unseen, interview, today) if interview else None,
        next_due=min((at for at in dues.values() if at > now), default=None),
    )


def mastery(
    index: Index, history: History, best: Mapping[str, float], labs: Mapping[str, str], now: datetime
) -> list[Mastery]:
    """The checklist with its evidence. `best` is the best total in percent of each scenario that was finished, `labs`
    holds each lab that there is, and how it was finished; nothing when it was not.
    """
    return [
        Mastery(
            item,
            (
                *(_of_question(question, history, now) for question in item.questions),
                *(_of_scenario(scenario, best.get(scenario)) for scenario in item.scenarios),
                *(_of_lab(lab, labs.get(lab)) for lab in item.labs),
            ),
        )
        for item in index.checklist
    ]


def _of_question(question: str, history: History, now: datetime) -> Evidence:
    reviews = history.of(question)
    memory = history.memory(question)
    if not reviews or memory is None:
        return Evidence("question", question, False, "not answered yet")
    if reviews[-1].rating is Rating.AGAIN:
        return Evidence("question", question, False, "missed the last time")
    recall = history.scheduler.recall(memory, now)
    note = f"recall {recall:.0%}"
    if recall < SHOWN_RECALL:
        return Evidence("question", question, False, f"{note}, fading: answer it again")
    if reviews[-1].rating is Rating.HARD:
        return Evidence("question", question, False, f"{note}, but it was hard")
    return Evidence("question", question, True, note)


def _of_scenario(scenario: str, total: float | None) -> Evidence:
    if total is None:
        return Evidence("scenario", scenario, False, "not finished yet")
    note = f"best {total:.0f} %"
    if total < SHOWN_TOTAL:
        return Evidence("scenario", scenario, False, f"{note}, {SHOWN_TOTAL:.0f} % is a hire")
    return Evidence("scenario", scenario, True, note)


def _of_lab(lab: str, note: str | None) -> Evidence:
    return Evidence("lab", lab, note == "done", COMING if note is None else note or "not done yet")


def _topics(
    index: Index, live: Sequence[Entry], due: set[str], history: History, now: datetime, interview: date | None
) -> list[TopicStanding]:
    noon = datetime.combine(interview, time(12)).astimezone() if interview else None
    by_topic: dict[str, list[str]] = {topic.id: [] for topic in index.topics}
    for entry in live:
        by_topic[entry.topic].append(entry.id)
    standings = []
    for topic in index.topics:
        ids = by_topic[topic.id]
        seen = [id_ for id_ in ids if history.memory(id_)]
        standings.append(
            TopicStanding(
                id=topic.id,
                title=topic.title,
                day=topic.day,
                total=len(ids),
                seen=len(seen),
                due=len(due.intersection(ids)),
                recall=_mean_recall(ids, history, now) if seen else None,
                on_the_day=_mean_recall(ids, history, noon) if seen and noon else None,
            )
        )
    return standings


def _mean_recall(ids: Sequence[str], history: History, at: datetime) -> float:
    memories = (history.memory(id_) for id_ in ids)
    return sum(history.scheduler.recall(memory, at) for memory in memories if memory) / len(ids)


def _streak(days: Counter[date], today: date) -> int:
    day = today if days[today] else today - timedelta(days=1)
    streak = 0
    while days[day]:
        streak += 1
        day -= timedelta(days=1)
    return streak


def _midnight_after(day: date) -> datetime:
    """The end of a local day, which is 23 or 25 hours long when the clocks change."""
    return datetime.combine(day + timedelta(days=1), time()).astimezone()
