"""News of a lab in words, the same on every face. Refuses to wrap, color and print, and to name keys or commands of a
face: what depends on those a face says itself.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from tutor.labs import news
from tutor.labs.engine.base import LogLine, Obstacle, Progress
from tutor.labs.report import headline


def told(piece: news.News) -> str:
    """What is said about a piece of news; nothing about verdicts, hints and solutions, which are shown, not said."""
    said = _WORDS.get(type(piece))
    return said(piece) if said else ""


_IDS = {"trace": "trace_id", "correlation": "correlation_id"}
"""What finds the other lines of the same request, by the name that it has in a line."""


def log_line(line: LogLine) -> str:
    """One line of a log: time, instance, and the message of a JSON line with what was raised, or the line itself."""
    at = f"{line.at.astimezone():%H:%M:%S.%f}"[:12] if line.at else "-" * 12
    fields = line.fields
    if not fields:
        return f"{at} {line.instance}: {line.text}"
    level = str(fields.get("level", ""))
    text = str(fields.get("message") or fields.get("msg") or fields.get("event") or line.text)
    raised = str(fields.get("exception") or "").strip().splitlines()
    text += f" [{raised[-1]}]" if raised else ""
    ids = "".join(f" {name}={fields[key]}" for name, key in _IDS.items() if fields.get(key))
    return f"{at} {line.instance} {level}: {text}{ids}"


def _progress(piece: Any) -> str:
    count = f" ({piece.done}/{piece.of})" if piece.of else ""
    return f"{piece.phase}: {piece.text}{count}"


def _applied(piece: Any) -> str:
    if not piece.files:
        return "Nothing has changed since the system last looked."
    restarted = f"; restarted: {', '.join(piece.parts)}" if piece.parts else ""
    return f"Applied: {', '.join(piece.files)}{restarted}"


def _died(piece: Any) -> str:
    shown = "\n".join(textwrap.indent(one.text, "  ") for one in piece.evidence)
    return f"{piece.sentence}\n{shown}".rstrip()


def _reset(piece: Any) -> str:
    kept = f" Your files as they were: {piece.backup}" if piece.backup else ""
    return f"`{piece.lab}` is as it was shipped.{kept}"


def _stopped(piece: Any) -> str:
    kept = f" Your files are kept: {piece.workspace}" if piece.workspace else ""
    return f"`{piece.lab}` is stopped; nothing of it runs.{kept}"


_WORDS: dict[type, Callable[[Any], str]] = {
    Progress: _progress,
    Obstacle: lambda piece: f"{piece.what} {piece.remedy}",
    news.Said: lambda piece: piece.text,
    news.Faulted: lambda piece: f"{'Fault' if piece.on else 'Undone'}: {piece.title}",
    news.Checked: lambda piece: f"{headline(piece.step)}.",
    news.Misspelt: lambda piece: str(piece.problem),
    news.Applied: _applied,
    news.Died: _died,
    news.Performed: lambda piece: f"Done for you: {piece.text}",
    news.ResetDone: _reset,
    news.Stopped: _stopped,
}
