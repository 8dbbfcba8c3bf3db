"""Rates out of counters: read as services expose them, compared over time, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis import metrics
from tests.labs.sitting import Learner, learner
from tutor.errors import MachineError, UsageError
from tutor.labs.engine.base import Action
from tutor.labs.traffic import Counted, Rate, Sample, counted, rates

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXPOSED = """# HELP http_requests_total HTTP requests answered.
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/products",status="200"} 7.0
http_requests_total{method="POST",route="/a \\"b\\"",status="503"} 2
gateway_attempts_total{upstream="orders",outcome="ok"} 5.0
gateway_attempts_total{upstream="orders",outcome="timeout"} 1.0
gateway_attempts_total{upstream="users",outcome="ok"} 2.0
gateway_attempts_total{upstream="passwords",outcome="ok"} 1.0
outbox_published_total 4.0
outbox_pending 2.0
events_handled_total{subscription="s",type="t",outcome="handled"} 1e1
breaker_state{name="payments"} 2.0
something_odd{} NaN
not a sample at all
"""


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has started nothing yet."""
    yield from learner(tmp_path)


def test_the_counters_of_a_service_are_read() -> None:
    """Summed over labels, by upstream where that matters; errors are answers with 5xx; anything else is passed over."""
    assert counted(EXPOSED) == Counted(9.0, 2.0, 4.0, 10.0, 2.0, {"orders": 6.0, "users": 3.0}, {"payments": 2.0})
    assert counted("") == Counted()


def test_what_the_chassis_exposes_is_understood() -> None:
    """The names and the format are those that the services really have."""
    before = counted(metrics.exposition().decode())
    metrics.observe("GET", "/products", 200, 0.01)
    metrics.observe("GET", "/products", 500, 0.01)
    after = counted(metrics.exposition().decode())
    assert after.requests == (before.requests or 0) + 2 and after.errors == before.errors + 1


def _sample(seconds: float, **services: Counted) -> Sample:
    return Sample(AT + timedelta(seconds=seconds), services, {})


def test_rates_need_two_looks_and_survive_a_restart() -> None:
    """Nothing after one look; growth per second after two; a counter that is smaller has begun anew."""
    first = _sample(0, orders=Counted(10, 1, published=4, handled=None, calls={"users": 2}))
    assert rates(None, first) == {} and rates(first, first) == {}
    second = _sample(
        2, orders=Counted(14, 2, published=5, handled=None, calls={"users": 4, "orders": 1}), users=Counted(1)
    )
    assert rates(first, second) == {"orders": Rate(2.0, 0.25, 0.5, None, {"users": 1.0, "orders": 0.5})}
    again = _sample(4, orders=Counted(3, 0, published=0, handled=None))
    assert rates(second, again)["orders"].requests == 1.5


def test_every_service_is_asked_and_who_is_silent_is_named(ana: Learner) -> None:
    """One that answers has its counters; one without any, and one that is stopped, has a reason."""
    list(ana.session().start())
    ana.project.shop.metrics = {"gateway": EXPOSED, "users": ""}
    engine = ana.site().engine("docker")
    _, running = ana.site().run()
    engine.act(running, Action("stop", "users"))
    found = ana.session().traffic()
    assert found.services == {"gateway": counted(EXPOSED)}
    assert found.silent == {
        "users": "users does not accept connections", "orders": "orders has no metrics: HTTP 404"
    }  # fmt: skip


def test_a_lab_that_does_not_run_has_no_traffic(ana: Learner) -> None:
    """Asked before the start, and when the engine is away, there is a sentence."""
    with pytest.raises(UsageError, match="not running"):
        ana.session().traffic()
    list(ana.session().start())
    with pytest.raises(MachineError, match="no queues"):
        ana.session().queues()
