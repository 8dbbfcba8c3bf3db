"""Faults on purpose: latency, errors, hanging and memory, for learning what the rest of the system does about them.

Refuses to exist unless FAULTS=on, to touch anything but the business port, and to last: each fault has an end.
"""

import asyncio
import random
import time
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from chassis.numbers import WHOLE
from chassis.problems import Problem, responses

MEBIBYTE = 1024 * 1024


class Fault(BaseModel):
    """What goes wrong, where, and for how long."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)

    latency_ms: Annotated[int, Field(ge=0, le=60_000), WHOLE] = 0
    jitter_ms: Annotated[int, Field(ge=0, le=60_000), WHOLE] = 0
    error_rate: float = Field(default=0, ge=0, le=1)
    status: Annotated[int, Field(ge=400, le=599), WHOLE] = 503
    hang: bool = False
    memory_mb: Annotated[int, Field(ge=0, le=1024), WHOLE] = 0
    path_prefix: str = Field(default="/", max_length=200, pattern="^/")
    for_seconds: float = Field(default=60, gt=0, le=3600)


class Faults:
    """At most one fault at a time."""

    def __init__(self) -> None:
        self._fault: Fault | None = None
        self._ends = 0.0
        self._over = asyncio.Event()
        self._ballast = b""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def active(self) -> bool:
        """Whether anything goes wrong at the moment."""
        return self._fault is not None

    def set(self, fault: Fault) -> None:
        """Replace what goes wrong."""
        self.clear()
        self._fault = fault
        self._ends = time.monotonic() + fault.for_seconds
        self._over = asyncio.Event()
        # Multiplying a byte writes every page; zeros would only be promised by the kernel and never be resident.
        self._ballast = b"\x01" * (fault.memory_mb * MEBIBYTE)
        self._timer = asyncio.get_running_loop().call_later(fault.for_seconds, self.clear)

    def clear(self) -> None:
        """Nothing goes wrong any more; what hangs goes on."""
        if self._timer:
            self._timer.cancel()
        self._fault = None
        self._ballast = b""
        self._over.set()

    def now(self) -> dict[str, object]:
        """The fault at work, and for how long still."""
        if self._fault is None:
            return {"active": False}
        return {"active": True, "ends_in": round(self._ends - time.monotonic(), 1), **self._fault.model_dump()}

    async def strike(self, path: str) -> None:
        """Do to this request what was asked for; raises the problem that it gets instead of an answer."""
        fault = self._fault
        if fault is None or not _concerns(fault.path_prefix, path):
            return
        over = self._over
        if fault.hang:
            await over.wait()
        delay = fault.latency_ms + random.uniform(0, fault.jitter_ms)
        if delay and not over.is_set():
            await asyncio.sleep(delay / 1000)
        if random.random() < fault.error_rate:
            raise Problem(fault.status, "Injected fault")


def _concerns(prefix: str, path: str) -> bool:
    # Health is spared unless it is meant: otherwise every fault would look like a dead instance at once.
    return path.startswith(prefix) and (prefix.startswith("/health") or not path.startswith("/health"))


def router(faults: Faults) -> APIRouter:
    """The endpoints of the ops port."""
    api = APIRouter(prefix="/faults", responses=responses(422))

    @api.get("")
    async def show() -> dict[str, object]:
        return faults.now()

    @api.put("")
    async def replace(fault: Fault) -> dict[str, object]:
        faults.set(fault)
        return faults.now()

    @api.delete("", status_code=204)
    async def remove() -> None:
        faults.clear()

    return api
