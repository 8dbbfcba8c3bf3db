"""Sends one HTTP request to a part of the system. Refuses redirects, retries and addresses outside of the lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from tutor.labs.check import CannotLook, Check, Observation, Part
from tutor.labs.reach import Reach


class HttpCheck(Check):
    """One request and its answer."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "status": "the status code",
        "headers": "headers by lower-case name",
        "json": "the body as JSON, nothing when it is none",
        "body": "the body as text",
        "duration_ms": "milliseconds until the whole answer was there",
    }

    kind: Literal["http"]
    part: Part = "gateway"
    port: Literal["http", "ops"] = "http"
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, StringConstraints(pattern="^/", max_length=2000)]
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Annotated[Any, Field(alias="json")] = None

    async def look(self, reach: Reach) -> Observation:
        """Send it and read the whole answer."""
        raise CannotLook("http is not finished", self.part)
