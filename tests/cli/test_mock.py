"""`tutor mock --plain`: a whole interview, interrupted anywhere, its report, and past ones compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tutor

CLARIFY = ("How many orders a second arrive?", ".", "")
PATH = ("a durable queue", ".", "4", "acknowledge after it", ".", "-", "", "p")
TWICE = ("an idempotency key", ".", "2", "-", "", "")
WATCH = ("exactly once delivery of the oldest message", ".", "5", "-", "", "")
RUBRIC = ("4", "3", "2", "1", "")
WHOLE = (*CLARIFY, *PATH, *TWICE, *WATCH, *RUBRIC)


def _lines(*typed: str) -> str:
    return "".join(f"{line}\n" for line in typed)


def test_a_whole_interview(tutor: Tutor, tmp_path: Path) -> None:
    """Stage by stage to the result; missed points become due; the report is written where it was asked for."""
    report = tmp_path / "report.md"
    done = tutor.run("mock", "small-talk", "--plain", "--report", str(report), typed=_lines(*WHOLE))
    assert done.returncode == 0, done.stderr
    interview, _, afterwards = done.stdout.partition("Now due in the quiz")
    assert "SETTING-SECRET" not in interview and "SETTING-SECRET" in afterwards
    assert "1. How many orders a second arrive? (suggested" in done.stdout
    assert 'suggested, because you wrote: "exactly once delivery"' in done.stdout
    assert "A queue for orders: " in done.stdout and "red flags 1" in done.stdout
    assert "Now due in the quiz: small-single" in done.stdout
    assert f"The report is in {report}" in done.stderr
    assert report.read_text(encoding="utf-8").startswith("# A queue for orders")
    assert tutor.json("quiz")[0]["id"] == "small-single"
    (graded,) = tutor.events("interview-graded")
    assert graded["criteria"] == {"scope": 4, "design": 3, "failure": 2, "talk": 1}
    assert graded["flags"] == ["exactly-once"]


def test_nothing_expected_is_printed_before_it_is_due(tutor: Tutor) -> None:
    """Expected points come after the answer and its bet, follow-ups one by one, strong replies after the ticks."""
    talk = tutor.talk("mock", "small-talk", "--plain")
    talk.type(*CLARIFY)
    before = talk.wait_for("How does an order get to billing?")
    assert "EXPECT-" not in before
    talk.type("a durable queue", ".")
    assert "EXPECT-" not in talk.wait_for("How sure are you")
    talk.type("4")
    assert "FOLLOW-DEPTH" not in talk.wait_for("FOLLOW-CRASH")
    talk.type("-")
    assert "EXPECT-" not in talk.wait_for("FOLLOW-DEPTH")
    talk.type("-")
    assert "STRONG-" not in talk.wait_for("EXPECT-DURABLE")
    talk.type("y", "n")
    talk.wait_for("STRONG-DEPTH")
    talk.type(":quit")
    code, _, errors = talk.end()
    assert code == 0
    assert "go on with: tutor mock --resume" in errors


@pytest.mark.parametrize("typed", range(1, len(WHOLE)))
def test_left_anywhere_and_taken_up_with_the_rest(tutor: Tutor, typed: int) -> None:
    """Wherever the input ends, the rest of it typed into a second run leads to the same result."""
    tutor.ok("mock", "small-talk", "--plain", typed=_lines(*WHOLE[:typed]))
    rest = _rest(tutor, typed)
    assert "A queue for orders: 46 %" in tutor.ok("mock", "small-talk", "--plain", typed=_lines(*rest))
    (graded,) = tutor.events("interview-graded")
    assert graded["criteria"] == {"scope": 4, "design": 3, "failure": 2, "talk": 1}
    answers = [answered["text"] for answered in tutor.events("stage-answered")]
    assert answers == ["a durable queue", "an idempotency key", "exactly once delivery of the oldest message"]


def _rest(tutor: Tutor, typed: int) -> list[str]:
    """What is left to type: a text that was ended but not bet on yet has to be ended again."""
    rest = list(WHOLE[typed:])
    unbet = WHOLE[typed - 1] == "." and tutor.json("mock", "--list")[0]["phase"] in ("clarify", "answer")
    return [".", *rest] if unbet else rest


def test_killed_while_ticking_keeps_the_ticks(tutor: Tutor) -> None:
    """kill -9 in the middle of grading a stage: the ticks given so far are not asked again."""
    talk = tutor.talk("mock", "small-talk", "--plain")
    talk.type(*CLARIFY, *PATH[:-2], "p")
    talk.wait_for("EXPECT-ACK")
    talk.wait_for("> ")
    talk.kill()
    tutor.ok("mock", "small-talk", "--plain", typed=_lines("y"))
    assert tutor.events("stage-graded") == [
        {"run": tutor.json("mock", "--list")[0]["id"], "stage": "path", "met": ["ack"], "partly": ["durable"]}
    ]


def test_pause_time_and_clear(tutor: Tutor) -> None:
    """The clock can be stopped and read inside an answer, and neither ends up in the text."""
    typed = _lines(*CLARIFY, "wrong", ":clear", ":pause", "", ":time", "a durable queue", ".", "4")
    output = tutor.ok("mock", "small-talk", "--plain", typed=typed)
    assert "Paused at 0:0" in output and "of 5 minutes for the stage." in output
    assert tutor.events("stage-answered")[0]["text"] == "a durable queue"


def test_giving_up_is_for_good(tutor: Tutor) -> None:
    """`:abandon` asks once more; then the run is listed as given up and cannot be resumed."""
    output = tutor.ok("mock", "small-talk", "--plain", typed=_lines(":abandon", "no", ":abandon", "yes"))
    assert "Given up" in output
    (run,) = tutor.json("mock", "--list")
    assert run["abandoned"] and not run["open"]
    assert tutor.run("mock", "--plain", "--resume", run["id"]).returncode == 2


def test_ctrl_c_keeps_the_interview(tutor: Tutor) -> None:
    """Ctrl-C in an answer: exit code 130, the half sentence is there when it is resumed."""
    with tutor.terminal("mock", "small-talk", "--plain") as terminal:
        terminal.wait_for("stops the clock.\r\n> ")
        terminal.type("How long can billing\n")
        terminal.wait_for("billing\r\n> ")
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert "tutor mock --resume" in terminal.text and "Traceback" not in terminal.text
    (run,) = tutor.json("mock", "--list")
    assert "  | How long can billing" in tutor.ok("mock", "--plain", "--resume", run["id"][:10].lower())


def test_the_report_of_the_last_interview(tutor: Tutor, tmp_path: Path) -> None:
    """--report without a scenario writes the last finished one; a file that is there is not overwritten unasked."""
    report = tmp_path / "r.md"
    assert tutor.run("mock", "--report", str(report)).returncode == 2
    tutor.ok("mock", "small-talk", "--plain", typed=_lines(*WHOLE))
    tutor.ok("mock", "--report", str(report))
    report.write_text("mine", encoding="utf-8")
    refused = tutor.run("mock", "--report", str(report))
    assert (refused.returncode, report.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in refused.stderr
    (run,) = tutor.json("mock", "--list")
    tutor.ok("mock", "--resume", run["id"], "--report", str(report), "--force")
    assert "small" not in report.read_text(encoding="utf-8").splitlines()[0]
    assert tutor.run("mock", "--report", str(tmp_path / "no" / "r.md")).returncode == 2
    assert "A queue for orders: 46 %" in tutor.ok("mock", "--plain", "--resume", run["id"])


def test_lists_and_comparison(tutor: Tutor) -> None:
    """Without a scenario the scenarios are listed; finished runs are compared, open ones are not."""
    assert "small-talk  mid    15 min  A queue for orders" in tutor.ok("mock", "--plain")
    assert "No scenario fits" in tutor.ok("mock", "--plain", "--level", "senior")
    assert "nothing to compare" in tutor.ok("mock", "--compare")
    assert "No interview was held" in tutor.ok("mock", "--list")
    tutor.ok("mock", "small-talk", "--plain", typed=_lines(*WHOLE))
    better = (*WHOLE[:-5], "4", "4", "4", "4", "-")
    tutor.ok("mock", "small-talk", "--plain", typed=_lines(*better))
    tutor.ok("mock", "small-talk", "--plain", typed=_lines("one question"))
    assert [run["open"] for run in tutor.json("mock", "--list")] == [True, False, False]
    assert "open: clarify, stage 1 of 3" in tutor.ok("mock", "--list")
    table = tutor.ok("mock", "--compare", "small-talk")
    assert "+" in table.splitlines()[3]
    assert "TOTAL is the mean of key points and rubric, less 10 points per red flag." in table
    assert (
        tutor.json("mock", "--compare")[0]["result"]["verdict"] == "no hire"
        and len(tutor.json("mock", "--compare")) == 2
    )
    assert json.loads(tutor.ok("mock", "--json"))["scenarios"][0]["minutes"] == 15


def test_scenarios_that_do_not_exist(tutor: Tutor) -> None:
    """Exit code 2 with a suggestion, and with what there is."""
    done = tutor.run("mock", "small-tlk", "--plain")
    assert done.returncode == 2 and "Did you mean `small-talk`?" in done.stderr
    for arguments in (["mock", "nope"], ["mock", "nope", "--list"], ["mock", "nope", "--compare"]):
        done = tutor.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "This pack has no scenario `nope`.\nThere is:\n  small-talk: A queue for orders\n"
    assert tutor.run("mock", "--plain", "--resume", "zzz").returncode == 2


def test_the_report_of_a_scenario_is_that_of_its_last_finished_interview(tutor: Tutor, tmp_path: Path) -> None:
    """With a scenario and --report nothing is started while a finished interview is there, open ones notwithstanding;
    --fresh holds a new one.
    """
    tutor.ok("mock", "small-talk", "--plain", typed=_lines(*WHOLE))
    tutor.ok("mock", "small-talk", "--plain", "--fresh", typed=_lines("one question"))
    done = tutor.run("mock", "small-talk", "--report", str(tmp_path / "r.md"))
    assert (done.returncode, done.stdout) == (0, "")
    assert "r.md: A queue for orders, held on 20" in done.stderr
    assert "46 %" in (tmp_path / "r.md").read_text(encoding="utf-8")
    assert len(tutor.events("interview-started")) == 2
    tutor.ok("mock", "small-talk", "--fresh", "--report", str(tmp_path / "n.md"), typed=_lines("one question"))
    assert len(tutor.events("interview-started")) == 3


def test_a_tip_gives_its_good_example_only_after_the_answer(tutor: Tutor) -> None:
    """Before the answer the title, the text and the weak example; the good one beside the expected points, and never
    beside the clarifying questions.
    """
    talk = tutor.talk("mock", "small-talk", "--plain")
    talk.type(*CLARIFY)
    shown = talk.wait_for("How does an order get to billing?")
    assert "Ask first" in shown and 'Weak: "I would use a queue."' in shown
    assert "Speak in numbers" in shown and 'Weak: "It is fast."' in shown
    assert "Good:" not in shown
    talk.type("a durable queue", ".", "4", "-", "-")
    assert 'Good: "Ten a second, so 36,000 an hour."' in talk.wait_for("EXPECT-DURABLE")
    talk.type(":quit")
    assert "How long may it take?" not in talk.end()[1]


def test_on_a_terminal_the_app_opens_the_very_interview(tutor: Tutor) -> None:
    """A new one, one left open, and one named by id are each opened in the app at once, not in a list."""
    tutor.ok("mock", "small-talk", "--plain", typed=_lines(*CLARIFY))
    (left,) = tutor.json("mock", "--list")
    for arguments, words in (
        (["small-talk"], "How does an order get to billing?"),
        (["--resume", left["id"]], "How does an order get to billing?"),
        (["small-talk", "--fresh"], "Orders must not be lost"),
    ):
        with tutor.terminal("mock", *arguments, columns=120, lines=40) as terminal:
            terminal.wait_for(words)
            terminal.type("\x11")
            assert terminal.wait() == 0
    assert len(tutor.events("interview-started")) == 2


def test_changes_and_gaps_follow_from_the_numbers_shown() -> None:
    """35 % after 33 % is +2 whatever was rounded away."""
    from tutor.cli.interviews import change

    assert (change(33.4, 34.6), change(34.6, 33.4), change(34.5, 33.5), change(50.0, 50.4)) == ("+2", "-2", "+0", "+0")
