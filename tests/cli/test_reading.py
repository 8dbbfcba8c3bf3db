"""`tutor recap`, `tips`, `progress`, `checklist`, `plan`: what they print, plain and as JSON."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Tutor


def test_recap_lists_days(tutor: Tutor) -> None:
    """Without an argument the days with a recap are listed."""
    assert "1    Queues  What a queue keeps" in tutor.ok("recap")
    assert [topic["id"] for topic in tutor.json("recap")] == ["queues"]


def test_recap_of_a_day(tutor: Tutor) -> None:
    """A day, or the topic by name, prints every section with its drawing, code, traps, questions and sources."""
    output = tutor.ok("recap", "1")
    assert output == tutor.ok("recap", "queues", "--plain")
    prose = ("A consumer acknowledges a message", "│ Producer │", "    def on_message(message):", "- Acknowledging")
    for words in (*prose, "tutor quiz --question small-open", "Lab (coming): lost-message", "Ordering"):
        assert words in output
    assert max(map(len, output.splitlines())) <= 80


def test_recap_narrowed(tutor: Tutor) -> None:
    """A section by id, or those that hold all words searched for."""
    assert "Ordering" not in tutor.ok("recap", "1", "--section", "acknowledgements")
    assert "redelivered" in tutor.ok("recap", "--section", "ordering")
    found = tutor.json("recap", "--search", "REDELIVERED order")
    assert [section["id"] for section in found[0]["sections"]] == ["ordering"]
    nothing = tutor.run("recap", "--search", "zebra")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "No section holds" in nothing.stderr


@pytest.mark.parametrize("arguments", [["9"], ["caches"], ["1", "--section", "orderin"]])
def test_recap_of_nothing(tutor: Tutor, arguments: list[str]) -> None:
    """What does not exist is a usage error that names what does."""
    done = tutor.run("recap", *arguments)
    assert done.returncode == 2
    assert "It has: 1" in done.stderr or "Did you mean `ordering`?" in done.stderr


def test_tips(tutor: Tutor) -> None:
    """All tips, or one, with the weak and the good example."""
    assert "Weak:" in tutor.ok("tips", "--plain")
    assert "Speak in numbers" not in tutor.ok("tips", "ask-first")
    assert [tip["id"] for tip in tutor.json("tips")] == ["speak-in-numbers", "ask-first"]
    assert tutor.run("tips", "ask-frist").returncode == 2


def test_progress(tutor: Tutor) -> None:
    """Due counts, recall by topic, streak and calibration follow the answers."""
    tutor.ok("quiz", "--plain", "--kind", "spot", typed="2\n4\n4\n")
    output = tutor.ok("progress", "--plain")
    assert "Never seen: 7 of 8. Answered today: 1. Streak: 1 day." in output
    assert "said 90 %: 100 % right, 1 answer" in output
    data = tutor.json("progress")
    assert (data["unseen"], data["topics"][0]["seen"], data["calibration"]["count"]) == (7, 1, 1)


def test_checklist(tutor: Tutor) -> None:
    """Each item with its evidence; one whose evidence is all there is ticked."""
    tutor.ok("quiz", "--plain", "--kind", "multi", typed="a c\n4\n4\n")
    output = tutor.ok("checklist")
    assert output.startswith("1 of 2 mastered.")
    assert "[x] I can say when a cache lies (mastered)" in output
    assert "[ ] I can put a queue between two services (0 of 3 shown)" in output
    assert "[ ] lab lost-message: coming" in output
    assert [item["mastered"] for item in tutor.json("checklist")] == [False, True]


def test_plan(tutor: Tutor) -> None:
    """A date is kept and shown, a past one refused, and it can be cleared."""
    assert "Interview: 2999-01-31" in tutor.ok("plan", "--interview", "2999-01-31")
    assert tutor.json("plan")["interview"] == "2999-01-31"
    assert "INTERVIEW" in tutor.ok("progress")
    assert tutor.run("plan", "--interview", "2001-01-31").returncode == 2
    for odd in ("tomorrow", "2026-13-40", ""):
        done = tutor.run("plan", "--interview", odd)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"`{odd}` is not a date.\nWrite year, month and day") and "%" not in done.stderr
    assert tutor.run("plan", "--interview", "2999-01-31", "--clear").returncode == 2
    assert "No interview date is set" in tutor.ok("plan", "--clear")


def test_what_is_empty_says_so(tutor: Tutor) -> None:
    """Lists without entries print a sentence, and as JSON an empty value."""
    assert tutor.ok("flags") == "No notes.\n"
    assert tutor.json("flags") == {}
    assert tutor.json("suspended") == []
    assert "All caught up" not in tutor.ok("progress")
