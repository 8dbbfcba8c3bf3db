"""Calls a function of the lab, where nothing else can say it. Refuses code of a lab that is not trusted.

    kind: script
    function: tokens:signed_with_the_public_key     # tokens.py in the lab's folder
    arguments: {key: "${public_key}"}
    expect: {result: {exists: true}}
    capture: {forged_token: result.token}

The function is `async def name(reach, **arguments)`; what it returns is `result`, as plain data. It may raise
CannotLook, and anything else that it raises is an error of ours too, never a failure of the learner.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from tutor.labs.asking import within
from tutor.labs.check import CannotLook, Check, Observation, Period, seconds
from tutor.labs.checks.plain import plain
from tutor.labs.matching import shown
from tutor.labs.reach import Reach

FunctionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$", max_length=100)]

LONGEST = 120.0


class ScriptCheck(Check):
    """One function."""

    VALUES: ClassVar[Mapping[str, str]] = {"result": "what the function returned"}

    kind: Literal["script"]
    function: FunctionName
    arguments: Annotated[dict[str, Any], Field(max_length=20)] = Field(default_factory=dict)
    timeout: Period = "10s"

    @property
    def look_seconds(self) -> float:
        """As long as the lab gives it."""
        return min(seconds(self.timeout), LONGEST) + 1.0

    async def look(self, reach: Reach) -> Observation:
        """Call it."""
        if not reach.trusted:
            raise CannotLook("this lab wants to run code of its own, and is not trusted to")
        module, _, name = self.function.partition(":")
        arguments = reach.filled(self.arguments)
        async with within(self.look_seconds - 0.5, self.function):
            try:
                result = plain(await function(reach.lab_folder, module, name)(reach, **arguments))
            except (CannotLook, TimeoutError):
                raise
            except Exception as error:
                raise CannotLook(f"{self.function} broke: {type(error).__name__}: {error!s:.200}") from error
        return Observation({"result": result}, shown=reach.hiding().text(shown(result)))


def function(folder: Path, module: str, name: str) -> Callable[..., Awaitable[Any]]:
    """An async function of a module in a lab's folder. Raises: CannotLook when there is none."""
    place = (folder / f"{module}.py").resolve()
    if not place.is_relative_to(folder.resolve()) or not place.is_file():
        raise CannotLook(f"there is no {module}.py in the lab")
    spec = importlib.util.spec_from_file_location(f"tutor_lab_{folder.name.replace('-', '_')}_{module}", place)
    if spec is None or spec.loader is None:
        raise CannotLook(f"{module}.py cannot be loaded")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look their module up there
    spec.loader.exec_module(loaded)
    found: Callable[..., Awaitable[Any]] | None = getattr(loaded, name, None)
    if found is None or not inspect.iscoroutinefunction(found):
        raise CannotLook(f"{module}.py has no `async def {name}`")
    return found
