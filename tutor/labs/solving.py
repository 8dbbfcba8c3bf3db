"""What `skip` and the proof do in the learner's place, as declared by a lab. Pure: refuses to do any of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from tutor.labs.check import Part
from tutor.shapes import Line, Slug, Strict, Whole


def _relative(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"`{path}` leads out of its folder; write a path below it")
    return path


RelativePath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$", max_length=200), AfterValidator(_relative)
]


class Copy(Strict):
    """Take these files (all when empty) from `solution/` into the workspace, then apply."""

    do: Literal["copy"]
    files: tuple[RelativePath, ...] = ()


class Request(Strict):
    """One HTTP request, as the `http` check writes it. A status of 400 or more is a failure of the solution."""

    do: Literal["http"]
    part: Part
    port: Literal["http", "ops"] = "http"
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Annotated[str, StringConstraints(pattern="^/", max_length=2000)]
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Annotated[Any, Field(alias="json")] = None
    as_: Annotated[str | None, Field(alias="as")] = None
    """An account: `customer`, `stranger`, `support`, `admin`, or `rabbitmq` for its management user."""
    capture: dict[str, Line] = Field(default_factory=dict)
    times: Annotated[Whole, Field(ge=1, le=200)] = 1
    allow_status: tuple[Whole, ...] = ()


class Redis(Strict):
    """Commands to Redis, each a list of words."""

    do: Literal["redis"]
    commands: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]


class Operate(Strict):
    """Something that is done to a part by hand: stop, start, kill, restart."""

    do: Literal["stop", "start", "kill", "pause", "resume", "restart"]
    part: Part
    instance: Annotated[Whole, Field(ge=1, le=10)] | None = None


class Find(Strict):
    """What the learner would type for an `input` check."""

    do: Literal["find"]
    check: Slug
    answer: Line


class Wait(Strict):
    """Wait that long: for what happens by itself, such as a lease that runs out."""

    do: Literal["wait"]
    seconds: Annotated[float, Field(gt=0, le=120)]


Action = Annotated[Copy | Request | Redis | Operate | Find | Wait, Field(discriminator="do")]
