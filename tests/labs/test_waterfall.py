"""A trace as text: causes above their effects, in the order of time, and not more than fits."""

from __future__ import annotations

from tutor.labs import waterfall as module
from tutor.labs.spans import Span, Trace
from tutor.labs.waterfall import in_short, waterfall


def _span(id_: str, parent: str, service: str, start: int, *, error: bool = False) -> Span:
    return Span("t1", id_, parent, service, f"{service}-1", f"op {id_}", "server", start, 2_000, error)


def test_spans_stand_below_their_causes() -> None:
    """Each with when it began, how long it took, and whether it failed."""
    spans = (_span("a", "", "gateway", 0), _span("c", "a", "users", 1_500), _span("b", "a", "orders", 500, error=True))
    lines = list(waterfall(Trace("t1", tuple(sorted(spans, key=lambda one: one.start_us)))))
    assert lines[0] == "trace t1, 3.5 ms, 3 spans"
    assert [line.split("ms ", 1)[1] for line in lines[1:]] == [
        "gateway: op a (2.0 ms)",
        "  orders: op b (2.0 ms)  ERROR",
        "  users: op c (2.0 ms)",
    ]


def test_a_trace_without_its_beginning_is_shown_all_the_same() -> None:
    """A span whose parent has not arrived stands at the left."""
    lines = list(waterfall(Trace("t1", (_span("b", "lost", "orders", 0),))))
    assert lines[1].endswith("ms orders: op b (2.0 ms)")


def test_a_long_trace_is_cut() -> None:
    """What is left out is counted."""
    spans = tuple(
        _span(f"s{number}", "s0" if number else "", "orders", number) for number in range(module.MAX_SPANS + 5)
    )
    assert list(waterfall(Trace("t1", spans)))[-1] == "... and 5 more"


def test_a_trace_in_short_names_its_beginning() -> None:
    """What began it, how long all of it took, how many spans failed, and who took part."""
    spans = (_span("a", "", "gateway", 0), _span("b", "a", "orders", 500, error=True))
    assert in_short(Trace("t1", spans))[1:] == ("gateway: op a", "2.5 ms", "1", "gateway orders")
    assert in_short(Trace("t1", spans[:1]))[3] == ""
