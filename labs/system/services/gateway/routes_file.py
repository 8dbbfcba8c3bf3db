"""Reads the routes file: YAML with `${VAR}` and `${VAR:-default}`, every problem a sentence with its line.

Variables are put into values after the YAML is parsed, not into its text before: a value with a colon or a line
break in it stays a value and cannot become configuration.

Refuses to stop at the first mistake (all are reported), to repeat what a variable holds, duplicate keys, and
anchors (ten lines of them can stand for a billion values).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config import SELF, Configuration
from gateway.templates import Tree

Where = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
LARGEST = 1_048_576


class BadRoutes(Exception):
    """The file cannot be used; `problems` are sentences that start with file:line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read(path: Path, environment: Mapping[str, str]) -> Configuration:
    """The configuration in this file, or BadRoutes."""
    return _Reading(path, environment).configuration()


class _Reading:
    """One pass over one file: values, the line of each, and what is wrong with it."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment
        self._lines: dict[Where, int] = {}
        self._seen: set[int] = set()
        self._problems: list[str] = []

    def configuration(self) -> Configuration:
        values = self._value(self._tree(), ())
        if self._problems:
            raise BadRoutes(self._problems)
        try:
            found = Configuration.model_validate(values)
        except ValidationError as errors:
            for error in _told(errors):
                # The key of a mapping is named by its own name.
                where = tuple(part for part in error["loc"] if part != "[key]")
                self._complain(where, _sentence(error["msg"], error["type"]))
            raise BadRoutes(self._problems) from None
        self._check_names(found)
        self._check_methods(found)
        if self._problems:
            raise BadRoutes(self._problems)
        return found

    def _tree(self) -> yaml.Node:
        try:
            with self._path.open("rb") as file:
                content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise BadRoutes([f"{self._path}:1: the file is larger than {LARGEST} bytes"])
            node = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
        except OSError as error:
            raise BadRoutes([f"{self._path}:1: cannot be read: {error.strerror}"]) from None
        except UnicodeDecodeError:
            raise BadRoutes([f"{self._path}:1: is not UTF-8"]) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise BadRoutes([f"{self._path}:{mark.line + 1 if mark else 1}: {error.problem}"]) from None
        except (yaml.YAMLError, RecursionError) as error:
            raise BadRoutes([f"{self._path}:1: is not YAML: {type(error).__name__}"]) from None
        if node is None:
            raise BadRoutes([f"{self._path}:1: is empty"])
        return node

    def _value(self, node: yaml.Node, where: Where) -> Any:
        self._lines[where] = node.start_mark.line + 1
        if id(node) in self._seen:
            self._complain(where, "anchors are not supported, repeat the value")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*where, index)) for index, item in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:null":
            return None
        return self._substituted(str(node.value), where)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item in node.value:
            name = str(key.value)
            here = (*where, name)
            value = self._value(item, here)
            self._lines[here] = key.start_mark.line + 1
            if name in values:
                self._complain(here, "is there twice")
            values[name] = value
        return values

    def _substituted(self, text: str, where: Where) -> str:
        def variable(match: re.Match[str]) -> str:
            name, default = match.groups()
            value = self._environment.get(name) or default
            if value is None:
                self._complain(where, f"the variable {name} is not set and has no default")
            return value or ""

        return _VARIABLE.sub(variable, text)

    def _check_names(self, found: Configuration) -> None:
        if SELF in found.upstreams:
            self._complain(("upstreams", SELF), "is the gateway's own name")
        for index, route in enumerate(found.routes):
            if route.upstream != SELF and route.upstream not in found.upstreams:
                self._complain(("routes", index, "upstream"), f"there is no upstream '{route.upstream}'")
            if route.limit not in found.limits:
                self._complain(("routes", index, "limit"), f"there is no limit '{route.limit}'")

    def _check_methods(self, found: Configuration) -> None:
        tree: Tree[int] = Tree()
        for index, route in enumerate(found.routes):
            try:
                tree.add(route.path, route.methods, index)
            except ValueError as error:
                self._complain(("routes", index, "methods"), str(error))

    def _complain(self, where: Where, sentence: str) -> None:
        place = where
        while place and place not in self._lines:
            place = place[:-1]
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
        line = self._lines.get(place, 1)
        self._problems.append(f"{self._path}:{line}: {name + ': ' if name else ''}{sentence}")


def _told(errors: ValidationError) -> list[ErrorDetails]:
    """Without "has no items" where that is so only because the items there are were all refused."""
    found = errors.errors(include_url=False, include_input=False)

    def follows(error: ErrorDetails) -> bool:
        where = error["loc"]
        return error["type"] == "too_short" and any(one["loc"][: len(where)] == where != one["loc"] for one in found)

    return [error for error in found if not follows(error)]


def _sentence(message: str, kind: str) -> str:
    known = {"extra_forbidden": "is not a setting", "missing": "is missing"}
    return known.get(kind) or message.removeprefix("Value error, ")
