"""The traces of a lab in progress, for a person: the newest ones, or one by its id. Refuses to draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tutor.errors import MachineError
from tutor.labs.bridge import finished
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach
from tutor.labs.spans import Trace
from tutor.labs.telemetry import TraceQuery, traces


def newest(reach: Reach, services: Sequence[str] = (), limit: int = 20) -> list[Trace]:
    """The newest traces since the lab was started, newest first: those in which one of these services took part.

    Raises: MachineError when the lab keeps no traces, or they cannot be read.
    """
    with _explained():
        return finished(lambda: _newest(reach, services, limit))


def one(reach: Reach, id_: str) -> Trace | None:
    """The trace of that id as far as it has arrived.

    Raises: as `newest` does.
    """
    with _explained():
        return finished(lambda: _one(reach, id_))


async def _newest(reach: Reach, services: Sequence[str], limit: int) -> list[Trace]:
    async with reach.open():
        kept = traces(reach)
        found: dict[str, Trace] = {}
        for service in services or await kept.services():
            query = TraceQuery(service, since=reach.started, limit=limit)
            found |= {trace.id: trace for trace in await kept.find(query)}
    return sorted(found.values(), key=lambda trace: -trace.spans[0].start_us)[:limit]


async def _one(reach: Reach, id_: str) -> Trace | None:
    async with reach.open():
        return await traces(reach).trace(id_)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except CannotLook as trouble:
        raise MachineError(f"The traces cannot be read: {trouble}.", "See: tutor lab status") from None
