"""The `trace` kind, against a real observer on a real port, where a Jaeger would stand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.labs.checks.conftest import START
from tests.labs.checks.looking import Here, check, looked, unmet
from tests.labs.telemetry_parts import TRACE, export, observer_on_a_port, order_placed, other_trace
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach

NOW = int(START.timestamp()) + 10


@pytest.fixture
async def keeper(here: Here, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """An empty keeper of traces, where the lab's Jaeger would be."""
    async with observer_on_a_port(tmp_path) as client:
        here.addresses["jaeger.http"] = f"{client.base_url.host}:{client.base_url.port}"
        yield client


async def test_it_passes_and_fails_by_what_has_arrived(keeper: AsyncClient, reach: Reach) -> None:
    """Services, edges over HTTP and over the broker, parents, kinds, errors and attributes of one trace."""
    await export(keeper, *order_placed(NOW), other_trace(NOW))
    seen = await looked(reach, "trace", trace=TRACE)
    right: dict[str, Any] = {
        "found": True,
        "traces": 1,
        "services": ["gateway", "inventory", "orders"],
        "span_count": 5,
        "edges": ["gateway>orders", "orders>inventory"],
        "errors": 1,
        "duration_ms": 2005,
        "spans": {
            "contains_all": [
                {
                    "service": "orders",
                    "parent_service": "gateway",
                    "kind": "server",
                    "error": False,
                    "duration_ms": 700,
                },
                {"service": "inventory", "parent": "send order.created", "kind": "consumer", "error": True},
                {"operation": "POST /api/orders", "parent": None, "attributes": {"http.route": "/api/orders"}},
            ]
        },
        "roots": {"contains": {"service": "gateway", "operation": "POST /api/orders"}},
    }
    assert unmet(right, seen) == []
    no_email = {"each": {"attributes": {"user.email": {"absent": True}}}}
    assert unmet({"edges": {"contains": "orders>users"}, "spans": no_email, "errors": 0}, seen) == [
        "edges",
        "spans[2].attributes.user.email",
        "errors",
    ]


async def test_a_span_whose_parent_is_missing_is_a_root(keeper: AsyncClient, reach: Reach) -> None:
    """A trace with a hole in it has more roots than one; so has one that began anew at the consumer."""
    gateway, _call, orders, *_rest = order_placed(NOW)
    await export(keeper, gateway, orders)
    seen = await looked(reach, "trace", trace=TRACE)
    assert unmet({"roots": {"len": 2}, "edges": {"empty": True}}, seen) == []


async def test_a_trace_that_has_not_arrived_is_something_seen(keeper: AsyncClient, reach: Reach) -> None:
    """It fails the check, and the evaluator looks again; so does an id that is none."""
    for id_ in (TRACE, "not-an-id"):
        seen = await looked(reach, "trace", trace=id_)
        right = {"found": False, "traces": 0, "span_count": 0, "spans": {"empty": True}, "duration_ms": None}
        assert unmet(right, seen) == []
        assert unmet({"found": True, "spans": {"each": {"error": False}}}, seen) == ["found", "spans"]


async def test_traces_are_found_by_service_operation_and_tag(keeper: AsyncClient, reach: Reach) -> None:
    """Those since the lab started, all of them together."""
    await export(keeper, *order_placed(NOW), other_trace(NOW), other_trace(1))
    reach.variables["who"] = "orders"
    assert unmet({"traces": 1, "span_count": 5}, await looked(reach, "trace", service="${who}")) == []
    assert unmet({"found": False}, await looked(reach, "trace", service="orders", operation="DELETE")) == []
    found = await looked(reach, "trace", service="inventory", tags={"error": "true"})
    assert unmet({"found": True, "errors": 1}, found) == []
    assert unmet({"found": False}, await looked(reach, "trace", service="gateway", tags={"error": "true"})) == []


async def test_a_trace_before_the_lab_does_not_count(keeper: AsyncClient, reach: Reach) -> None:
    """What happened before the learner began proves nothing."""
    await export(keeper, other_trace(int(START.timestamp()) - 10))
    assert unmet({"found": False}, await looked(reach, "trace", service="users")) == []


async def test_the_answer_can_be_read(keeper: AsyncClient, reach: Reach) -> None:
    """As indented lines; and the command asks the same."""
    await export(keeper, *order_placed(NOW))
    seen = await looked(reach, "trace", trace=TRACE)
    lines = seen.shown.splitlines()
    assert lines[0] == f"trace {TRACE}, 5 spans, 2005 ms"
    assert lines[3] == "      orders: POST /orders  700 ms"
    assert lines[5].endswith("inventory: process order.created  5 ms  FAILED")
    assert seen.command == f"curl -s {reach.url('jaeger')}/api/traces/{TRACE}"


async def test_a_lab_that_keeps_no_traces_is_an_error(reach: Reach) -> None:
    """It says what would keep them."""
    with pytest.raises(CannotLook, match="it runs neither jaeger nor observer"):
        await looked(reach, "trace", trace=TRACE)


@pytest.mark.parametrize("keys", [{}, {"trace": "a", "service": "b"}, {"trace": "a", "operation": "b"}])
def test_a_mistake_is_named(keys: dict[str, Any]) -> None:
    """One trace by its id, or those of a service."""
    with pytest.raises(ValueError, match="trace"):
        check("trace", **keys)
