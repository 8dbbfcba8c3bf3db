"""Says where an edited file cannot be read by what will run it, before a service says so. Refuses to run anything, and
to judge more than syntax: the service's own error is shown all the same.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable
from pathlib import Path

from tutor.errors import Problem

MAX_BYTES = 1_000_000


def misspelt(workspace: Path, files: Iterable[str]) -> list[Problem]:
    """What is wrong in these files of the workspace; those that are gone, or of another kind, are passed over."""
    found = []
    for name in files:
        path = workspace / name
        if path.suffix in _READERS and path.is_file() and path.stat().st_size <= MAX_BYTES:
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                found.append(Problem(path, 0, f"is not UTF-8: byte {error.start}"))
                continue
            line, what = _READERS[path.suffix](text)
            if what:
                found.append(Problem(path, line, what))
    return found


def _python(text: str) -> tuple[int, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is the service's business
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 0, f"SyntaxError: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return 0, f"cannot be read as Python: {error}"
    return 0, ""


def _yaml(text: str) -> tuple[int, str]:
    from tutor.yamlfile import syntax_problem

    problem = syntax_problem(text)
    if not problem:
        return 0, ""
    line, _, what = problem.removeprefix("line ").partition(": ")
    return int(line), what


def _json(text: str) -> tuple[int, str]:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return getattr(error, "lineno", 0), f"is not valid JSON: {error}"
    return 0, ""


_READERS = {".py": _python, ".yaml": _yaml, ".yml": _yaml, ".json": _json}
