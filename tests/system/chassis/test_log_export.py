"""Log lines on their way to a receiver: complete when it is there, harmless when it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from prometheus_client import REGISTRY

from chassis import log_export
from chassis.log_export import Sender, encode
from processes.ports import free_ports
from tests.system.chassis.collector import Collector, collecting
from tests.system.harness.waiting import eventually

LINE = {
    "ts": "2026-01-01T00:00:00.000+00:00",
    "level": "ERROR",
    "service": "small",
    "instance": "one",
    "message": "it broke",
    "logger": "test",
    "trace_id": "a" * 32,
    "span_id": "b" * 16,
    "correlation_id": "corr-1",
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_export, "EVERY", 0.02)
    monkeypatch.setattr(log_export, "MAX_PAUSE", 0.05)
    monkeypatch.setattr(log_export, "SEND_TIMEOUT", 0.3)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A receiver that takes everything."""
    with collecting() as found:
        yield found


@pytest.fixture
def sender(collector: Collector) -> Iterator[Sender]:
    """A sender to it."""
    made = Sender(collector.url, "small", "one")
    yield made
    collector.hang.set()
    made.close(5)


def _dropped() -> float:
    return REGISTRY.get_sample_value("log_lines_dropped_total") or 0


def _messages(collector: Collector) -> list[str]:
    return [record.body.string_value for record in collector.records()]


def test_a_line_arrives_with_everything_one_searches_by(collector: Collector, sender: Sender) -> None:
    """Time, severity, text, trace, and the other fields as attributes."""
    sender.offer(1.5, LINE)
    (record,) = eventually(collector.records)
    assert (record.time_unix_nano, record.severity_text, record.severity_number) == (1_500_000_000, "ERROR", 17)
    assert record.body.string_value == "it broke"
    assert (record.trace_id.hex(), record.span_id.hex()) == ("a" * 32, "b" * 16)
    attributes = {pair.key: pair.value.string_value for pair in record.attributes}
    assert attributes == {"logger": "test", "correlation_id": "corr-1"}
    request = ExportLogsServiceRequest.FromString(collector.bodies[0])
    resource = {pair.key: pair.value.string_value for pair in request.resource_logs[0].resource.attributes}
    assert resource == {"service.name": "small", "service.instance.id": "one"}


def test_many_lines_arrive_in_order_and_in_batches(collector: Collector, sender: Sender) -> None:
    """Each once; far fewer requests than lines."""
    for number in range(2000):
        sender.offer(number, {**LINE, "message": str(number)})
    eventually(lambda: len(_messages(collector)) >= 2000)
    assert _messages(collector) == [str(number) for number in range(2000)]
    assert len(collector.bodies) < 50


@pytest.mark.parametrize("trouble", [503, 429, "garbage", "hang"])
def test_what_could_not_be_sent_is_sent_later(collector: Collector, sender: Sender, trouble: int | str) -> None:
    """The receiver is overloaded, something else, or silent: the lines wait for it, and nobody waits for them."""
    if isinstance(trouble, int):
        collector.status = trouble
    elif trouble == "hang":
        collector.hang.clear()
    else:
        collector.garbage = True
    sender.offer(1, LINE)
    eventually(lambda: collector.asked >= 2)
    collector.status, collector.garbage = 200, False
    collector.hang.set()
    eventually(lambda: "it broke" in _messages(collector))


def test_what_the_receiver_will_never_take_is_dropped_and_counted(collector: Collector, sender: Sender) -> None:
    """A 400 would be a 400 tomorrow; the lines behind it must not wait for ever."""
    before = _dropped()
    collector.status = 400
    sender.offer(1, LINE)
    eventually(lambda: _dropped() == before + 1)
    collector.status = 200
    sender.offer(2, {**LINE, "message": "next"})
    eventually(lambda: _messages(collector) == ["next"])


def test_a_receiver_that_is_down_costs_a_bounded_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """offer() never waits; beyond the limit the newest lines are dropped and counted, and closing has its limit too."""
    monkeypatch.setattr(log_export, "MAX_QUEUED", 100)
    (nobody,) = free_ports(1)
    sender = Sender(f"http://127.0.0.1:{nobody}", "small", "one")
    before = _dropped()
    for number in range(1000):
        sender.offer(number, {**LINE, "message": str(number)})
    assert _dropped() == before + 900
    assert len(sender._queue) == 100
    sender.close(1)


def test_closing_sends_what_is_queued(collector: Collector) -> None:
    """The last lines of a process are the ones that say why it ended."""
    sender = Sender(collector.url, "small", "one")
    sender.offer(1, {**LINE, "message": "stopped"})
    sender.close(5)
    assert _messages(collector) == ["stopped"]


VALUE = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=3)


@given(st.text(), st.dictionaries(st.text(max_size=20), VALUE, max_size=5))
def test_every_line_can_be_encoded(message: str, fields: dict[str, object]) -> None:
    """One odd value must not cost the whole batch, lone surrogates and huge numbers included."""
    body = encode(Resource(), [(1.0, {**fields, **LINE, "message": message})])
    (record,) = ExportLogsServiceRequest.FromString(body).resource_logs[0].scope_logs[0].log_records
    assert record.body.string_value == message.encode("utf-8", "replace").decode()
