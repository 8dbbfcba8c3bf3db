"""Turns what was seen of a check, and what it means, into its report: captures, the hint for this very state, log
lines, the trace. Refuses to fail itself: what cannot be collected is said in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from tutor.errors import MachineError
from tutor.labs import matching
from tutor.labs.check import CannotLook, Check, Collect
from tutor.labs.judging import Judgement
from tutor.labs.looking import Sight
from tutor.labs.matching import MISSING
from tutor.labs.reach import Reach
from tutor.labs.telling import log_line
from tutor.labs.verdict import CheckReport, Evidence, Mismatch, Verdict

MAX_TEXT = 20_000
"""Characters of one piece of evidence; of a longer one the end is shown, where the error is."""

Traces = Callable[[Reach, str], Awaitable[str]]
"""The trace of that id as text."""


def capture(check: Check, sight: Sight) -> dict[str, Any]:
    """What later checks may name. What is not there makes this check fail: those that need it could never hold."""
    found: dict[str, Any] = {}
    if not sight.holds or sight.seen is None:
        return found
    for name, path in check.capture.items():
        value = matching.pick(sight.seen.values, path)
        if value is MISSING:
            sight.holds = False
            sight.mismatches.append(Mismatch(path, f"there, as later checks need it as ${{{name}}}", "not there"))
        found[name] = value
    return found if sight.holds else {}


async def conclude(
    check: Check, sight: Sight, judgement: Judgement, reach: Reach, since: datetime, traces: Traces | None
) -> CheckReport:
    """The report of a check that was looked at."""
    failed, hiding = judgement.verdict is Verdict.FAIL, reach.hiding()
    evidence = judgement.evidence
    if judgement.verdict in (Verdict.FAIL, Verdict.BROKEN):
        evidence += await _collected(check, sight, reach, since, traces)
    return CheckReport(
        id=check.id,
        title=check.title,
        verdict=judgement.verdict,
        mismatches=tuple(replace(one, actual=hiding.text(one.actual)) for one in sight.mismatches) if failed else (),
        note=judgement.note or (_note(check, sight) if failed else ""),
        why=check.why,
        command=sight.seen.command if sight.seen else "",
        shown=sight.seen.shown if sight.seen and failed else "",
        hint=_hint(check, sight, reach) if failed else "",
        evidence=evidence,
        points=check.points,
        required=check.required,
        looks=sight.looks,
        seconds=sight.ended - sight.began,
        probe_seconds=sight.probe_seconds,
    )


def unseen(check: Check, judgement: Judgement) -> CheckReport:
    """The report of a check that was not looked at."""
    return CheckReport(
        id=check.id,
        title=check.title,
        verdict=judgement.verdict,
        note=judgement.note,
        why=check.why,
        points=check.points,
        required=check.required,
    )


def _note(check: Check, sight: Sight) -> str:
    """How long was looked, where that matters."""
    took = f"{sight.ended - sight.began:.1f} s"
    if sight.stopped:
        return "in this state it cannot come true any more, so nothing was waited for"
    if check.eventually is not None and sight.looks > 1:
        return f"not within {check.eventually.within}, in {sight.looks} looks"
    if check.consistently is not None:
        return f"it has to hold for {check.consistently.for_}, and did not after {took}"
    if check.never is not None:
        return f"it must not happen within {check.never.for_}, and did after {took}"
    return ""


def _hint(check: Check, sight: Sight, reach: Reach) -> str:
    """What the lab says about a state like this, or nothing."""
    for hint in check.hint_if if sight.seen is not None else ():
        try:
            when = reach.filled(hint.when)
        except CannotLook:
            continue
        if sight.seen is not None and not matching.compare(when, sight.seen.values):
            return hint.say
    return ""


async def _collected(
    check: Check, sight: Sight, reach: Reach, since: datetime, traces: Traces | None
) -> tuple[Evidence, ...]:
    """What the check wants to have collected when it fails."""
    wanted = check.on_fail.collect if check.on_fail else ()
    found = [await _one(one, sight, reach, since, traces) for one in wanted]
    return tuple(one for one in found if one is not None)


async def _one(wanted: Collect, sight: Sight, reach: Reach, since: datetime, traces: Traces | None) -> Evidence | None:
    title = f"log of {wanted.logs}" if wanted.logs else "trace of the request"
    try:
        if wanted.logs:
            lines = await asyncio.to_thread(reach.engine.logs, wanted.logs, since, wanted.lines)
            text = "\n".join(map(log_line, lines)) or "(it has written nothing since)"
        elif sight.seen is not None and sight.seen.trace and traces is not None:
            text = await traces(reach, sight.seen.trace)
        else:
            return None
    except (CannotLook, MachineError) as error:
        text = f"(could not be collected: {error})"
    text = reach.hiding().text(text)
    return Evidence(title, text if len(text) <= MAX_TEXT else f"... {text[-MAX_TEXT:]}")
