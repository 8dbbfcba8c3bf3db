"""The Markdown report holds what was said and expected, and nothing said can break out of its quotation."""

from __future__ import annotations

import re

import pytest

from tests.core import PACK, START, event
from tutor.content.library import Library
from tutor.content.models.scenario import Scenario
from tutor.interview.rubric import result
from tutor.interview.run import Run, replay
from tutor.reports.interview import interview_markdown

NASTY = "# Not a heading\n\n| not | a table |\n|---|---|\n```\nno fence\n> deeper\n"
NASTY += "{{ run }} {% x %} <script>&amp;\r\n- [x] no\n---"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The small scenario."""
    return Library(PACK, tmp_path_factory.mktemp("cache")).scenario("small-talk")


def run(script: Scenario, text: str, flags: list[str]) -> Run:
    """A run of which the first stage was answered and graded, with `text` wherever one can type."""
    events = [
        event("clarified", text=text, asked=[1]),
        event("stage-answered", stage="scope", text=text, confidence=90, seconds=61.0),
        event("followup-answered", stage="scope", text=text, seconds=1.0),
        event("followup-answered", stage="scope", text="", seconds=0.0),
        event("stage-graded", stage="scope", met=["timeout"], partly=["measure"]),
        event("interview-graded", criteria={"clear": 4, "sound": 2}, flags=flags),
    ]
    return replay("r", script, START, events)


def report(script: Scenario, text: str = "Fine.", *flags: str) -> str:
    """The report of such a run."""
    it = run(script, text, list(flags))
    return interview_markdown(it, result(it))


def test_the_report_says_what_was_said_and_expected(script: Scenario) -> None:
    """Scores, clarifications, each stage with answer, points and follow-ups, rubric, what to learn, closing."""
    text = report(script, "Fine.", "forever")
    for expected in (
        "# A small talk",
        "2026-03-02 12:00 UTC · level mid · 1 of 20 minutes",
        "**No hire**",
        ", 1 red flag)",
        "You expected 90 % before the reveal",
        "- [x] May the buyer wait for the payment result? Up to an hour.",
        "- [ ] How many orders arrive each second? Forty.",
        "## 1. Scope it (83 %)",
        "You said (62 s, 90 % sure):\n\n> Fine.",
        "**Which value?**\n\n> Fine.",
        "**And when it fires?**\n\n> (nothing)",
        "Strong: Just above the p99.",
        "- [x] Sets a timeout.\n- [~] Measures first.",
        "Not answered.",
        "| Speaks clearly \\| to the point | 40 | 4 | crisp \\| short |",
        "| Sound design | 30 | 2 | weak |",
        "| Knows failure | 20 | - | not graded |",
        "- **Waits for ever.** It spreads.",
        "- Measures first. (said in part)",
        "now due: q-single",
        "Well done.",
    ):
        assert expected in text


def test_headings_stand_alone(script: Scenario) -> None:
    """Each heading and each table has an empty line before and after, as Markdown wants."""
    lines = report(script, "Fine.", "forever").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("#"):
            assert lines[number + 1] == ""
            assert number == 0 or lines[number - 1] == ""
        if line.startswith("|") and not lines[number - 1].startswith("|"):
            assert lines[number - 1] == ""


def test_what_was_typed_stays_in_its_quotation(script: Scenario) -> None:
    """Headings, tables, fences, templates and markup of a learner change nothing outside the quoted lines."""
    plain, nasty = (
        [line for line in report(script, text).splitlines() if not line.startswith(">")] for text in ("Fine.", NASTY)
    )
    assert nasty == plain
    assert "> {{ run }} {% x %} <script>&amp;" in report(script, NASTY)
    quoted = re.findall(r"(?m)(?:^>.*\n)+", report(script, NASTY))
    assert quoted[0] == "".join(f"> {line}".rstrip() + "\n" for line in NASTY.splitlines())


@pytest.mark.parametrize("text", ["", " \n\t\n", "\n\n"])
def test_nothing_said_is_said_so(text: str, script: Scenario) -> None:
    """Blank answers are quoted as nothing."""
    assert "You said (62 s, 90 % sure):\n\n> (nothing)" in report(script, text)


def test_a_run_that_was_just_started_has_a_report_too(script: Scenario) -> None:
    """No answers, no grades, no flags: still a document."""
    it = Run("r", script, START, START)
    text = interview_markdown(it, result(it))
    assert "red flag" not in text
    assert text.count("Not answered.") == 3
