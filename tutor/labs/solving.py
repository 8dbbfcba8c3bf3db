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


class Doing(Strict):
    """One thing that is done."""

    @property
    def words(self) -> str:
        """What it does, in a line, for people."""
        raise AssertionError(f"{type(self).__name__} does not say what it does")


class Copy(Doing):
    """Take these files (all when empty) from `solution/` into the workspace, then apply."""

    do: Literal["copy"]
    files: tuple[RelativePath, ...] = ()

    @property
    def words(self) -> str:
        """The files."""
        return f"copy {', '.join(self.files) or 'all files of the solution'}"


class Request(Doing):
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

    @property
    def words(self) -> str:
        """The request, by whom, how often."""
        by = f" as {self.as_}" if self.as_ else ""
        often = f", {self.times} times" if self.times > 1 else ""
        return f"{self.method} {self.path} at {self.part}{by}{often}"


class Redis(Doing):
    """Commands to Redis, each a list of words."""

    do: Literal["redis"]
    commands: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]

    @property
    def words(self) -> str:
        """The commands."""
        return "redis-cli " + "; ".join(" ".join(command) for command in self.commands)


class Operate(Doing):
    """Something that is done to a part by hand: stop, start, kill, restart."""

    do: Literal["stop", "start", "kill", "pause", "resume", "restart"]
    part: Part
    instance: Annotated[Whole, Field(ge=1, le=10)] | None = None

    @property
    def words(self) -> str:
        """What, and to which part."""
        return f"{self.do} {self.part}" + (f" number {self.instance}" if self.instance else "")


class Find(Doing):
    """What the learner would type for an `input` check."""

    do: Literal["find"]
    check: Slug
    answer: Line

    @property
    def words(self) -> str:
        """The finding."""
        return f'tutor lab find {self.check} "{self.answer}"'


class Wait(Doing):
    """Wait that long: for what happens by itself, such as a lease that runs out."""

    do: Literal["wait"]
    seconds: Annotated[float, Field(gt=0, le=120)]

    @property
    def words(self) -> str:
        """How long."""
        return f"wait {self.seconds:g} s"


Action = Annotated[Copy | Request | Redis | Operate | Find | Wait, Field(discriminator="do")]
