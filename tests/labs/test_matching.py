"""Matching tells what holds and what does not, of anything that a look may bring back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.labs import matching
from tutor.labs.matching import MISSING, check, match, pick

NUMBERS = st.integers(-10_000, 10_000) | st.floats(allow_nan=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
STRANGE = (
    st.just(MISSING)
    | st.binary(max_size=4)
    | st.datetimes()
    | st.decimals(allow_nan=False)
    | st.floats(allow_nan=True)
    | st.integers()
    | st.just(10**400)
    | st.sets(st.integers(), max_size=3)
    | st.tuples(st.integers(), st.text(max_size=3))
)
ACTUAL = JSON | STRANGE | st.lists(STRANGE, max_size=3) | st.dictionaries(st.text(max_size=4), STRANGE, max_size=3)

PLAIN = SCALARS | st.lists(SCALARS, max_size=3)
PATTERNS = st.sampled_from(["^a", "[0-9]+", "x|y", "order\\.", "."])
TEXT = st.text(min_size=1, max_size=4)
RANKED = NUMBERS | st.text(max_size=4)


def _mappings(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Matchers with arguments of the right kind, and objects, around these expectations."""
    many = st.lists(inner, min_size=1, max_size=3)
    objects = st.dictionaries(st.text(max_size=8), inner, min_size=1, max_size=3)
    arguments: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("contains", "len", "not", "each", "delta"), inner),
        **dict.fromkeys(("contains_all", "consist_of", "all", "any"), many),
        **dict.fromkeys(("gt", "ge", "lt", "le"), RANKED),
        **dict.fromkeys(("exists", "absent", "empty"), st.booleans()),
        **dict.fromkeys(("starts_with", "ends_with"), TEXT),
        "eq": JSON,
        "ne": JSON,
        "in": st.lists(JSON, min_size=1, max_size=3),
        "between": st.lists(NUMBERS, min_size=2, max_size=2),
        "matches": PATTERNS,
        "type": st.sampled_from(["text", "number", "boolean", "list", "object", "nothing"]),
        "has": objects,
    }
    assert arguments.keys() == matching.MATCHERS.keys()
    single = st.one_of([st.fixed_dictionaries({name: argument}) for name, argument in arguments.items()])
    pairs = st.tuples(single, single).map(lambda two: two[0] | two[1])
    return st.one_of(single, pairs, objects.filter(lambda one: not matching.is_matcher(one)))


EXPECTATIONS = st.recursive(PLAIN, _mappings, max_leaves=6)


@given(JSON)
def test_everything_equals_itself(value: Any) -> None:
    """Any JSON value matches itself under `eq`, and never under `ne`."""
    assert match({"eq": value}, value) == []
    assert match({"ne": value}, value)


@given(EXPECTATIONS, ACTUAL)
def test_not_not_is_the_thing_itself(expected: Any, actual: Any) -> None:
    """`not` turns a verdict around, and twice brings it back."""
    holds = not match(expected, actual)
    assert (not match({"not": expected}, actual)) is not holds
    assert (not match({"not": {"not": expected}}, actual)) is holds


@given(EXPECTATIONS, ACTUAL, ACTUAL)
def test_what_may_be_expected_can_be_compared_with_anything(expected: Any, actual: Any, base: Any) -> None:
    """An expectation that `check` accepts is compared with whatever was seen, and every mismatch can be shown."""
    check(expected)
    for mismatch in match(expected, actual, "value", base):
        assert mismatch.path.startswith("value")
        assert len(mismatch.actual) <= 2 * matching.SHOWN + 10


@given(ACTUAL)
def test_anything_can_be_judged_by_any_argument_that_passes(argument: Any) -> None:
    """Whatever is written after a matcher is either refused by `check`, or works."""
    for name in matching.MATCHERS:
        try:
            check({name: argument})
        except ValueError:
            continue
        match({name: argument}, argument, "value", argument)
        match({name: argument}, [argument], "value", MISSING)


@given(EXPECTATIONS, JSON)
def test_any_and_all_are_or_and_and(expected: Any, actual: Any) -> None:
    """`any` holds when one does, `all` when each does."""
    one, other = not match(expected, actual), not match({"type": "list"}, actual)
    assert (not match({"any": [expected, {"type": "list"}]}, actual)) is (one or other)
    assert (not match({"all": [expected, {"type": "list"}]}, actual)) is (one and other)


@given(st.lists(JSON, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_does_not_matter_to_consist_of(values: list[Any], random: Any) -> None:
    """A list consists of its own entries in any order, and of no entry less."""
    shuffled = random.sample(values, len(values))
    assert match({"consist_of": [{"eq": value} for value in shuffled]}, values) == []
    assert match({"consist_of": [{"eq": value} for value in shuffled]}, values[1:])


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"consist_of": [{"type": "number"}, 5]}, [5, 6]),  # a greedy choice would give 5 away
        ({"http.route": "/orders"}, {"http.route": "/orders"}),
        ({"http.route": "/orders"}, {"http": {"route": "/orders"}}),
        ({"items[0].id": 7}, {"items": [{"id": 7}]}),
        ({"has": {"type": "topic"}}, {"type": "topic", "durable": True}),
        ({"contains": {"id": 2}}, [{"id": 1, "a": 1}, {"id": 2, "a": 2}]),
        ({"len": {"ge": 2}}, "ab"),
        ({"gt": "2024-01-01"}, "2024-01-02"),
    ],
)
def test_it_holds(expected: Any, actual: Any) -> None:
    """What a lab's author means by these is what they say."""
    check(expected)
    assert match(expected, actual) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, True),
        ([0], [False]),
        ({"eq": {"a": 1}}, {"a": True}),
        ({"each": {"gt": 0}}, []),  # what holds for all of nothing is no evidence
        ({"gt": 5}, "7"),
        ({"type": "number"}, True),
        ({"exists": True}, MISSING),
        ({"empty": True}, MISSING),
        (None, MISSING),
    ],
)
def test_it_does_not_hold(expected: Any, actual: Any) -> None:
    """Nothing passes because Python or logic is generous."""
    check(expected)
    assert match(expected, actual)


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        ({}, "asserts nothing"),
        ({"contains": {}}, "asserts nothing"),
        ({"any": [{"len": {}}]}, "asserts nothing"),
        ({"any": []}, "a list with at least one entry"),
        ({"gt": [1]}, "a number or some text"),
        ({"between": [1]}, "two numbers"),
        ({"type": ["text"]}, "one of text, number"),
        ({"matches": "("}, "a regular expression, and this is none"),
        ({"has": 5}, "an object"),
        ({"exists": "yes"}, "true or false"),
    ],
)
def test_what_asserts_nothing_is_refused(expected: Any, says: str) -> None:
    """A mistake in an expectation is named before anything is compared."""
    with pytest.raises(ValueError, match=says):
        check({"deep": expected} if expected else expected)


def test_a_variable_may_stand_for_any_argument() -> None:
    """What is known only when the lab runs is no mistake; `${...}` may stand for a list or a number."""
    for expected in ({"contains_all": "${ids}"}, {"between": ["${low}", 5]}, {"gt": "${p95}"}):
        check(expected)


def test_delta_is_the_change_since_the_start() -> None:
    """`delta` compares with the same value at the start, also for lengths and inside of objects."""
    assert match({"delta": 2}, 7, "count", 5) == []
    assert match({"len": {"delta": 1}}, ["a", "b"], "rows", ["a"]) == []
    assert match({"row": {"stock": {"delta": -1}}}, {"row": {"stock": 4}}, "", {"row": {"stock": 5}}) == []
    assert match({"delta": 2}, 7, "count", MISSING)[0].expected == "a number, now and when the lab started"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("items[0].id", 1),
        ("$.items[-1].id", 2),
        ("items[*].id", [1, 2]),
        ("items[*].at.hour", []),
        ("items[9].id", MISSING),
        ("items.id", MISSING),
        ("nothing", None),
    ],
)
def test_pick_finds_what_lies_at_a_path(path: str, found: Any) -> None:
    """A path leads through objects and lists; `[*]` is all entries that have the rest of it."""
    value = {"items": [{"id": 1}, {"id": 2, "at": datetime(2026, 1, 1)}], "nothing": None}  # noqa: DTZ001
    assert pick(value, path) is found or pick(value, path) == found


def test_nothing_is_too_large_to_show() -> None:
    """A value that is nested without end, or a number of thousands of digits, does not break the report."""
    endless: list[Any] = []
    for _ in range(100_000):
        endless = [endless]
    assert match(5, endless)[0].actual == "something too large to show"
    assert match(5, 10**5000)[0].actual == "something too large to show"
