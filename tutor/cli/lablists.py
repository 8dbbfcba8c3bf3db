"""Lists and pages of `tutor lab`: what there is, the incident, a task, how it stands, the debrief. Refuses to act."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tutor.cli.prose import plain as prose
from tutor.cli.render import counted, fields, heading, moment, say, say_json, table, tell, width

if TYPE_CHECKING:
    from tutor.coach.labs import LabRow, Labs, LabSession
    from tutor.content.index import Index
    from tutor.labs.definition import Lab
    from tutor.labs.engine.base import PartFacts
    from tutor.labs.news import Endpoint
    from tutor.labs.showing import Status, StepState

_MARGIN = " " * 5
_LONG = 40
"""Characters of an address that would push what it is beyond a terminal's edge: those come last, without it."""

_PROGRESS = {"new": "", "begun": "begun", "done": "done"}


def listed(labs: Labs, index: Index, json: bool) -> None:
    """Every lab."""
    rows = labs.rows()
    days = {topic.id: topic.day for topic in index.topics}
    if json:
        say_json([_plain(row, days.get(row.lab.topic)) for row in rows])
        return
    for problem in labs.problems:
        tell(str(problem))
    shown = [
        (
            str(days.get(row.lab.topic) or "-"),
            row.lab.id,
            row.lab.level.value,
            str(row.lab.minutes),
            "running" if row.running else _PROGRESS[row.progress],
            ", ".join(row.lab.system.engines),
        )
        for row in rows
    ]
    title, *lines = table(("day", "lab", "level", "min", "state", "runs on"), shown).split("\n")
    say(title)
    for line, row in zip(lines, rows, strict=True):
        say(f"{line.rstrip()}\n{_below(row.lab.proves)}")
    tell("Start one with: tutor lab start LAB")


def _below(text: str) -> str:
    """What belongs to the row above, wrapped under its second column."""
    return textwrap.indent(textwrap.fill(text, width() - len(_MARGIN), break_on_hyphens=False), _MARGIN)


def _plain(row: LabRow, day: int | None) -> dict[str, object]:
    lab = row.lab
    return {
        "id": lab.id, "title": lab.title, "topic": lab.topic, "day": day, "level": lab.level.value,
        "minutes": lab.minutes, "does": lab.does, "proves": lab.proves, "engines": list(lab.system.engines),
        "progress": row.progress, "running": row.running,
    }  # fmt: skip


def briefing(lab: Lab) -> str:
    """The incident card."""
    card = lab.briefing
    lines = [heading(lab.title), prose(f"{card.severity.upper()}: {card.impact}"), "", prose(card.story)]
    for message in card.messages:
        lines += ["", f"{message.kind} {message.at} {message.from_}", prose(message.text)]
    return "\n".join(lines)


def task(lab: Lab, step: str) -> str:
    """One task, with what will be looked at."""
    number = next(number for number, one in enumerate(lab.steps, 1) if one.id == step)
    chosen = lab.steps[number - 1]
    checks = [f"  - {check.title}" + ("" if check.required else " (not required)") for check in chosen.checks]
    title = heading(f"Step {number} of {len(lab.steps)}: {chosen.title}")
    return "\n".join([f"\n{title}", prose(chosen.task), "", "What will be looked at:", *checks, ""])


def standing(session: LabSession, json: bool) -> None:
    """How a lab stands."""
    status = session.session.status()
    if json:
        say_json(fields(status))
        return
    lab = session.lab
    started = f", since {moment(status.started)}" if status.started else ""
    say(f"{lab.id}: {status.state}{f' on {status.engine}' if status.engine else ''}{started}")
    for sentence in status.trouble:
        say(f"  ! {sentence}")
    for step in status.steps:
        say(_step(step, step.id == status.current))
    if status.parts:
        say(table(("part", "state", "health", "restarts"), [_part(one) for one in status.parts]))
    _files_and_faults(status)
    where(status.endpoints)


def _step(step: StepState, current: bool) -> str:
    help_ = [counted(step.hints, "hint")] if step.hints else []
    help_ += ["solution shown"] if step.revealed else []
    help_ += ["done for you"] if step.skipped else []
    helped = f" ({', '.join(help_)})" if help_ else ""
    here = "  <- here" if current and not step.done else ""
    return f"  [{'x' if step.done else ' '}] {step.title}{helped}{here}"


def _files_and_faults(status: Status) -> None:
    if status.workspace:
        say(f"Your files: {status.workspace.place}")
    if status.unapplied:
        say(f"Not applied yet: {', '.join(status.unapplied)}")
    for fault in status.faults:
        say(f"Fault in force: {fault.title}")


def where(places: Sequence[Endpoint]) -> None:
    """Addresses, databases and logins."""
    long = [one for one in places if len(one.url) > _LONG]
    if short := [(one.name, one.url, one.what) for one in places if one not in long]:
        say(table(("where", "address", "what"), short))
    for one in long:
        say(f"{one.name}, {one.what}\n{_MARGIN}{one.url}")
    for one in places:
        if one.password:
            say(f"{one.name}: {f'log in as {one.user} with' if one.user else 'the password is'} {one.password}")
    if places:
        say("The same as shell variables: endpoints.env among your files")


def _part(facts: PartFacts) -> tuple[str, str, str, str]:
    ended = f" ({facts.exit_code})" if facts.exit_code is not None else ""
    return facts.instance, f"{facts.state}{ended}", facts.health, str(facts.restarts)


def faults(session: LabSession) -> None:
    """The faults of a lab, and which are in force."""
    force = {entry.fault for entry in session.session.faults()}
    known = [(one.id, "in force" if one.id in force else "", one.title) for one in session.lab.faults]
    say(table(("fault", "", "what it does"), known) if known else "This lab has no faults of its own.")


def debriefing(lab: Lab) -> str:
    """What to take along."""
    told = lab.debrief
    parts = [
        heading(f"Debrief: {lab.title}"),
        prose(told.happened),
        f"The picture to keep\n\n{prose(told.model)}",
        f"It happened elsewhere\n\n{prose(told.incident)}",
        f"What you can claim\n\n{prose(lab.proves)}",
        "What you can answer now\n" + "\n".join(f"  tutor quiz --question {id_}" for id_ in told.questions),
        "Sources\n" + "\n".join(f"  {source.title}: {source.url}" for source in told.sources),
    ]
    return "\n\n".join(parts)
