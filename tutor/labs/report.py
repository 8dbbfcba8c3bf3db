"""What reports add up to: exit codes, plain data, advice, the table of a proof. Pure: refuses to look at anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutor.errors import Exit
from tutor.labs.verdict import CheckReport, StepReport, Verdict

ADVICE: Mapping[Verdict, str] = {
    Verdict.PASS: "",
    Verdict.FAIL: "A hint: tutor lab hint",
    Verdict.BLOCKED: "It is looked at as soon as what it needs passes.",
    Verdict.BROKEN: "The environment is damaged; your work may be right. Mend it: tutor lab start, or tutor lab reset",
    Verdict.ERROR: "It could not be looked at; your work may be right. Look again, or: tutor lab status",
}
"""What to do about each verdict."""


def exit_code(reports: Iterable[StepReport]) -> Exit:
    """What a command says to its caller: a failure is an answer, what could not be looked at is none."""
    verdicts = {one.verdict for report in reports for one in report.checks if one.required}
    if Verdict.FAIL in verdicts:
        return Exit.NO
    if verdicts & {Verdict.BROKEN, Verdict.ERROR}:
        return Exit.ENVIRONMENT
    return Exit.NO if Verdict.BLOCKED in verdicts else Exit.DONE


def counts(report: StepReport) -> dict[Verdict, int]:
    """How many checks came to each verdict, in the order of the verdicts."""
    return {verdict: sum(one.verdict is verdict for one in report.checks) for verdict in Verdict}


def headline(report: StepReport) -> str:
    """A step in one line, such as `2 of 3 checks pass, 1 fails (5 of 6 points)`."""
    found = counts(report)
    words = [f"{found[Verdict.PASS]} of {len(report.checks)} checks pass"]
    words += [_said(verdict, number) for verdict, number in found.items() if number and verdict is not Verdict.PASS]
    reached, there_are = report.points
    return f"{', '.join(words)} ({reached} of {there_are} points)"


def _said(verdict: Verdict, number: int) -> str:
    one, many = {
        Verdict.FAIL: ("fails", "fail"),
        Verdict.BLOCKED: ("is blocked", "are blocked"),
        Verdict.BROKEN: ("is broken", "are broken"),
        Verdict.ERROR: ("could not be looked at", "could not be looked at"),
    }[verdict]
    return f"{number} {one if number == 1 else many}"


def plain(report: StepReport) -> dict[str, Any]:
    """A step as plain data, for `--json`. Captured values stay out: they may be tokens."""
    reached, there_are = report.points
    return {
        "step": report.step,
        "passed": report.passed,
        "points": {"reached": reached, "of": there_are},
        "checks": [_check(one) for one in report.checks],
    }


def _check(report: CheckReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "title": report.title,
        "verdict": report.verdict.value,
        "required": report.required,
        "points": report.points,
        "mismatches": [{"path": one.path, "expected": one.expected, "actual": one.actual} for one in report.mismatches],
        "note": report.note,
        "why": report.why,
        "command": report.command,
        "shown": report.shown,
        "hint": report.hint,
        "evidence": [{"title": one.title, "text": one.text} for one in report.evidence],
        "captured": sorted(report.captured),
        "looks": report.looks,
        "seconds": round(report.seconds, 3),
        "probe_seconds": round(report.probe_seconds, 3),
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One lab, proved on one engine. None: that was not come to. Pairs are how many held, of how many."""

    lab: str
    engine: str
    shipped: bool | None = None
    solved: bool | None = None
    twice: bool | None = None
    killed: bool | None = None
    reset: bool | None = None
    wrong: tuple[int, int] | None = None
    alternatives: tuple[int, int] | None = None
    clean: bool | None = None
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    tries: int = 1
    before: tuple[str, ...] = ()
    """What was wrong in tries before this one."""

    @property
    def proved(self) -> bool:
        """True when all of it holds."""
        whole = (self.shipped, self.solved, self.twice, self.killed, self.reset, self.clean)
        pairs = (self.wrong, self.alternatives)
        return all(whole) and all(pair is not None and pair[0] == pair[1] for pair in pairs) and not self.problems


COLUMNS = (
    "lab", "engine", "as shipped", "solved", "twice", "killed", "reset", "wrong red", "alternatives", "residue",
    "seconds", "tries",
)  # fmt: skip


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of text, each problem below its row."""
    cells = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    found = [lines[0], "-" * max(map(len, lines))]
    for row, line in zip(rows, lines[1:], strict=True):
        found += [line, *(f"    {problem}" for problem in row.problems)]
        found += [f"    before: {problem}" for problem in row.before]
    return found


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.lab, row.engine, _word(row.shipped, "red"), _word(row.solved, "green"), _word(row.twice, "same"),
        _word(row.killed, "no blame"), _word(row.reset, "same"), _pair(row.wrong), _pair(row.alternatives),
        _word(row.clean, "none"), f"{row.seconds:.0f}", str(row.tries),
    )  # fmt: skip


def _word(holds: bool | None, word: str) -> str:
    return "-" if holds is None else word if holds else "NO"


def _pair(pair: tuple[int, int] | None) -> str:
    return "-" if pair is None else f"{pair[0]}/{pair[1]}"
