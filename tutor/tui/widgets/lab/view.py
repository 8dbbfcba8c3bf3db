"""How a lab looks: its state, task and checks, in marks and words. Pure: refuses to ask anybody anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from tutor.labs import news
from tutor.labs.telling import told
from tutor.labs.verdict import CheckReport, Verdict
from tutor.tui.widgets.marks import NO, YES
from tutor.tui.widgets.rows import Row

if TYPE_CHECKING:
    from tutor.labs.check import Check
    from tutor.labs.definition import Lab, Step
    from tutor.labs.showing import Status, StepState

QUIET = "$foreground 70%"
MARKS = {
    Verdict.PASS: (YES, "pass", "bold $success"),
    Verdict.FAIL: (NO, "FAIL", "bold $error"),
    Verdict.BLOCKED: ("·", "blocked", "$foreground 65%"),
    Verdict.BROKEN: ("!", "BROKEN", "bold $warning"),
    Verdict.ERROR: ("?", "ERROR", "bold $warning"),
}
"""A mark, a word and a style for each verdict."""

UNSEEN = ("○", "", "$foreground 65%")
LOOKING = ("◐", "looking", "$warning")

ADVICE = {
    Verdict.PASS: "",
    Verdict.FAIL: "h gives a hint.",
    Verdict.BLOCKED: "It is looked at as soon as what it needs passes.",
    Verdict.BROKEN: "The environment is damaged; your work may be right. R brings back the start.",
    Verdict.ERROR: "It could not be looked at; your work may be right. c looks again.",
}
"""What to do about each verdict, with the keys of the screen."""

EVIDENCE_LINES = 12
"""Lines that are shown of one piece of evidence."""


def incident(lab: Lab) -> str:
    """The incident, as Markdown."""
    about = lab.briefing
    messages = [f"> **{one.kind} {one.at} {one.from_}** {' '.join(one.text.split())}" for one in about.messages]
    return "\n\n".join([f"**{about.severity.upper()}** {about.impact}", about.story, *messages])


def folded(lab: Lab) -> str:
    """The incident in one line, as Markdown."""
    return f"**{lab.briefing.severity.upper()}** {lab.briefing.impact} (`i` tells it)"


def task(lab: Lab, step: Step, states: Sequence[StepState]) -> str:
    """The task of a step, as Markdown."""
    number = [one.id for one in lab.steps].index(step.id) + 1
    done = sum(one.done for one in states)
    so_far = f", {done} done" if done else ""
    return f"**Step {number} of {len(lab.steps)}{so_far}: {step.title}**\n\n{step.task}"


def hints(step: Step, given: Sequence[tuple[str, str]], levels: int) -> str:
    """The hints that were given, as Markdown: those of this visit, or those that an earlier one had."""
    if not given:
        given = [(f"Hint {level} of 3", step.hints[level - 1]) for level in range(1, levels + 1)]
    return "\n\n".join(f"**{title}**\n\n{text}" for title, text in given)


def state_lines(status: Status, verb: str = "", trouble: str = "") -> Content:
    """How the lab stands; `verb` is at work, `trouble` is what ended the last one."""
    if verb and status.state != "running":
        return Content.assemble((f"`{verb}` is at work. ", "bold $accent"), "News (8) tells what it does.")
    if status.state == "absent":
        lines = [Content.assemble(("Not running. ", "bold"), "Press ", ("s", "bold $accent"), " to start it.")]
        lines += [_beside(status.others)] if status.others else []
    else:
        on = f" on {status.engine}" if status.engine else ""
        since = f" since {status.started.astimezone():%H:%M}" if status.started else ""
        lines = [Content.assemble((status.state.capitalize(), "bold $accent"), f"{on}{since}. ", *_gateway(status))]
    lines += [Content.styled(trouble, "$error")] if trouble else []
    lines += [Content.styled(sentence, "$warning") for sentence in status.trouble]
    if status.workspace and status.state != "absent":
        lines.append(Content.assemble(("Your files  ", QUIET), str(status.workspace.place)))
    if status.unapplied:
        lines.append(Content.styled(f"Not applied yet (a does): {', '.join(status.unapplied)}", "$warning"))
    lines += [Content.styled(f"Fault in force: {fault.title}", "$warning") for fault in status.faults]
    return Content("\n").join(lines)


def _beside(others: Sequence[str]) -> Content:
    """What else runs, and how this one takes its place."""
    if len(others) > 1:
        return Content.styled(f"{', '.join(others)} are running too.", QUIET)
    return Content.assemble((f"{others[0]} is running too; ", QUIET), ("t", "bold $accent"), (" takes it over.", QUIET))


def _gateway(status: Status) -> Iterator[str | tuple[str, str]]:
    found = next((one.url for one in status.endpoints if one.name == "gateway"), "")
    if found:
        yield ("Gateway ", QUIET)
        yield found


def check_rows(
    checks: Sequence[Check],
    reports: Mapping[str, CheckReport],
    earlier: Mapping[str, str],
    looking: set[str],
    pointed: int,
) -> list[Row]:
    """A row for each check; the one pointed at tells everything. `earlier` are verdicts of which no more is known."""
    rows = []
    for number, check in enumerate(checks):
        report = reports.get(check.id)
        verdict = report.verdict if report else Verdict(earlier[check.id]) if check.id in earlier else None
        mark, word, style = LOOKING if check.id in looking else MARKS[verdict] if verdict else UNSEEN
        title = Content.assemble(check.title, (f"  {word}" if word else "", style))
        if not check.required:
            title = Content.assemble(title, ("  not required", "$foreground 65%"))
        lines = list(_details(check, report)) if number == pointed else []
        rows.append(Row(title, mark, tuple(("", line) for line in lines), mark_style=style, blank=bool(lines)))
    return rows


def _details(check: Check, report: CheckReport | None) -> Iterator[Content]:
    """Everything that helps with a check."""
    if report is None or report.verdict is Verdict.PASS:
        yield _line("Why it matters", check.why)
        if report is not None and report.command:
            yield _line("See it yourself", report.command)
        return
    for one in report.mismatches:
        yield _line(f"expected {one.path}", one.expected)
        yield _line("actual", one.actual, "bold")
    if report.note:
        yield Content(report.note)
    named = (
        ("Why it matters", report.why if report.verdict is Verdict.FAIL else ""),
        ("Hint", report.hint),
        ("See it yourself", report.command if report.verdict is not Verdict.BLOCKED else ""),
    )
    yield from (_line(name, text) for name, text in named if text)
    for evidence in report.evidence:
        yield from _evidence(evidence.title, evidence.text.splitlines())
    yield Content.styled(ADVICE[report.verdict], QUIET)


def _evidence(title: str, lines: Sequence[str]) -> Iterator[Content]:
    yield Content.styled(f"{title}:", QUIET)
    yield from (Content(f"  {line}") for line in lines[:EVIDENCE_LINES])
    if len(lines) > EVIDENCE_LINES:
        yield Content.styled(f"  ... and {len(lines) - EVIDENCE_LINES} lines more", QUIET)


def _line(name: str, text: str, style: str = "") -> Content:
    return Content.assemble((f"{name}: ", QUIET), (" ".join(text.split()), style))


def narration(piece: news.News) -> str:
    """What is said about a piece of news, with the keys of the screen."""
    if isinstance(piece, news.StepPassed):
        return f"Step `{piece.step}` is done." if piece.next else "The lab is done: d says what to take along."
    if isinstance(piece, news.Briefed):
        return "It is up."
    if isinstance(piece, news.Reported):
        mark, word, _ = MARKS[piece.report.verdict]
        return f"{mark} {word}: {piece.report.title}"
    if isinstance(piece, news.Hinted):
        return hint_title(piece)
    return told(piece)


def hint_title(hinted: news.Hinted) -> str:
    """What kind of hint it is."""
    return "From what the system does now" if hinted.level == 0 else f"Hint {hinted.level} of 3"


def solution(shown: news.SolutionShown) -> str:
    """A solution, as Markdown."""
    parts = [shown.explain, *(f"`{path}`\n\n```diff\n{diff}\n```" for path, diff in shown.differences)]
    if shown.actions:
        parts.append("What is done:\n\n" + "\n".join(f"- `{action}`" for action in shown.actions))
    return "\n\n".join(parts)


def places(status: Status) -> str:
    """Where everything is, as Markdown."""
    lines = [f"Your files: `{status.workspace.place}`"] if status.workspace else []
    lines.append("Addresses and logins as shell variables: `source endpoints.env` there.")
    for one in status.endpoints:
        login = f", as `{one.user}` with `{one.password}`" if one.user else ""
        lines.append(f"- **{one.name}** `{one.url}` {one.what}{login}")
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:])


def debrief(lab: Lab) -> str:
    """What to take along, as Markdown."""
    about = lab.debrief
    sources = "\n".join(f"- {source.title}: {source.url}" for source in about.sources)
    parts = (
        ("What happened", about.happened),
        ("The picture to keep", about.model),
        ("It happened elsewhere", about.incident),
        ("What you can claim", lab.proves),
        ("What you can answer now", f"{len(about.questions)} questions of the quiz are about this, and due now."),
        ("Sources", sources),
    )
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in parts)
