"""The only door to py-fsrs: FSRS-6 with its published default weights. Refuses randomness, so that a replay of the
same reviews always gives the same memory (interval fuzz is off).

One learning step of ten minutes: a miss comes back within the sitting, a first success goes straight to days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import fsrs

from tutor.schedule.memory import Memory, Rating

STEP = timedelta(minutes=10)


class Scheduler:
    """Folds reviews into memories. `retention` is the recall probability at which a question becomes due."""

    def __init__(self, retention: float = 0.9) -> None:
        self._fsrs = fsrs.Scheduler(
            desired_retention=retention, learning_steps=(STEP,), relearning_steps=(STEP,), enable_fuzzing=False
        )

    def after(self, memory: Memory | None, rating: Rating, at: datetime) -> Memory:
        """The memory after one more review at `at` (UTC). `memory` is None for a first review.

        A review dated before the last one means that the clock was ahead then: no time has passed, and the newest
        reading is the one to trust, or the question would stay due in the future.
        """
        if memory and at < memory.last:
            memory = replace(memory, last=at)
        card, _ = self._fsrs.review_card(_card(memory), fsrs.Rating(int(rating)), at)
        forgot = rating is Rating.AGAIN and memory is not None and not memory.learning
        return Memory(
            step=card.step,
            relearning=card.state is fsrs.State.Relearning,
            stability=card.stability or 0.0,
            difficulty=card.difficulty or 0.0,
            due=card.due,
            last=at,
            reviews=(memory.reviews if memory else 0) + 1,
            lapses=(memory.lapses if memory else 0) + forgot,
        )

    def fold(self, reviews: Iterable[tuple[Rating, datetime]]) -> Memory | None:
        """The memory after all `reviews`, oldest first; None when there are none."""
        memory: Memory | None = None
        for rating, at in reviews:
            memory = self.after(memory, rating, at)
        return memory

    def recall(self, memory: Memory, at: datetime) -> float:
        """Predicted probability of recall at `at`, in whole days since the last review as FSRS counts them."""
        return float(self._fsrs.get_card_retrievability(_card(memory), at))


class _Card(fsrs.Card):
    """Made for one review only, so that the copy which fsrs takes of it would cost a fifth of a fold for nothing."""

    def __copy__(self) -> _Card:
        return self


def _card(memory: Memory | None) -> fsrs.Card:
    if memory is None:
        return _Card(card_id=0)
    if memory.step is None:
        state = fsrs.State.Review
    else:
        state = fsrs.State.Relearning if memory.relearning else fsrs.State.Learning
    return _Card(
        card_id=0,
        state=state,
        step=memory.step,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=memory.due,
        last_review=memory.last,
    )
