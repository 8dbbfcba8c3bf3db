"""`kill -9`, Ctrl-C and the end of input, at each prompt of the quiz: no answer is lost."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Tutor, key_of


def test_killed_between_answer_and_rating_shows_the_reveal_again(tutor: Tutor) -> None:
    """After kill -9 at the rating the answer and the bet are there, and only the rating is asked."""
    talk = tutor.talk("quiz", "--plain", "--topic", "queues")
    shown = talk.wait_for("> ")
    wrong = key_of(shown, "When it was received")
    talk.type(wrong, "5")
    talk.wait_for("How was it?")
    talk.kill()
    again = tutor.run("quiz", "--plain", typed="\n:quit\n")
    assert again.returncode == 0
    assert f"You have answered this:\n  | {wrong}\n" in again.stdout
    assert "WHY-EARLY" in again.stdout.split("How was it?")[0]
    assert "Going on with the sitting you left: 0 answered, 5 to go." in again.stderr
    (review,) = tutor.events("reviewed")
    assert (review["confidence"], review["rating"], review["correct"]) == (99, 1, False)


def test_killed_while_typing_keeps_the_lines(tutor: Tutor) -> None:
    """Lines of an open answer that were not given yet are there after kill -9, and the answer goes on from them."""
    talk = tutor.talk("quiz", "--plain", "--kind", "open")
    talk.wait_for("> ")
    talk.type("It decouples in time,")
    talk.wait_for("> ")
    talk.kill()
    again = tutor.run("quiz", "--plain", typed="and absorbs bursts.\n.\n4\n\n\n")
    assert "You had typed this" in again.stdout
    assert tutor.events("answered")[0]["given"] == "It decouples in time,\nand absorbs bursts."
    assert "You had typed this" not in tutor.ok("quiz", "--plain", "--cram", "--kind", "open")


def test_clear_starts_the_text_over(tutor: Tutor) -> None:
    """`:clear` drops what was typed so far."""
    tutor.ok("quiz", "--plain", "--kind", "open", typed="nonsense\n:clear\nsense\n.\n2\n\n\n")
    assert tutor.events("answered")[0]["given"] == "sense"


@pytest.mark.parametrize("prompt", ["answer", "bet", "rating"])
def test_ctrl_c_leaves_with_130_and_everything_kept(tutor: Tutor, prompt: str) -> None:
    """Ctrl-C on a real terminal, at each prompt: exit code 130, how to go on, no traceback, the answer kept."""
    with tutor.terminal("quiz", "--plain", "--kind", "spot") as terminal:
        terminal.wait_for("faulty lines")
        if prompt != "answer":
            terminal.type("2\n")
            terminal.wait_for("How sure are you?")
        if prompt == "rating":
            terminal.type("4\n")
            terminal.wait_for("How was it?")
        terminal.type("\x03")
        assert terminal.wait() == 130
        assert "go on with: tutor quiz" in terminal.text
        assert "Traceback" not in terminal.text and "Aborted" not in terminal.text
    again = tutor.ok("quiz", "--plain", typed=":quit\n")
    assert ("You have answered this" in again) is (prompt == "rating")


@pytest.mark.parametrize("typed", ["", "2\n", "2\n4\n"])
def test_the_end_of_input_leaves_with_0_and_everything_kept(tutor: Tutor, typed: str) -> None:
    """At each prompt the end of input is a quiet leave that says how to go on."""
    done = tutor.run("quiz", "--plain", "--kind", "spot", typed=typed)
    assert done.returncode == 0
    assert done.stderr == "Everything is kept; go on with: tutor quiz\n"
    assert len(tutor.events("answered")) == (typed.count("\n") == 2)


def test_the_end_of_input_keeps_an_open_answer(tutor: Tutor) -> None:
    """A text without its dot is kept for the next time."""
    tutor.ok("quiz", "--plain", "--kind", "open", typed="half a thought")
    assert "  | half a thought" in tutor.ok("quiz", "--plain")


def test_ctrl_d_ends_an_open_answer_on_a_terminal(tutor: Tutor) -> None:
    """Where input can go on after its end, Ctrl-D stands for the single dot."""
    with tutor.terminal("quiz", "--plain", "--kind", "open") as terminal:
        terminal.wait_for("> ")
        terminal.type("a thought\n")
        terminal.wait_for("thought\r\n> ")
        terminal.type("\x04")
        terminal.wait_for("How sure are you?")
        terminal.type("3\n")
        terminal.wait_for("MODEL-ANSWER")


def test_no_input_at_all_is_the_end_of_input(tutor: Tutor) -> None:
    """Ctrl-D instead of an answer leaves quietly."""
    with tutor.terminal("quiz", "--plain", "--kind", "spot") as terminal:
        terminal.wait_for("faulty lines")
        terminal.type("\x04")
        assert terminal.wait() == 0


def test_fresh_starts_anew_and_filters_do_too(tutor: Tutor) -> None:
    """An open sitting is only taken up when nothing else was asked for."""
    tutor.ok("quiz", "--plain", "--kind", "spot", typed="2\n4\n")
    assert "Going on" not in tutor.run("quiz", "--plain", "--fresh").stderr
    tutor.ok("quiz", "--plain", "--kind", "spot", typed="2\n4\n")
    assert "Going on" not in tutor.run("quiz", "--plain", "--limit", "2").stderr
    assert "2 to go" in tutor.run("quiz", "--plain").stderr


def test_a_finished_sitting_is_not_taken_up(tutor: Tutor) -> None:
    """After the summary a new sitting starts with what is next."""
    assert "Done." in tutor.ok("quiz", "--plain", "--kind", "spot", typed="2\n4\n4\n")
    again = tutor.run("quiz", "--plain")
    assert "Going on" not in again.stderr
    assert "Question 1 of 7" in again.stdout


def test_stray_keys_do_not_reach_the_log(tutor: Tutor) -> None:
    """Escape sequences of arrow keys, bytes that are no text, and huge lines are taken in stride."""
    huge = "x" * 100_000
    output = tutor.ok("quiz", "--plain", "--kind", "open", typed=f"\x1b[Da\x00b\udcff\n{huge}\n.\n3\n-\n\n")
    assert "cut to 20,000 characters" in output
    given = tutor.events("answered")[0]["given"]
    assert len(given) == 20_000
    assert given.startswith("[Dab\ufffd\nxxx")
