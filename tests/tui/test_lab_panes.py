"""The live panes of a lab: map, logs, traces, queues, requests; what they show, and what they say when they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.labs.engine.inmemory import MemoryEngine
from tests.labs.sitting import Learner, learner
from tests.labs.telemetry_parts import TRACE, export, observer_on_a_port, order_placed
from tests.tui.laboratory import seated
from tests.tui.shell import SIZES, SMALL, Desk
from tutor.labs.engine.base import Action, LogLine, PartFacts, Running
from tutor.labs.queues import Queue
from tutor.labs.run import Run
from tutor.labs.spans import Span, Trace
from tutor.labs.traffic import Counted, Rate, Sample
from tutor.tui.widgets.lab.console import pretty
from tutor.tui.widgets.lab.logs import LogsPane
from tutor.tui.widgets.lab.queues import table
from tutor.tui.widgets.lab.system_map import drawn
from tutor.tui.widgets.lab.trace_view import trace_rows, waterfall

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARTS = ("gateway", "users", "orders", "inventory", "payments", "notifications", "rabbitmq", "users-db")
COUNTED = 'http_requests_total{method="GET",route="/x",status="200"} 41\n'


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has the small lab, about queues, and has started nothing yet."""
    yield from learner(tmp_path / "lab", topic="queues")


def facts(**changes: object) -> list[PartFacts]:
    """Every part, well, but for one of orders."""
    found = [PartFacts(part, f"{part}-1", "running", "healthy") for part in PARTS]
    return [replace(one, **changes) if one.part == "orders" else one for one in found]  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [40, 61, 76, 110])
def test_the_map_fits_its_width_and_says_what_was_counted(width: int) -> None:
    """Requests on the way to the gateway and to each service, events to and from the broker, no line too long."""
    sample = Sample(
        AT,
        {
            "gateway": Counted(requests=120, errors=3, calls={"orders": 80, "users": 40}),
            "orders": Counted(80, published=12, handled=7, waiting=2, breakers={"payments": 2.0}),
        },
        {"payments": "payments does not accept connections"},
    )
    rates = {"gateway": Rate(requests=2.5, calls={"orders": 1.5}), "orders": Rate(published=0.5, handled=0.25)}
    text = drawn(facts(), sample, rates, "rabbitmq", width).plain
    assert all(len(line) <= max(width, 70) for line in text.splitlines() if "No data of" not in line)
    for words in ("2.5/s  120 so far, 3 failed", "1.5/s  80 so far", "▲ 0.5/s", "outbox: 2 wait", "✓ rabbitmq ",
                  "No data of payments: payments does not accept connections", "no data"):  # fmt: skip
        assert words in text, words


def test_the_map_tells_what_is_not_well() -> None:
    """An instance that has ended or is unhealthy is marked and named; of several instances it is said how many are."""
    text = drawn(facts(state="exited", health="none", exit_code=137, restarts=2), None, {}, "rabbitmq", 70).plain
    assert "✗ orders-1: exited with code 137, restarted 2 times" in text and "✗ orders" in text
    assert "◐ orders" in drawn(facts(health="unhealthy"), None, {}, "rabbitmq", 70).plain
    two = [*facts(), PartFacts("orders", "orders-2", "exited", "none")]
    assert "✗ orders 1 of 2" in drawn(two, None, {}, "rabbitmq", 70).plain
    assert drawn([], None, {}, "rabbitmq", 70).plain == "Nothing of the system is known yet."


@pytest.mark.parametrize("size", SIZES)
async def test_the_map_is_drawn_from_what_runs(studied: Desk, ana: Learner, size: tuple[int, int]) -> None:
    """Counters of the services as they are; who has none is named; a part that stops is seen."""
    async with seated(studied, ana, size) as seat:
        ana.project.shop.metrics = {"gateway": COUNTED}
        await seat.tab("map")
        await seat.sees("41 so far")
        await seat.sees("No data of orders: orders has no metrics: HTTP 404")
        running = ana.run().running
        assert running is not None
        MemoryEngine(ana.world).act(running, Action("stop", "redis"))
        await seat.sees("redis-1: exited with code 0")


async def test_logs_are_chosen_by_part_and_filtered(studied: Desk, ana: Learner) -> None:
    """First all services, then everything, then each part; a piece of a correlation id finds its lines."""
    async with seated(studied, ana, SMALL) as seat:
        for part in ("orders", "users"):
            fields = {"message": f"said by {part}", "correlation_id": f"c0ffee-{part}"}
            line = LogLine(part, f"{part}-1", ana.now(), f"{part} c0ffee-{part}", fields)
            ana.project.lines.append(line)
        await seat.tab("logs")
        await seat.sees("orders said by orders c0ffee-o")
        assert "redis starting" not in seat.text
        await seat.press("n")
        await seat.sees("redis starting")
        await seat.press("b", "slash")
        await seat.write("ffee-users")
        await seat.press("enter")
        await seat.sees("Lines of all services with `ffee-users`, followed")
        await seat.until(lambda: "said by orders" not in seat.text and "said by users" in seat.text)
        await seat.press("space")
        assert "held still" in seat.text
        ana.project.lines.clear()
        seat.screen.query_one(LogsPane).look()
        await seat.press("space")
        await seat.sees("No line holds `ffee-users`.")


def at_observer(port: int) -> object:
    """A change of the run: observer listens there."""

    def change(run: Run) -> Run:
        assert isinstance(run.running, Running)
        addresses = {**run.running.addresses, "observer.http": f"127.0.0.1:{port}"}
        return replace(run, running=replace(run.running, addresses=addresses), started=AT)

    return change


@pytest.mark.parametrize("size", SIZES)
async def test_a_trace_is_a_waterfall(studied: Desk, ana: Learner, tmp_path: Path, size: tuple[int, int]) -> None:
    """The newest requests as a list; Enter draws every span of one below its cause; Esc goes back to the list."""
    async with observer_on_a_port(tmp_path / "observer") as observer, seated(studied, ana, size) as seat:
        await export(observer, *order_placed(int(AT.timestamp()) + 10))
        ana.site().file.update(at_observer(int(observer.base_url.port or 0)))  # type: ignore[arg-type]
        await seat.tab("traces")
        await seat.sees("gateway: POST /api/orders")
        await seat.press("enter")
        await seat.sees(f"trace {TRACE}")
        await seat.sees("inventory process order")
        await seat.press("escape")
        await seat.sees("The newest requests")


async def test_a_lab_without_traces_says_so(studied: Desk, ana: Learner) -> None:
    """A sentence, not an empty list; likewise for queues."""
    async with seated(studied, ana, SMALL) as seat:
        await seat.tab("traces")
        await seat.sees("this lab keeps no traces")
        await seat.tab("queues")
        await seat.sees("This lab has no queues: no broker is among its parts.")


@pytest.mark.parametrize("size", SIZES)
async def test_requests_are_sent_and_kept(studied: Desk, ana: Learner, size: tuple[int, int]) -> None:
    """The answer, the curl command, the account; one leaves the form, points at an earlier one, takes it up again."""
    async with seated(studied, ana, size) as seat:
        await seat.tab("requests")
        await seat.write("GET /api/products")
        await seat.press("enter")
        await seat.sees('"items": []')
        await seat.sees("HTTP 200")
        await seat.sees("curl -i")
        await seat.press("f2", "f2")
        await seat.write("/x")
        await seat.press("enter")
        await seat.sees("404 GET /api/products/x")
        await seat.sees("as customer")
        await seat.press("escape", "down", "enter")
        form = seat.screen.query_one("#request-line")
        assert form.has_focus and getattr(form, "value", "") == "GET /api/products"
        await seat.press("escape", "escape", "enter", "7")
        await seat.sees("404 GET /api/products/x")


async def test_what_cannot_be_sent_is_a_sentence(studied: Desk, ana: Learner) -> None:
    """No request, nobody logged in, a lab that does not run."""
    async with seated(studied, ana, SMALL) as seat:
        await seat.tab("requests")
        await seat.press("enter")
        await seat.sees("That is no request.")
        await seat.press("f2")
        await seat.write("/api/users/me")
        await seat.press("enter")
        await seat.sees("Nobody has logged in from here yet.")
        await seat.press("escape")
        await seat.does("S", "y")
        await seat.tab("requests")
        await seat.press("enter")
        await seat.sees("The lab does not run, so nobody would answer.")


def span(number: int, parent: int, service: str, start: int, took: int, error: bool = False) -> Span:
    """A span; times in microseconds."""
    ids = ("", *(f"{at:016x}" for at in range(1, 400)))
    return Span("a" * 32, ids[number], ids[parent], service, "", f"op {number}", "server", start, took, error)


def test_a_waterfall_shows_causes_times_and_errors() -> None:
    """Each span is indented below its cause, its bar where it ran; an error is said in words; very long ones end."""
    trace = Trace("a" * 32, (span(1, 0, "gateway", 0, 100_000), span(2, 1, "orders", 50_000, 50_000, error=True)))
    lines = waterfall(trace, 80).plain.splitlines()
    assert lines[1] == "100.0 ms, 2 spans of 2 services"
    assert lines[3].startswith("gateway op 1") and lines[4].startswith("  orders op 2") and "error" in lines[5]
    assert lines[4].index("█") - lines[3].index("█") == lines[3].count("█") // 2
    (row,) = trace_rows([trace])
    assert row.mark == "✗" and "1 with an error" in row.notes[0][1].plain
    long = Trace("a" * 32, tuple(span(at, at - 1, "orders", at, 1) for at in range(1, 300)))
    assert waterfall(long, 60).plain.endswith("... and 99 more")


def test_queues_that_hold_something_are_shown() -> None:
    """Those with a reader or a message; how many others there are; what nobody knows; rates where there is room."""
    queues = [
        Queue("orders.saga", "quorum", 2, 1, 1, 0.5, 0.25),
        Queue("orders.saga.dead", "quorum", 3, 0, 0),
        Queue("orders.saga.retry.1", "quorum", 0, 0, 0),
        Queue("a.name." + "that.is.long." * 5, "quorum", None, None, 1),
    ]
    wide, narrow = table(queues, 76).plain, table(queues, 50).plain
    assert wide.splitlines()[1].split() == ["orders.saga", "2", "1", "1", "0.5", "0.2"]
    assert "retry" not in wide.splitlines()[3] and "and 1 that hold nothing" in wide
    assert "in/s" not in narrow and all(len(line) <= 76 for line in wide.splitlines())
    assert narrow.splitlines()[3].split()[1:] == ["-", "-", "1"]


def test_answers_are_laid_out() -> None:
    """JSON over several lines, other text as it is, the beginning of something huge."""
    assert pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert pretty("plain") == "plain"
    assert pretty("x" * 30_000).endswith("... and 10000 characters more")
