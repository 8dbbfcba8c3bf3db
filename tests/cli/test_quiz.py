"""`tutor quiz --plain`, kind by kind, and every command inside it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Tutor, key_of

RIGHT_OPEN = "It decouples in time and absorbs bursts, but results come later."
CHOICES = {
    "small-single": ("After it was handled", "When it was received", "WHY-RIGHT"),
    "small-predict": ("The queue grows", "The messages are dropped", "UNFOLDS-NOW"),
}
LIFE = ("published", "routed", "delivered", "acknowledged")
JOINED = ("the application fills it", "a write updates both", "a write reaches the database later")


def _reply(question: str, shown: str, right: bool) -> list[str]:
    """The lines to type for a right or a wrong answer to a question as it is shown."""
    if question in CHOICES:
        return [key_of(shown, CHOICES[question][0 if right else 1])]
    if question == "small-multi":
        return ["a c" if right else "a b"]
    if question == "small-order":
        return [" ".join(key_of(shown, entry) for entry in (LIFE if right else LIFE[::-1]))]
    if question == "small-match":
        sides = JOINED if right else (*JOINED[1:], JOINED[0])
        return [" ".join(f"{number}{key_of(shown, side)}" for number, side in enumerate(sides, 1))]
    if question == "small-cloze":
        return ["3600", "cache miss"] if right else ["60", "hit"]
    return ["2" if right else "3"]


EXPLAINED = {
    "small-single": "WHY-SINGLE",
    "small-multi": "WHY-MULTI",
    "small-order": "WHY-ORDER",
    "small-match": "WHY-MATCH",
    "small-cloze": "WHY-CLOZE",
    "small-spot": "WHY-SPOT-ALL",
    "small-predict": "UNFOLDS-NOW",
}


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("question", EXPLAINED)
def test_each_kind_is_graded_and_explained_after_the_bet(tutor: Tutor, question: str, right: bool) -> None:
    """The verdict fits the answer, the explanation comes, and nothing of it was printed before the bet."""
    talk = tutor.talk("quiz", "--plain", "--question", question)
    shown = talk.wait_for("> ")
    talk.type(*_reply(question, shown, right))
    before = talk.wait_for("How sure are you?")
    assert "WHY-" not in shown + before and "UNFOLDS" not in shown + before
    talk.wait_for("> ")
    talk.type("4")
    revealed = talk.wait_for("How was it?")
    assert ("Right." in revealed) is right
    assert EXPLAINED[question] in revealed
    talk.type("", ":quit")
    talk.end()
    (review,) = tutor.events("reviewed")
    assert review["question"] == question
    assert review["correct"] is right
    assert review["rating"] == (3 if right else 1)
    assert review["confidence"] == 90


@pytest.mark.parametrize(("text", "points"), [(RIGHT_OPEN, 3), ("It is modern.", 0)])
def test_an_open_answer_is_graded_point_by_point(tutor: Tutor, text: str, points: int) -> None:
    """The model answer comes after the bet; suggested points are marked, and Enter accepts them."""
    talk = tutor.talk("quiz", "--plain", "--question", "small-open")
    shown = talk.wait_for("> ")
    talk.type(text, "second line", ".")
    before = talk.wait_for("How sure are you?")
    assert "MODEL-ANSWER" not in shown + before and "POINT-" not in shown + before
    talk.type("3")
    revealed = talk.wait_for("Which points did you make?")
    assert "MODEL-ANSWER" in revealed and "NOTE-OPEN" in revealed
    assert revealed.count("suggested, because you wrote:") == points
    talk.type("", "")
    talk.wait_for("Next time in")
    talk.type(":quit")
    talk.end()
    (review,) = tutor.events("reviewed")
    assert len(review["met"]) == points


def test_the_learner_overrules_the_suggested_points(tutor: Tutor) -> None:
    """Numbers typed are the points that count, whatever was suggested."""
    tutor.ok("quiz", "--plain", "--question", "small-open", typed="modern\n.\n3\n1 3\n\n:quit\n")
    assert tutor.events("reviewed")[0]["met"] == ["time", "cost"]


@pytest.mark.parametrize("question", [*EXPLAINED, "small-open"])
def test_not_knowing_is_a_miss_without_a_bet(tutor: Tutor, question: str) -> None:
    """A single dash shows the answer at once, asks for no confidence, and counts as missed."""
    typed = "-\n-\n" if question == "small-cloze" else "-\n"
    output = tutor.ok("quiz", "--plain", "--question", question, typed=f"{typed}\n:quit\n")
    assert "You did not know" in output
    assert "How sure" not in output
    (review,) = tutor.events("reviewed")
    assert (review["rating"], review["confidence"], review["correct"]) == (1, 0, False)


@pytest.mark.parametrize(
    ("question", "typed", "sentence"),
    [
        ("small-single", "z", "Give letters from a to c"),
        ("small-single", "a b", "Exactly one is right"),
        ("small-multi", "", "Give letters from a to c"),
        ("small-order", "1 2 3", "Give each number from 1 to 4 once"),
        ("small-order", "1 1 2 3", "Give each number from 1 to 4 once"),
        ("small-match", "1a 2b", "Give each number from 1 to 3 exactly one letter"),
        ("small-match", "1a 2a 3b", "Each letter fits at most one number"),
        ("small-match", "1a 2b 3x", "The letters go from a to d"),
        ("small-match", "hello", "Write pairs of a number and a letter"),
        ("small-cloze", "", "Type what fits the gap"),
        ("small-spot", "9", "Give line numbers from 1 to 3"),
        ("small-spot", "99999999999999999999999", "Give line numbers from 1 to 3"),
        ("small-spot", "²", "Give line numbers from 1 to 3"),
        ("small-open", ".", "Nothing was typed"),
        ("small-single", ":nothing", "There is no command :nothing"),
    ],
)
def test_what_does_not_fit_is_asked_again(tutor: Tutor, question: str, typed: str, sentence: str) -> None:
    """One clear sentence, and the same prompt again; nothing is logged."""
    output = tutor.ok("quiz", "--plain", "--question", question, typed=f"{typed}\n:quit\n")
    assert sentence in output
    assert "Traceback" not in output
    assert tutor.events("answered") == []


def test_bad_bets_and_ratings_are_asked_again(tutor: Tutor) -> None:
    """Keys outside the range are refused with the keys that there are."""
    output = tutor.ok("quiz", "--plain", "--question", "small-spot", typed="2\n9\nx\n5\n7\n4\n:quit\n")
    assert output.count("Give one of: 1, 2, 3, 4, 5.") == 2
    assert "Give one of: 1, 2, 3, 4. For help: ?" in output
    assert tutor.events("reviewed")[0]["rating"] == 4


def test_help_lists_the_commands_at_any_prompt(tutor: Tutor) -> None:
    """`?` explains the prompt and names each command, before the answer, at the bet and at the rating."""
    output = tutor.ok("quiz", "--plain", "--question", "small-spot", typed="?\n2\n?\n3\n?\n:quit\n")
    assert output.count(":suspend") == 3
    assert "Give a number from 1 to 5." in output


def test_skip_suspend_and_flag(tutor: Tutor) -> None:
    """A skipped question leaves the sitting, a suspended one all sittings, a flag is kept as a note."""
    first, second = [entry["id"] for entry in tutor.json("quiz")][:2]
    output = tutor.ok("quiz", "--plain", typed=":flag\n:flag option c holds too\n:skip\n:suspend\n:quit\n")
    assert "Left out of this sitting." in output
    assert "Say what is wrong" in output
    assert tutor.ok("flags") == f"{first}: option c holds too\n"
    assert tutor.json("flags") == {first: ["option c holds too"]}
    assert tutor.json("suspended") == [second]
    assert second not in [entry["id"] for entry in tutor.json("quiz")]
    assert tutor.run("quiz", "--plain", "--question", second).returncode == 2
    tutor.ok("suspended", "--lift", second)
    assert tutor.ok("suspended") == "No question is suspended.\n"
    assert tutor.run("suspended", "--lift", second).returncode == 2


def test_undo_brings_the_question_back_answered(tutor: Tutor) -> None:
    """After :undo the reveal is there again with the answer kept, and another rating can be given."""
    talk = tutor.talk("quiz", "--plain", "--kind", "spot", "--kind", "multi")
    talk.type(":undo")
    talk.wait_for("There is no rating to take back")
    talk.type("a c", "4", "3")
    talk.wait_for("Question 2 of 2")
    talk.type(":undo")
    again = talk.wait_for("How was it?")
    assert "Question 1 of 2" in again and "You have answered this:\n  | a c" in again
    talk.type("2")
    talk.wait_for("Question 2 of 2")
    talk.type(":quit")
    talk.end()
    assert tutor.json("progress")["reviewed_today"] == 1


def test_a_miss_comes_back_and_the_summary_tells(tutor: Tutor) -> None:
    """A missed question returns in the same sitting; the end says what came back and what to read."""
    output = tutor.ok("quiz", "--plain", "--kind", "single", "--kind", "spot", typed=f"{'-'}\n1\n2\n5\n3\n-\n2\n")
    assert "once more" in output
    assert "Came back in this sitting: small-single" in output
    assert "small-single: tutor recap 1 --section acknowledgements" in output
    assert "50% recalled at first: 2 questions, 3 answers" in output
    assert "Next due:" in output


def test_cram_leaves_the_schedule_alone(tutor: Tutor) -> None:
    """With --cram no interval is shown, and nothing is due afterwards."""
    output = tutor.ok("quiz", "--plain", "--cram", "--limit", "1", typed="-\n-\n-\n3\n:quit\n")
    assert "minutes)" not in output.split("How was it?")[1].split("\n")[0]
    assert tutor.json("progress")["next_due"] is None


def test_a_question_that_is_not_due_is_asked_as_cramming(tutor: Tutor) -> None:
    """--question asks at once, says that the schedule is untouched, and it is."""
    tutor.ok("quiz", "--plain", "--question", "small-spot", typed="2\n5\n4\n")
    due = tutor.json("progress")["next_due"]
    again = tutor.run("quiz", "--plain", "--question", "small-spot", typed="3\n5\n1\n:quit\n")
    assert "not due; it is asked without touching the schedule" in again.stderr
    assert tutor.json("progress")["next_due"] == due


def test_filters_narrow_the_queue(tutor: Tutor) -> None:
    """Day, topic, kind, level, limit, new and missed each narrow what is asked; --json asks nothing."""
    assert {entry["topic"] for entry in tutor.json("quiz", "--day", "2")} == {"caches"}
    assert len(tutor.json("quiz", "--day", "1", "--day", "2")) == 8
    assert len(tutor.json("quiz", "--topic", "queues")) == 5
    assert [entry["id"] for entry in tutor.json("quiz", "--kind", "cloze")] == ["small-cloze"]
    assert {entry["level"] for entry in tutor.json("quiz", "--level", "senior")} == {"senior"}
    assert len(tutor.json("quiz", "--limit", "3")) == 3
    assert tutor.json("quiz", "--new", "0") == []
    assert tutor.json("quiz", "--missed") == []
    assert tutor.events("session-started") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--day", "9"], "This pack has no day 9.\nIt has: 1, 2"),
        (["--topic", "nope"], "This pack has no topic `nope`."),
        (["--question", "small-singel"], "Did you mean `small-single`?"),
        (["--kind", "essay"], "'essay' is not one of"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_options_that_fit_nothing_are_usage_errors(tutor: Tutor, arguments: list[str], sentence: str) -> None:
    """Exit code 2, with what there is instead."""
    done = tutor.run("quiz", "--plain", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""


def test_nothing_to_ask_is_the_answer_no(tutor: Tutor) -> None:
    """Exit code 1 when the options are sound and nothing matches them."""
    done = tutor.run("quiz", "--plain", "--missed")
    assert done.returncode == 1
    assert "Nothing was missed" in done.stderr
    assert done.stdout == ""


def test_questions_asked_by_name_leave_the_sitting_open(tutor: Tutor) -> None:
    """One question by name in between: the sitting is still there afterwards, and what was said of both is true."""
    first = tutor.json("quiz")[0]["id"]
    tutor.ok("quiz", "--plain", typed=":quit\n")
    left = tutor.run("quiz", "--plain", "--question", "small-spot", "--question", "small-multi", typed=":quit\n")
    assert left.stderr == "Every answer is kept; to go on with these questions, ask for them again.\n"
    again = tutor.run("quiz", "--plain", typed=":quit\n")
    assert "Going on with the sitting you left: 0 answered, 8 to go." in again.stderr
    assert f"id {first})" in again.stdout


def test_on_a_terminal_questions_asked_by_name_open_in_the_app(tutor: Tutor) -> None:
    """Also while another sitting is open."""
    tutor.ok("quiz", "--plain", "--kind", "single", typed=":quit\n")
    with tutor.terminal("quiz", "--question", "small-multi") as terminal:
        terminal.wait_for("make a cached answer stale")
        terminal.type("\x11")
        assert terminal.wait() == 0


def test_spelled_out_kinds_and_levels_are_those_of_the_models() -> None:
    """The lists that completion uses, without loading a model, agree with the models."""
    from tutor.cli.quiz import Kind, Level
    from tutor.content.models.question import KINDS
    from tutor.shapes import Level as Real

    assert tuple(Kind) == KINDS
    assert [level.value for level in Level] == [level.value for level in Real]
