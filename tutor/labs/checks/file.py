"""Looks at a file of the learner's workspace. Refuses paths that lead out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tutor.labs.check import CannotLook, Check, Observation
from tutor.labs.reach import Reach
from tutor.labs.solving import RelativePath

MAX_BYTES = 1_000_000


class FileCheck(Check):
    """One file."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "exists": "whether there is a plain file of this name",
        "text": "what it holds",
    }

    OUTSIDE: ClassVar[bool] = False

    kind: Literal["file"]
    path: RelativePath

    async def look(self, reach: Reach) -> Observation:
        """Read it, if it is there."""
        place = (reach.workspace / self.path).resolve()
        if not place.is_relative_to(reach.workspace.resolve()):
            raise CannotLook(f"{self.path} leads out of the workspace")
        values: dict[str, object] = {"exists": place.is_file()}
        if place.is_file():
            try:
                with place.open("rb") as stream:
                    values["text"] = stream.read(MAX_BYTES).decode(errors="replace")
            except OSError as error:
                raise CannotLook(f"{self.path} cannot be read: {error.strerror}") from None
        return Observation(values, command=f"cat {self.path}")
