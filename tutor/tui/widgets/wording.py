"""Numbers in words: durations, clocks, counts, bars. Refuses to know what they measure."""

from __future__ import annotations

from datetime import timedelta

from tutor.tui.widgets.marks import EMPTY, FULL


def in_words(wait: timedelta) -> str:
    """A duration as a person says it: `10 min`, `3 h`, `2 days`, `5 weeks`, `4 months`."""
    minutes = wait.total_seconds() / 60
    if minutes < 90:
        return f"{max(1, round(minutes))} min"
    if minutes < 36 * 60:
        return f"{round(minutes / 60)} h"
    days = round(minutes / 1440)
    for limit, size, noun in ((21, 1.0, "day"), (90, 7.0, "week"), (540, 30.4, "month")):
        if days < limit:
            return counted(round(days / size), noun)
    return f"{days / 365:.1f} years"


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 question`, `2 questions`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def clock(seconds: float) -> str:
    """Minutes and seconds: `04:12`."""
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def bar(share: float, width: int) -> str:
    """A bar of `width` cells, filled to `share` (0 to 1)."""
    filled = round(max(0.0, min(1.0, share)) * width)
    return FULL * filled + EMPTY * (width - filled)
