"""Traces of a lab as text. Refuses to ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from tutor.cli.render import table
from tutor.errors import NothingToAsk
from tutor.labs.spans import Trace
from tutor.labs.waterfall import in_short, waterfall


def listed(traces: Sequence[Trace]) -> str:
    """A line per trace.

    Raises: NothingToAsk when there is none.
    """
    if not traces:
        raise NothingToAsk("No trace has arrived yet.", "Send a request through the gateway, and wait a second or two.")
    rows = [(trace.id, *in_short(trace)) for trace in traces]
    return table(("trace", "began", "first", "took", "errors", "services"), rows)


def drawn(trace: Trace | None, id_: str) -> str:
    """Every span below its cause.

    Raises: NothingToAsk when no span has arrived.
    """
    if trace is None:
        raise NothingToAsk(
            f"No span of trace {id_} has arrived.",
            "Services send theirs every second or two; the newest traces: tutor lab trace",
        )
    return "\n".join(waterfall(trace))
