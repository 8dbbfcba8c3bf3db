"""What Orders counts.  Refuses labels with ids in them, and to count what was rolled back."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.metrics import registry

orders = Counter(
    "orders_total",
    "Orders by what became of them: placed, replayed, confirmed, or the reason of the cancellation.",
    ["outcome"],
    registry=registry,
)
saga_duration = Histogram(
    "saga_duration_seconds",
    "From placing an order until nothing is owed any more.",
    ["mode", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
    registry=registry,
)
# Read from the database by every instance: take max(), not sum().
sagas_open = Gauge("sagas_open", "Sagas that have not ended, by step.", ["mode", "step"], registry=registry)
saga_repeats = Counter("saga_commands_repeated_total", "Commands sent again by the orchestrator.", registry=registry)


def after_commit(connection: AsyncConnection, count: Callable[[], None]) -> None:
    """Count when the transaction commits, which a consumer's handler does not see; a rollback counts nothing."""
    assert connection.sync_connection is not None

    def committed(_connection: object) -> None:
        count()

    event.listen(connection.sync_connection, "commit", committed, once=True)
