"""Drawing: airy when there is room, tight when there is not, and never in the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tutor.drawing import draw

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
