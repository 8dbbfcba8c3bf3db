"""The pieces that turn content into lines: prose, drawings, times, tables."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tutor.cli import prose, render
from tutor.cli.ask import Unfit, cleaned, numbers, one_of


def test_prose_wraps_and_drops_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paragraphs are wrapped, list items hang, emphasis goes, code and its asterisks stay."""
    monkeypatch.setenv("COLUMNS", "40")
    text = "A **bold** word, `a ** b`, 2 * 3 * 4 and *one* more, which makes it long.\n\n- an item\n  goes on\n- two"
    assert prose.plain(text).split("\n") == [
        "A bold word, `a ** b`, 2 * 3 * 4 and one",
        "more, which makes it long.",
        "",
        "- an item goes on",
        "- two",
    ]


def test_prose_keeps_code_tables_and_links() -> None:
    """Fences become indentation, tables stay as they are, links show where they lead."""
    assert prose.plain("```python\nx  =  1\n```") == "    x  =  1"
    assert prose.plain("| a | b |\n|---|---|") == "| a | b |\n|---|---|"
    assert prose.plain("See [RFC](https://x.org/y).") == "See RFC (https://x.org/y)."
    assert prose.code("a\nb", numbered=True) == "    1 | a\n    2 | b"


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(minutes=59, seconds=40), "1 hour"),
        (timedelta(hours=23, minutes=29), "23 hours"),
        (timedelta(hours=23, minutes=59), "1 day"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=45), "45 days"),
        (timedelta(days=90), "3 months"),
        (timedelta(days=1000), "2.7 years"),
        (timedelta(-1), "0 minutes"),
    ],
)
def test_times_are_said_in_the_unit_a_person_would_use(wait: timedelta, said: str) -> None:
    """Minutes, hours, days, months, years."""
    assert render.span(wait) == said


def test_replies_are_parsed() -> None:
    """Numbers, one of several keys, defaults on Enter, a sentence on anything else."""
    assert numbers(3, [2])("") == [2]
    assert numbers(3, [2])("-") == []
    assert numbers(3)("3, 1 1") == [1, 3]
    assert one_of({"y": True}, False)("") is False
    for bad in ("4", "0", "x", "", "000001999", "9" * 5000):
        with pytest.raises(Unfit):
            numbers(3)(bad)
    with pytest.raises(Unfit, match="Give one of: y"):
        one_of({"y": True})("z")
    assert cleaned("a\x1b[A\tb\r\n") == "a[A\tb"
