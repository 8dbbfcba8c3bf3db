"""The list of rules. Refuses to hold any rule itself: each lives with its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tutor.content.lint.balance import kinds_and_levels, longest_is_right, right_positions, thin_topics
from tutor.content.lint.claims import taught_wrong
from tutor.content.lint.evidence import loose_ends, unsourced
from tutor.content.lint.figures import code_faults, diagram_faults, unrepaired
from tutor.content.lint.points import hidden_points, phrases_given_away
from tutor.content.lint.twins import twins
from tutor.content.lint.wording import answers_in_view, option_names, option_shapes
from tutor.content.placed import PackSource
from tutor.errors import Problem

Rule = Callable[[PackSource], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    unsourced,
    loose_ends,
    option_shapes,
    option_names,
    answers_in_view,
    twins,
    hidden_points,
    phrases_given_away,
    diagram_faults,
    code_faults,
    unrepaired,
    taught_wrong,
    longest_is_right,
    right_positions,
    thin_topics,
    kinds_and_levels,
)
