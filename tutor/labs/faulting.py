"""Faults as a lab declares them: what hurts the system, each with what undoes it. Pure: refuses to do either."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tutor.labs.check import Part
from tutor.shapes import Line, Slug, Strict, Whole


class EngineFault(Strict):
    """Stop, kill, pause or cut off a part; undone by the opposite."""

    kind: Literal["stop", "kill", "pause", "disconnect"]
    id: Slug
    title: Line
    part: Part
    instance: Annotated[Whole, Field(ge=1, le=10)] | None = None
    """Which of several instances, from 1; all when absent."""


class ServiceFault(Strict):
    """What the gated fault endpoint of a service does (`labs/system/services/chassis/faults.py` has the same fields).

    Undone by clearing it; it also ends by itself, so that nothing lasts that nobody can undo.
    """

    kind: Literal["service"]
    id: Slug
    title: Line
    part: Part
    latency_ms: Annotated[Whole, Field(ge=0, le=60_000)] = 0
    jitter_ms: Annotated[Whole, Field(ge=0, le=60_000)] = 0
    error_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    status: Annotated[Whole, Field(ge=400, le=599)] = 503
    hang: bool = False
    memory_mb: Annotated[Whole, Field(ge=0, le=1024)] = 0
    path_prefix: Annotated[str, StringConstraints(pattern="^/", max_length=200)] = "/"
    for_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0

    @model_validator(mode="after")
    def _hurts(self) -> Self:
        if not (self.latency_ms or self.error_rate or self.hang or self.memory_mb):
            raise ValueError("say what goes wrong: `latency_ms`, `error_rate`, `hang` or `memory_mb`")
        return self


class ProviderFault(Strict):
    """How the stub of an outside provider behaves: payments' bank, or a channel of notifications; undone by `{}`."""

    kind: Literal["provider"]
    id: Slug
    title: Line
    part: Literal["payments", "notifications"]
    behaviour: Annotated[dict[str, Any], Field(min_length=1)]


Fault = Annotated[EngineFault | ServiceFault | ProviderFault, Field(discriminator="kind")]
