"""`tutor quiz`: the app's quiz on a terminal, a conversation in lines anywhere else. Refuses to grade or schedule."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.cli import complete, start
from tutor.cli.ask import Ended
from tutor.cli.render import say_json, tell
from tutor.errors import UsageError

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.quiz import Quiz
    from tutor.study.queue import Filter

LIMIT = 20
GO_ON = "Everything is kept; go on with: tutor quiz"
ON_THE_SIDE = "Every answer is kept; to go on with these questions, ask for them again."


class Kind(StrEnum):
    """Kinds of question, spelled out so that completion loads no model."""

    OPEN = "open"
    SINGLE = "single"
    MULTI = "multi"
    ORDER = "order"
    MATCH = "match"
    CLOZE = "cloze"
    SPOT = "spot"
    PREDICT = "predict"


class Level(StrEnum):
    """Levels, likewise."""

    JUNIOR = "junior"
    MID = "mid"
    SENIOR = "senior"


Day = Annotated[
    list[int] | None,
    typer.Option(metavar="DAY", help="Only questions of this day. Repeat for more.", autocompletion=complete.days),
]
Topic = Annotated[
    list[str] | None,
    typer.Option(metavar="ID", help="Only questions of this topic. Repeat for more.", autocompletion=complete.topics),
]
Kinds = Annotated[
    list[Kind] | None,
    typer.Option(metavar="KIND", help=f"Only this kind: {', '.join(Kind)}. Repeat for more."),
]
Levels = Annotated[
    list[Level] | None,
    typer.Option(metavar="LEVEL", help=f"Only this level: {', '.join(Level)}. Repeat for more."),
]


def quiz(
    ctx: typer.Context,
    day: Day = None,
    topic: Topic = None,
    kind: Kinds = None,
    level: Levels = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=500, help=f"At most N questions; {LIMIT} if not given.")
    ] = None,
    new: Annotated[int | None, typer.Option(metavar="N", min=0, help="At most N questions never seen before.")] = None,
    cram: Annotated[bool, typer.Option("--cram", help="Ask everything, without touching the schedule.")] = False,
    missed: Annotated[bool, typer.Option("--missed", help="Only what was missed the last time.")] = False,
    question: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this question, due or not.", autocompletion=complete.questions),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, even when a sitting was left open.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Ask in lines, for pipes and screen readers.")] = False,
    json: Annotated[bool, typer.Option("--json", help="List what would be asked, without asking.")] = False,
) -> None:
    """Answer what is due, then something new; each answer is explained at once."""
    narrowed = any((day, topic, kind, level, limit, new is not None, cram, missed, question))
    coach = start.coach(ctx)
    named = _filter(coach, days=day, topics=topic, kinds=kind, levels=level, questions=question)
    wanted = replace(named, limit=limit or LIMIT, new=new, cram=cram, missed=missed)
    if json:
        say_json(_listed(coach, wanted))
        return
    left = None if narrowed or fresh else coach.resume_quiz()
    sitting = left or _started(coach, wanted, named=bool(question))
    if start.wants_app(plain):
        start.open_app(ctx, "quiz", coach, sitting.session.id)
        return
    if left:
        tell(f"Going on with the sitting you left: {left.session.asked} answered, {len(left.session.pending)} to go."
             " A new one: tutor quiz --fresh")  # fmt: skip
    _converse(coach, sitting)


def _converse(coach: Coach, sitting: Quiz) -> None:
    from tutor.cli.sitting import Sitting, show_summary

    try:
        show_summary(coach, Sitting(coach, sitting).run())
    except Ended:
        tell(_kept(sitting))
    except KeyboardInterrupt:
        raise start.Interrupted(f"\nInterrupted. {_kept(sitting)}") from None


def _kept(sitting: Quiz) -> str:
    """What becomes of a sitting that is left: one on the side is taken up only to rate what was answered."""
    return ON_THE_SIDE if sitting.session.side and not sitting.reveal else GO_ON


def _started(coach: Coach, wanted: Filter, named: bool) -> Quiz:
    """A new sitting; a question asked for by name is asked even when it is not due, as cramming."""
    from tutor.study.queue import build

    if named and not wanted.cram and not build(coach.index.entries, coach.history, wanted, coach.now()):
        tell("It is not due; it is asked without touching the schedule.")
        wanted = replace(wanted, cram=True)
    return coach.quiz(wanted)


def _filter(
    coach: Coach,
    *,
    days: list[int] | None,
    topics: list[str] | None,
    kinds: list[Kind] | None,
    levels: list[Level] | None,
    questions: list[str] | None,
) -> Filter:
    from tutor.study.queue import Filter

    for id_ in questions or ():
        coach.library.question(id_)  # refuses an id that does not exist, and suggests one that does
        if id_ in coach.history.suspended:
            raise UsageError(f"`{id_}` is suspended.", f"Ask it again with: tutor suspended --lift {id_}")
    return Filter(
        topics=frozenset((*(_of_day(coach, day) for day in days or ()), *(_known(coach, id_) for id_ in topics or ()))),
        kinds=frozenset(kind.value for kind in kinds or ()),
        levels=frozenset(level.value for level in levels or ()),
        questions=frozenset(questions or ()),
    )


def _of_day(coach: Coach, day: int) -> str:
    for topic in coach.index.topics:
        if topic.day == day:
            return topic.id
    days = ", ".join(str(topic.day) for topic in coach.index.topics if topic.day)
    raise UsageError(f"This pack has no day {day}.", f"It has: {days}" if days else "Use --topic instead.")


def _known(coach: Coach, topic: str) -> str:
    ids = [other.id for other in coach.index.topics]
    if topic not in ids:
        raise UsageError(f"This pack has no topic `{topic}`.", f"It has: {', '.join(ids)}")
    return topic


def _listed(coach: Coach, wanted: Filter) -> list[dict[str, object]]:
    from tutor.study.queue import build

    entries = {entry.id: entry for entry in coach.index.entries}
    now = coach.now()
    ids = build(coach.index.entries, coach.history, wanted, now)
    return [{**entries[id_]._asdict(), "due": coach.history.due(id_, now)} for id_ in ids]
