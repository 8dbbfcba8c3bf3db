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
        "Verdict: **No hire**, 25 %",
        "The total is the mean of key points and rubric, less 10 points per red flag.",
        ", 1 red flag)",
        "You expected 90 % before the reveal: 69 points too high.",
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
    """No answers, no grades, no flags: still a document, which gives nothing of the script away."""
    it = Run("r", script, START, START)
    text = interview_markdown(it, result(it))
    assert "**Unfinished**: left before the first stage." in text
    assert "Nothing was answered yet." in text
    assert "#" not in text[1:]


SO_FAR = [
    event("clarified", text="May the buyer wait?", asked=[1]),
    event("stage-answered", stage="scope", text="Fine.", confidence=90, seconds=61.0),
    event("followup-answered", stage="scope", text="", seconds=1.0),
    event("followup-answered", stage="scope", text="Then again.", seconds=1.0),
    event("stage-graded", stage="scope", met=["timeout", "measure"], partly=[]),
    event("interview-abandoned"),
]
IN_ORDER = (
    ("Nothing was answered yet.",),
    ("Up to an hour.", "## 1. Scope it", "What do you change first?", "Not answered yet."),
    ("You said (61 s, 90 % sure):", "**Which value?**"),
    ("**And when it fires?**", "> (nothing)"),
    ("> Then again.",),
    ("- [x] Sets a timeout.", "Strong: Just above the p99.", "## 2. Put a queue between", "left in stage 2 of 3"),
    ("given up in stage 2 of 3",),
)


@pytest.mark.parametrize("steps", range(len(SO_FAR) + 1))
def test_the_report_of_an_unfinished_run_gives_nothing_away(steps: int, script: Scenario) -> None:
    """It says that it is unfinished and holds what was reached: no verdict, no bet settled, no rubric, no closing, no
    later stage or follow-up, and no strong answer or expected point before its stage is graded.
    """
    it = replay("r", script, START, SO_FAR[:steps])
    text = interview_markdown(it, result(it))
    assert "**Unfinished**" in text
    for never in ("ire**", "You expected", "## Rubric", "## Red flags", "What to learn", script.closing, "Watch it"):
        assert never not in text
    for expected in IN_ORDER[steps]:
        assert expected in text
    for later in {piece for pieces in IN_ORDER[steps + 1 :] for piece in pieces} - {"> (nothing)"}:
        assert later not in text


def test_every_point_made_is_said_of_a_whole_run_only(script: Scenario) -> None:
    """A finished run of which not each stage was graded, because the script changed, does not claim it."""
    whole = [event("stage-graded", stage=stage.id, met=[point.id for point in stage.key_points], partly=[])
             for stage in script.stages]  # fmt: skip
    end = event("interview-graded", criteria={}, flags=[])
    said = []
    for graded in (whole, whole[:1]):
        it = replay("r", script, START, [*graded, end])
        said.append("Every key point was made." in interview_markdown(it, result(it)))
    assert said == [True, False]
