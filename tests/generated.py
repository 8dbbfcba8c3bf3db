"""The generated parts of the documents: `python -m tests.generated` writes them, a test checks that they are so."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from tutor.errors import Exit

ROOT = Path(__file__).resolve().parents[1]
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"


def exit_code_table() -> str:
    """The exit codes as a Markdown table."""
    rows = [f"| {code.value} | {code.sentence} |" for code in Exit]
    return "\n".join(["| Code | Meaning |", "|---|---|", *rows])


def key_table() -> str:
    """The keys of the app as a Markdown table."""
    from tutor.tui import keys

    return keys.key_table().strip()


def lab_table() -> str:
    """The labs that ship, by day."""
    from tutor import paths
    from tutor.labs.library import Library

    labs = sorted(
        (found.lab for found in Library(paths.bundled_labs()).catalogue().labs), key=lambda lab: (lab.topic, lab.title)
    )
    rows = [
        f"| {lab.topic.removeprefix('day-')} | `{lab.id}` | {lab.title} | {lab.level.value}, {lab.minutes} min | "
        f"{lab.does} | {', '.join(lab.system.engines)} |"
        for lab in labs
    ]
    return "\n".join(["| Day | Lab | About | | You | Runs on |", "|---|---|---|---|---|---|", *rows])


def check_kinds() -> str:
    """Each kind of check: what it does, its examples, and what `expect` may name."""
    from tutor.labs.checks.kinds import KINDS

    return "\n\n".join(_kind(kind) for kind in KINDS)


def _kind(kind: type) -> str:
    module = inspect.getmodule(kind)
    assert module is not None and module.__doc__ is not None
    told = ast.get_docstring(ast.parse(inspect.getsource(module))) or ""
    name = module.__name__.rpartition(".")[2]
    values = "; ".join(f"`{value}` {meaning}" for value, meaning in kind.VALUES.items())  # type: ignore[attr-defined]
    return f"### `{name}`\n\n{_fenced(told)}\n\n`expect` may name: {values}."


def _fenced(text: str) -> str:
    """Indented blocks as fenced YAML, the rest as it is."""
    blocks = re.split(r"\n\n(?=\S)|\n\n(?=    )", text)
    return "\n\n".join(f"```yaml\n{dedent(block)}\n```" if block.startswith("    ") else block for block in blocks)


PARTS: dict[str, tuple[Path, Callable[[], str]]] = {
    "keys": (README, key_table),
    "exit codes": (README, exit_code_table),
    "labs": (README, lab_table),
    "kinds of check": (CONTRIBUTING, check_kinds),
}


def part(name: str) -> str:
    """What its document holds between the marks of a part.

    Raises: AssertionError when the marks are gone.
    """
    file, _ = PARTS[name]
    found = re.search(_pattern(name), file.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{file.name} has lost the marks around its {name}"
    return found[2].strip()


def _pattern(name: str) -> str:
    return rf"(<!-- {name}: [^>]*-->\n)(.*?)(<!-- end of {name} -->)"


def _write() -> None:
    for name, (file, make) in PARTS.items():
        text = file.read_text(encoding="utf-8")
        before, old, after = re.split(_pattern(name), text, flags=re.DOTALL)[1:4]
        file.write_text(text.replace(f"{before}{old}{after}", f"{before}\n{make()}\n\n{after}"), encoding="utf-8")


if __name__ == "__main__":
    _write()
