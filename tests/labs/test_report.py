"""What reports add up to, for callers, machines and people."""

from __future__ import annotations

import json

import pytest

from tutor.errors import Exit
from tutor.labs.report import ADVICE, Row, exit_code, headline, plain
from tutor.labs.verdict import CheckReport, Evidence, Mismatch, StepReport, Verdict


def _step(*verdicts: str, required: bool = True) -> StepReport:
    checks = [CheckReport(f"c{at}", "T", Verdict(one), required=required) for at, one in enumerate(verdicts)]
    return StepReport("step", tuple(checks))


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (("pass", "pass"), Exit.DONE),
        (("pass", "fail"), Exit.NO),
        (("fail", "error", "broken"), Exit.NO),
        (("pass", "error"), Exit.ENVIRONMENT),
        (("broken", "blocked"), Exit.ENVIRONMENT),
        (("pass", "blocked"), Exit.NO),
    ],
)
def test_the_exit_code_tells_a_failure_from_what_could_not_be_looked_at(verdicts: tuple[str, ...], code: Exit) -> None:
    """One means that the work is not done, four that nobody knows."""
    assert exit_code([_step("pass"), _step(*verdicts)]) is code


def test_checks_that_are_not_required_change_no_exit_code() -> None:
    """They are shown, and cost points."""
    step = _step("fail", "error", required=False)
    assert (exit_code([step]), step.passed, step.points) == (Exit.DONE, True, (0, 2))


def test_a_step_is_one_line() -> None:
    """Each verdict that occurs, in words."""
    assert headline(_step("pass", "pass")) == "2 of 2 checks pass (2 of 2 points)"
    said = headline(_step("pass", "fail", "fail", "blocked", "broken", "error"))
    assert said == "1 of 6 checks pass, 2 fail, 1 is blocked, 1 is broken, 1 could not be looked at (1 of 6 points)"


def test_a_report_is_plain_data_without_captured_values() -> None:
    """What was captured may be a token; that it was, is no secret."""
    check = CheckReport(
        "c", "T", Verdict.FAIL, (Mismatch("status", "200", "500"),), "note", "why", "curl", "HTTP 500", "hint",
        (Evidence("log", "text"),), {"token": "secret"}, 2, True, 3, 1.23456, 0.5,
    )  # fmt: skip
    found = plain(StepReport("step", (check,)))
    assert "secret" not in json.dumps(found)
    assert found["checks"][0]["captured"] == ["token"]
    assert found["checks"][0]["mismatches"] == [{"path": "status", "expected": "200", "actual": "500"}]
    assert (found["passed"], found["points"]) == (False, {"reached": 0, "of": 2})


def test_there_is_advice_for_each_verdict() -> None:
    """What to do, and whether it says anything about the work."""
    assert set(ADVICE) == set(Verdict)
    for verdict in (Verdict.BROKEN, Verdict.ERROR):
        assert "your work may be right" in ADVICE[verdict]


def test_a_row_is_proved_only_when_all_of_it_holds() -> None:
    """What was not come to does not count as proved."""
    whole = Row("lab", "docker", True, True, True, True, True, (2, 2), (0, 0), True)
    assert whole.proved
    assert not Row("lab", "docker").proved
    assert not Row("lab", "docker", True, True, True, True, True, (1, 2), (0, 0), True).proved
    assert not Row("lab", "docker", True, True, True, True, True, (2, 2), (0, 0), True, problems=("x",)).proved
