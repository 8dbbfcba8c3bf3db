"""A sitting: wrong ones come back, left-out ones do not, undo restores, and a replay gives the same state."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.core import made
from tutor.schedule.memory import Rating
from tutor.study.session import COME_BACK_AFTER, MAX_RETURNS, Session, arrange

OPTIONS = [{"text": f"o{n}", "why": "w", "correct": n == 0} for n in range(5)]
SINGLE = made(kind="single", options=OPTIONS)
KEPT = made(kind="single", options=OPTIONS, keep_order=True)
ORDER = made(kind="order", sequence=[["a", "b"], "c", "d"])
MATCH = made(kind="match", pairs=[{"left": f"l{n}", "right": f"r{n}"} for n in range(3)], decoys=["x"])
OPEN = made(
    kind="open", model_answer="m", key_points=[{"id": f"k{n}", "text": "t", "phrases": ["p"]} for n in range(3)]
)


def test_a_miss_comes_back_after_four_others() -> None:
    """A missed question returns behind the next four, or at the end of a short queue."""
    session = Session("s", list("abcdefg"))
    session.rate("a", Rating.AGAIN)
    assert session.pending == ["b", "c", "d", "e", "a", "f", "g"]
    assert (session.coming_again, session.asked, session.total) == (1, 1, 8)
    assert COME_BACK_AFTER == 4
    short = Session("s", ["a", "b"])
    short.rate("a", Rating.AGAIN)
    assert short.pending == ["b", "a"]


def test_a_question_comes_back_three_times_at_most() -> None:
    """Missed again and again, it is asked once and three times more."""
    session = Session("s", ["a"])
    while session.current:
        session.rate("a", Rating.AGAIN)
    assert session.asked == 1 + MAX_RETURNS == 4


def test_a_question_left_out_after_its_miss_stays_out() -> None:
    """Undo back to a question that was skipped on its return: missed once more, it is not brought back."""
    session = Session("s", ["a", "b"])
    session.rate("a", Rating.AGAIN)
    session.rate("b", Rating.GOOD)
    session.leave_out("a")
    assert session.current is None
    assert (session.undo(), session.undo()) == ("b", "a")
    session.rate("a", Rating.AGAIN)
    assert session.pending == ["b"]


def test_rating_another_question_is_refused() -> None:
    """Only the current question can be rated."""
    with pytest.raises(ValueError, match="not the current"):
        Session("s", ["a", "b"]).rate("b", Rating.GOOD)


def test_undo_at_the_start_is_nothing() -> None:
    """There is nothing to take back before the first rating."""
    session = Session("s", ["a"])
    assert session.undo() is None
    assert session.current == "a"


@given(st.text(min_size=1, max_size=12))
def test_arrangements_are_stable_and_never_give_an_order_away(seed: str) -> None:
    """One seed, one arrangement; each a permutation; an order question never starts in a right order."""
    for question, count in ((SINGLE, 5), (ORDER, 4), (MATCH, 4), (OPEN, 0)):
        places = arrange(question, seed)
        assert places == arrange(question, seed)
        assert sorted(places) == list(range(count))
    assert arrange(KEPT, seed) == (0, 1, 2, 3, 4)
    assert list(arrange(ORDER, seed))[2:] != [2, 3]


def test_arrangements_differ_between_sittings_and_returns() -> None:
    """Places cannot be learned by heart: another sitting, or another asking in one, shuffles anew."""
    one = Session("s1", ["q"])
    first = one.arrange(SINGLE)
    one.rate("q", Rating.AGAIN)
    assert len({first, one.arrange(SINGLE), *(Session(f"t{n}", []).arrange(SINGLE) for n in range(20))}) > 5
    one.undo()
    assert one.arrange(SINGLE) == first


class Sitting(RuleBasedStateMachine):
    """Any rating, skip and undo, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session("s", list("abcdef"))
        self.before: list[Any] = []
        self.done: list[tuple[str, Any]] = []
        self.undone_to: set[str] = set()

    def _play(self, verb: str, *args: Any) -> None:
        getattr(self.session, verb)(*args)
        self.done.append((verb, args))

    @precondition(lambda self: self.session.current)
    @rule(rating=st.sampled_from(Rating))
    def rate(self, rating: Rating) -> None:
        """Rate the current question."""
        self.before.append((list(self.session.pending), deepcopy(self.session.rated)))
        self.undone_to.discard(self.session.current or "")
        self._play("rate", self.session.current, rating)

    @precondition(lambda self: self.session.current)
    @rule()
    def skip(self) -> None:
        """Skip the current question."""
        self.undone_to.discard(self.session.current or "")
        self._play("leave_out", self.session.current)

    @rule()
    def undo(self) -> None:
        """Take the last rating back; all is as before it, but for what was skipped since."""
        self._play("undo")
        if not self.before:
            return
        pending, rated = self.before.pop()
        out = set(self.session.skipped) - {pending[0]}
        assert self.session.pending == [question for question in pending if question not in out]
        assert self.session.rated == rated
        self.undone_to.add(pending[0])

    @invariant()
    def left_out_stays_out(self) -> None:
        """A question that was left out is current only when its own rating was taken back."""
        out = set(self.session.skipped) & set(self.session.pending)
        assert out <= self.undone_to

    @invariant()
    def replay_gives_the_same(self) -> None:
        """The same calls on a new sitting lead to the same state."""
        other = Session("s", list("abcdef"))
        for verb, args in self.done:
            getattr(other, verb)(*args)
        assert other == self.session

    @invariant()
    def returns_are_bounded(self) -> None:
        """No question is missed more than four times in a sitting, unless ratings were taken back."""
        assert all(ratings.count(Rating.AGAIN) <= 1 + MAX_RETURNS for ratings in self.session.rated.values())


TestSitting = Sitting.TestCase
