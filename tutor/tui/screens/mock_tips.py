"""A tip in two halves: what helps before an answer, and how well it can be said, after it. Refuses to mix them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.errors import UsageError

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.models.pack import Tip


def tip_of(coach: Coach, id_: str) -> Tip | None:
    """A tip; None when the pack has lost it, which must not end an interview."""
    try:
        return coach.library.tip(id_)
    except UsageError:
        return None


def opening_tip(coach: Coach) -> Tip | None:
    """The tip for the moment at which an interview opens."""
    tips = [tip for tip in (tip_of(coach, id_) for id_ in coach.index.tips) if tip]
    return next((tip for moment in ("opening", "clarify") for tip in tips if tip.moment == moment), None)


def tip_markdown(tip: Tip) -> str:
    """The advice and the weak example; the good one would give the answer away."""
    return f"**Tip: {tip.title}.** {tip.text.strip()}\n\n**Weak:** {tip.weak.strip()}"


def example_markdown(tip: Tip) -> str:
    """The good example, for after the answer."""
    return f"**Tip: {tip.title}.** A good example: {tip.good.strip()}"
