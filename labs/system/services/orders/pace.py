"""How long an order may take, and how long to wait before a step is asked for again.  Pure.

Refuses to ask without pause: a participant that is down gets fewer requests with each attempt, not more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_FIRST = 15.0
_LONGEST = 300.0


@dataclass(frozen=True)
class Pace:
    """Times of a saga.  With a short deadline the steps are asked for more often, so that several fit into it."""

    deadline: timedelta

    def pause(self, attempts: int) -> timedelta:
        """The wait after this many repeats: doubling, with an upper limit, for as long as it takes."""
        first = min(_FIRST, self.deadline.total_seconds() / 4)
        return timedelta(seconds=min(first * 2 ** min(attempts, 16), _LONGEST))
