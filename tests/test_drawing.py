"""Drawing: airy when there is room, tight when there is not, and never in the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.drawing import MAX_ARROWS, draw, too_big

CHAIN = "graph LR\n  A[Client] --> B[Gateway]\n  B --> C[Orders]\n  C --> D[Payments]"


def test_drawing_is_as_airy_as_the_width_allows() -> None:
    """A narrower width gives a narrower drawing of the same boxes."""
    wide, narrow = draw(CHAIN, 100, ascii_only=False), draw(CHAIN, 50, ascii_only=False)
    assert max(map(len, narrow.splitlines())) <= 50 < max(map(len, wide.splitlines()))
    assert all(name in drawing for name in ("Client", "Gateway", "Orders", "Payments") for drawing in (wide, narrow))


def test_what_does_not_fit_is_not_drawn() -> None:
    """Nothing is cut off: where no spacing fits, there is no drawing."""
    assert draw(CHAIN, 10, ascii_only=False) == ""


def test_ascii_drawing_is_ascii() -> None:
    """On a terminal without UTF-8 only ASCII is drawn."""
    assert draw(CHAIN, 100, ascii_only=True).isascii()


@given(st.text(max_size=200), st.sampled_from(["", "graph TD\n", "sequenceDiagram\n", "stateDiagram-v2\n", "pie\n"]))
def test_any_text_can_be_tried(text: str, header: str) -> None:
    """Half-typed and hostile text draws something or nothing; it never raises, and never exceeds the width."""
    picture = draw(header + text, 60, ascii_only=False)
    assert all(len(line) <= 60 for line in picture.splitlines())


def _all_to_all(left: int, right: int) -> str:
    return (
        "graph TD\n  " + " & ".join(f"A{n}" for n in range(left)) + " --> " + " & ".join(f"B{n}" for n in range(right))
    )


@pytest.mark.parametrize(
    ("mermaid", "says"),
    [
        (_all_to_all(8, 8), f"more than {MAX_ARROWS} arrows; leave some out"),
        (_all_to_all(5, 5), "arrows"),
        ("graph LR\n" + "\n".join(f"A{n} --> A{m}" for n in range(9) for m in range(n)), "arrows"),
        ("graph LR\n" + "-->".join(f"A{n}" for n in range(30)), "arrows"),
        ("graph LR\n" + ";".join(f"A{n}" for n in range(90)), "more than 80 lines"),
        ("graph LR\n" + " & ".join(f"A{n}" for n in range(90)), "joins more than"),
        ("graph LR\nA[" + "x" * 5_000 + "]", "shorten its labels"),
        ('packet-beta\n0-99999999: "x"', "draw it as a graph"),
        ("block-beta\ncolumns 99999999\na", "draw it as a graph"),
        ("sequenceDiagram\n" + "A->>B: hi\n" * 90, "more than 80 lines"),
    ],
)
def test_what_is_too_big_is_not_even_tried(mermaid: str, says: str) -> None:
    """Drawing time grows steeply with the arrows, so the size is judged from the text, and said."""
    assert says in too_big(mermaid)
    assert draw(mermaid, 400, ascii_only=False) == ""


@pytest.mark.parametrize(
    "mermaid",
    [
        CHAIN,
        _all_to_all(4, 6),
        "graph LR\n" + "\n".join(f"A{n} -- asks politely --> B{n}" for n in range(MAX_ARROWS)),
        "sequenceDiagram\n" + "A->>B: hi\n" * 70,
    ],
)
def test_ordinary_diagrams_are_not_too_big(mermaid: str) -> None:
    """What a person reads at a glance passes; words on an arrow do not count twice."""
    assert too_big(mermaid) == ""
