"""Prints what a verb of a lab tells: verdicts on stdout, narration on stderr. Refuses to decide anything."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from tutor.cli.prose import plain as prose
from tutor.cli.render import say, say_json, tell, width
from tutor.errors import Exit
from tutor.labs import news
from tutor.labs.report import ADVICE, exit_code, plain
from tutor.labs.telling import told
from tutor.labs.verdict import CheckReport, StepReport, Verdict

MARKS = {
    Verdict.PASS: "[pass]",
    Verdict.FAIL: "[FAIL]",
    Verdict.BLOCKED: "[blocked]",
    Verdict.BROKEN: "[BROKEN]",
    Verdict.ERROR: "[ERROR]",
}


class Printer:
    """One verb's output."""

    def __init__(self, json: bool = False) -> None:
        self._json = json
        self._steps: list[StepReport] = []
        self._last = ""

    def show(self, piece: news.News) -> None:
        """Print one piece of news."""
        if isinstance(piece, news.Reported):
            if not self._json:
                say(verdict(piece.report))
            return
        if isinstance(piece, news.Checked):
            self._steps.append(piece.step)
        text = narration(piece)
        if text and text != self._last:
            tell(text)
            self._last = text

    def end(self) -> Exit:
        """Nothing more will come; the exit code that it deserves."""
        if self._json:
            say_json([plain(step) for step in self._steps])
        return exit_code(self._steps)


def narration(piece: news.News) -> str:
    """What is said about a piece of news that is no verdict; nothing about most of them."""
    said = _WORDS.get(type(piece))
    return said(piece) if said else told(piece)


def verdict(report: CheckReport, short: bool = False) -> str:
    """A verdict, and everything that helps with one that is no pass; one line when it is to be `short`."""
    lines = [f"{MARKS[report.verdict]:<9} {report.title}"]
    if report.verdict is Verdict.PASS or short:
        return lines[0]
    lines += [f"    expected {one.path}: {one.expected}\n    actual   {one.actual}" for one in report.mismatches]
    lines += _indented(report.note, ADVICE[report.verdict] if report.verdict is not Verdict.FAIL else "")
    if report.verdict is Verdict.FAIL:
        lines += _indented(report.why and f"Why it matters: {report.why}")
    lines += _indented(report.hint and f"Hint: {report.hint}")
    if report.command and report.verdict is not Verdict.BLOCKED:
        lines.append(f"    See it yourself: {report.command}")
    for evidence in report.evidence:
        lines += [f"    {evidence.title}:", textwrap.indent(evidence.text, "      ")]
    return "\n".join(lines)


def _indented(*texts: str) -> list[str]:
    wrapped = [textwrap.wrap(" ".join(text.split()), width() - 4) for text in texts if text]
    return [f"    {line}" for lines in wrapped for line in lines]


def _passed(piece: Any) -> str:
    if piece.next:
        return f"Step `{piece.step}` is done. The next: tutor lab task"
    return "The lab is done. What to take along: tutor lab debrief"


def _briefed(piece: Any) -> str:
    pages = [one for one in piece.endpoints if one.url.startswith("http")]
    wide = max((len(one.name) for one in pages), default=0)
    places = "\n".join(f"  {one.name:<{wide}}  {one.url}" for one in pages)
    return f"Your files: {piece.workspace}\nAddresses and logins as shell variables: endpoints.env there\n{places}"


def _hinted(piece: Any) -> str:
    kind = "From what the system does now" if piece.level == 0 else f"Hint {piece.level} of 3"
    more = "" if piece.more else "\nThe next help is the solution: tutor lab solution"
    return f"{kind}:\n{prose(piece.text)}{more}"


def _solution(piece: Any) -> str:
    parts = [prose(piece.explain), *(f"--- {path}\n{diff}" for path, diff in piece.differences)]
    if piece.actions:
        parts.append("What is done:\n" + "\n".join(f"  {action}" for action in piece.actions))
    return "\n\n".join(parts)


_WORDS: dict[type, Callable[[Any], str]] = {
    news.StepPassed: _passed,
    news.Briefed: _briefed,
    news.Hinted: _hinted,
    news.SolutionShown: _solution,
}
