"""Each kind of question is graded by what was given: right, wrong, in part, or not an answer at all."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import RIGHT, WRONG, made, question
from tutor.schedule.memory import Rating
from tutor.study.grading import Grade, grade, grade_points, grade_unknown, suggest

OBJECTIVE = [id_ for id_ in RIGHT if id_ != "q-open"]
ORDER = made(kind="order", sequence=["a", ["b", "c", "d"], "e"])


@pytest.mark.parametrize("id_", OBJECTIVE)
def test_right_and_wrong_are_told_apart(id_: str, tmp_path: Path) -> None:
    """Of each kind, a right answer scores 1 and a wrong one next to nothing; both are explained part by part."""
    asked = question(id_, tmp_path)
    right, wrong = grade(asked, RIGHT[id_]), grade(asked, WRONG[id_])
    assert (right.score, right.correct) == (1.0, True)
    assert all(part.ok for part in right.parts)
    assert wrong.score <= (0.225 if id_ == "q-order" else 0)
    assert not wrong.correct
    assert not all(part.ok for part in wrong.parts)


@pytest.mark.parametrize(
    ("id_", "given_", "score"),
    [
        ("q-single", [], 0.0),
        ("q-multi", [0], 0.5),
        ("q-multi", [0, 1, 2], 0.5),
        ("q-multi", [0, 2], 0.0),
        ("q-multi", [0, 1, 2, 3], 0.0),
        ("q-order", [1, 0, 2, 3, 4], 0.675),
        ("q-match", ["Stop calling what fails", "Bound the wait", ""], 1 / 3),
        ("q-cloze", ["1500", "at most once"], 0.5),
        ("q-spot", [2], 0.5),
        ("q-spot", [2, 2], 0.5),
        ("q-spot", [2, 5, 6], 0.5),
        ("q-spot", [], 0.0),
    ],
)
def test_part_of_an_answer_earns_part_of_the_score(id_: str, given_: Any, score: float, tmp_path: Path) -> None:
    """Wrong choices cost what right ones earn; nothing under 0; no partial answer is correct."""
    graded = grade(question(id_, tmp_path), given_)
    assert graded.score == pytest.approx(score)
    assert not graded.correct


@given(st.permutations([1, 2, 3]))
def test_entries_of_one_rank_may_stand_in_any_order(middle: list[int]) -> None:
    """Every permutation within a free rank is correct."""
    assert grade(ORDER, [0, *middle, 4]).correct


def test_only_permutations_within_ranks_are_correct() -> None:
    """Of all 120 orders exactly the 3! are correct, and all others score under 1."""
    graded = [grade(ORDER, list(order)) for order in permutations(range(5))]
    assert sum(one.correct for one in graded) == 6
    assert all(one.score < 1 for one in graded if not one.correct)


@pytest.mark.parametrize(
    ("id_", "given_"),
    [
        ("q-single", [3]),
        ("q-single", [-1]),
        ("q-single", [0, 1]),
        ("q-single", "0"),
        ("q-single", ["0"]),
        ("q-single", [True]),
        ("q-single", None),
        ("q-multi", [0, 4]),
        ("q-order", [0, 1, 2]),
        ("q-order", [0, 0, 1, 2, 3]),
        ("q-order", [-1, 0, 1, 2, 3]),
        ("q-order", [0, 1, 2, 3, 5]),
        ("q-match", ["Bound the wait"]),
        ("q-match", ["Bound the wait", "No such side", ""]),
        ("q-match", [0, 1, 2]),
        ("q-cloze", ["1500"]),
        ("q-cloze", [1500, "x"]),
        ("q-spot", [0]),
        ("q-spot", [7]),
        ("q-open", "text"),
    ],
)
def test_what_does_not_fit_the_question_is_refused(id_: str, given_: Any, tmp_path: Path) -> None:
    """Places that do not exist, doubles, other types and open questions raise ValueError, never pass by accident."""
    with pytest.raises(ValueError, match=r"q-|open"):
        grade(question(id_, tmp_path), given_)


@pytest.mark.parametrize("id_", RIGHT)
def test_not_knowing_is_a_miss_of_every_part(id_: str, tmp_path: Path) -> None:
    """ "I do not know" scores 0 and marks as missing all that was wanted."""
    graded = grade_unknown(question(id_, tmp_path))
    assert (graded.score, graded.correct) == (0.0, False)
    assert not any(part.ok for part in graded.parts if part.right)
    wanted = [part for part in graded.parts if not part.ok]
    assert wanted


def test_open_answers_are_weighed_by_key_point(tmp_path: Path) -> None:
    """Weights 2, 2, 1: the share of weight made is the score, from 80 % on it is correct."""
    asked = question("q-open", tmp_path)
    assert asked.kind == "open"
    shares = {("time",): 0.4, ("time", "twice"): 0.6, ("time", "peaks"): 0.8, ("no-such",): 0.0}
    assert {met: grade_points(asked, met).score for met in shares} == shares
    assert [grade_points(asked, met).correct for met in shares] == [False, False, True, False]


CORRECT, INCORRECT = Grade(1.0, True, ()), Grade(0.5, False, ())


@pytest.mark.parametrize(
    ("kind", "graded", "confidence", "seconds", "rating"),
    [
        ("single", INCORRECT, 99, 1, Rating.AGAIN),
        ("single", CORRECT, 30, 1, Rating.HARD),
        ("single", CORRECT, 50, 1, Rating.HARD),
        ("single", CORRECT, 70, 1, Rating.GOOD),
        ("single", CORRECT, 90, 1, Rating.GOOD),
        ("single", CORRECT, 99, 18, Rating.EASY),
        ("single", CORRECT, 99, 18.1, Rating.GOOD),
        ("single", CORRECT, 99, 90.1, Rating.HARD),
        ("single", CORRECT, 70, 90, Rating.GOOD),
        ("single", CORRECT, 0, 1, Rating.HARD),
        ("open", Grade(0.49, False, ()), 99, 1, Rating.AGAIN),
        ("open", Grade(0.5, False, ()), 99, 1, Rating.HARD),
        ("open", Grade(0.8, True, ()), 99, 1, Rating.GOOD),
        ("open", Grade(1.0, True, ()), 90, 1, Rating.GOOD),
        ("open", Grade(1.0, True, ()), 99, 9999, Rating.EASY),
    ],
)
def test_suggested_ratings(kind: str, graded: Grade, confidence: int, seconds: float, rating: Rating) -> None:
    """A miss is Again; an unsure or slow success is Hard; a swift sure one Easy. Reading takes 10 seconds here."""
    assert suggest(kind, graded, confidence, seconds, 10.0) is rating
