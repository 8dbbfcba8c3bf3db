"""All rules, in the order in which they are applied. Refuses to hold one itself."""

from __future__ import annotations

from tutor.labs.lint.files import copied_files, script_files, start_files, stray_files, wrong_syntax
from tutor.labs.lint.fixtures import alternatives_agree, enough_wrong, wrong_agree
from tutor.labs.lint.links import dead_links
from tutor.labs.lint.sense import (
    enough_outside,
    known_parts,
    reachable_faults,
    time_budget,
    told_engines,
    tools_are_there,
    without_docker,
)
from tutor.labs.lint.subject import Rule
from tutor.labs.lint.variables import known_variables, steady_baseline
from tutor.labs.lint.words import hidden_requirements

RULES: tuple[Rule, ...] = (
    dead_links,
    start_files,
    copied_files,
    stray_files,
    script_files,
    wrong_syntax,
    enough_wrong,
    wrong_agree,
    alternatives_agree,
    enough_outside,
    known_parts,
    tools_are_there,
    reachable_faults,
    told_engines,
    without_docker,
    time_budget,
    known_variables,
    steady_baseline,
    hidden_requirements,
)
