"""`tutor progress`, `checklist`, `plan`, `suspended`, `flags`: where the learner stands. Refuses to ask anything."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.cli import complete, prose, start
from tutor.cli.render import counted, fields, heading, moment, say, say_json, table, tell
from tutor.errors import UsageError

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.interview.calibration import Calibration
    from tutor.study.standing import Mastery, Standing, TopicStanding

Plain = Annotated[bool, typer.Option("--plain", help="Print lines; never open the app.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def progress(ctx: typer.Context, plain: Plain = False, json: Json = False) -> None:
    """What is due, how well each topic would be recalled, how your confidence turns out."""
    if not json and start.wants_app(plain):
        start.open_app(ctx, "progress")
        return
    coach = start.coach(ctx)
    standing, calibration = coach.standing(), coach.calibration()
    if json:
        say_json({**fields(standing), "calibration": {**fields(calibration), "verdict": calibration.verdict}})
        return
    say(heading(coach.index.title))
    _show_due(standing)
    say()
    _show_topics(standing)
    _show_calibration(calibration)
    _show_care(standing)


def _show_due(standing: Standing) -> None:
    days = counted(standing.streak, "day")
    say(f"Due now: {standing.due_now}. Due by tonight: {standing.due_today}. Due within a week: {standing.due_week}.")
    say(
        f"Never seen: {standing.unseen} of {standing.total}. Answered today: {standing.reviewed_today}. Streak: {days}."
    )
    if standing.next_due and not standing.due_now:
        say(f"Next due: {moment(standing.next_due)}.")
    if standing.interview:
        say(
            f"Interview: {standing.interview}, in {counted(standing.days_left or 0, 'day')};"
            f" new questions a day until then: {standing.new_per_day}."
        )
    else:
        say("No interview date is set: tutor plan --interview YYYY-MM-DD")


def _show_topics(standing: Standing) -> None:
    titles = ["DAY", "TOPIC", "SEEN", "DUE", "RECALL", "INTERVIEW"][: 6 if standing.interview else 5]
    rows = [_topic_row(topic)[: len(titles)] for topic in standing.topics]
    say(table(titles, rows))
    say("RECALL is the predicted share of the topic's questions that you would recall now; unseen ones count as 0.")


def _topic_row(topic: TopicStanding) -> list[str]:
    seen = f"{topic.seen}/{topic.total}"
    return [str(topic.day or "-"), topic.title, seen, str(topic.due), _share(topic.recall), _share(topic.on_the_day)]


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _show_calibration(calibration: Calibration) -> None:
    say()
    say(f"Confidence: {calibration.verdict}")
    for bin_ in calibration.bins:
        say(f"  said {bin_.said} %: {bin_.right:.0f} % right, {counted(bin_.count, 'answer')}")


def _show_care(standing: Standing) -> None:
    if standing.leeches:
        say(f"Forgotten again and again: {', '.join(standing.leeches)}")
    if standing.suspended:
        say(f"Suspended: {counted(len(standing.suspended), 'question')}; see: tutor suspended")
    if standing.flagged:
        say(f"Flagged: {counted(len(standing.flagged), 'question')}; see: tutor flags")


def checklist(ctx: typer.Context, plain: Plain = False, json: Json = False) -> None:
    """What you can defend, with the evidence for it and what is still missing."""
    if not json and start.wants_app(plain):
        start.open_app(ctx, "checklist")
        return
    coach = start.coach(ctx)
    mastery = coach.mastery()
    if json:
        say_json([_mastery(one) for one in mastery])
        return
    done = sum(one.mastered for one in mastery)
    say(f"{done} of {len(mastery)} mastered.")
    for one in mastery:
        say()
        state = "mastered" if one.mastered else f"{one.shown} of {len(one.counted)} shown"
        say(prose.plain(f"[{'x' if one.mastered else ' '}] {one.item.text} ({state})"))
        say(prose.plain(one.item.means, "    "))
        for evidence in one.evidence:
            mark = "x" if evidence.shown else " "
            say(f"    [{mark}] {evidence.kind} {evidence.id}: {evidence.note}")


def _mastery(one: Mastery) -> dict[str, object]:
    evidence = [fields(piece) for piece in one.evidence]
    counts = {"shown": one.shown, "counted": len(one.counted), "mastered": one.mastered}
    return {"id": one.item.id, "text": one.item.text, "means": one.item.means, **counts, "evidence": evidence}


def plan(
    ctx: typer.Context,
    interview: Annotated[str | None, typer.Option(help="The date of your interview.", metavar="YYYY-MM-DD")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Forget the date.")] = False,
    json: Json = False,
) -> None:
    """Bend the schedule towards an interview: everything is seen again in time."""
    if interview is not None and clear:
        raise UsageError("Give either --interview or --clear.")
    chosen = _date(interview) if interview is not None else None
    coach = start.coach(ctx)
    if chosen or clear:
        coach.plan(chosen)
        tell("The date is set." if chosen else "The date is forgotten; the schedule runs free.")
    _show_plan(coach, json)


def _date(text: str) -> date:
    """A date as it is typed.

    Raises: UsageError when there is no such day.
    """
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        message = f"`{text}` is not a date."
        raise UsageError(message, "Write year, month and day, as in: tutor plan --interview 2030-01-31") from None


def _show_plan(coach: Coach, json: bool) -> None:
    standing = coach.standing()
    if json:
        names = ("interview", "days_left", "new_per_day", "unseen", "due_today", "topics")
        say_json({name: getattr(standing, name) for name in names})
        return
    _show_due(standing)
    if standing.interview:
        say()
        _show_topics(standing)
        say("INTERVIEW is the same prediction for the day itself, if you answered nothing more until then.")


def suspended(
    ctx: typer.Context,
    lift: Annotated[
        str | None, typer.Option(metavar="ID", help="Ask this question again.", autocompletion=complete.questions)
    ] = None,
    json: Json = False,
) -> None:
    """Questions that are not asked any more."""
    coach = start.coach(ctx)
    if lift:
        if lift not in coach.history.suspended:
            coach.library.question(lift)
            raise UsageError(f"`{lift}` is not suspended.", "List those that are: tutor suspended")
        coach.unsuspend(lift)
        tell(f"{lift} will be asked again.")
    ids = sorted(coach.history.suspended)
    if json:
        say_json(ids)
    else:
        say("\n".join(ids) if ids else "No question is suspended.")


def flags(ctx: typer.Context, json: Json = False) -> None:
    """Notes that you made on questions you think are wrong."""
    flagged = start.coach(ctx).history.flagged
    if json:
        say_json(flagged)
        return
    say("\n".join(f"{question}: {note}" for question, notes in flagged.items() for note in notes) or "No notes.")
