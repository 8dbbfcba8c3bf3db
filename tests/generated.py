"""The generated parts of README: `python -m tests.generated` writes them, a test checks that they are current."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tutor.errors import Exit

README = Path(__file__).resolve().parents[1] / "README.md"


def exit_code_table() -> str:
    """The exit codes as a Markdown table."""
    rows = [f"| {code.value} | {code.sentence} |" for code in Exit]
    return "\n".join(["| Code | Meaning |", "|---|---|", *rows])


def key_table() -> str:
    """The keys of the app as a Markdown table."""
    from tutor.tui import keys

    return keys.key_table().strip()


PARTS: dict[str, Callable[[], str]] = {"keys": key_table, "exit codes": exit_code_table}


def part(name: str) -> str:
    """What README holds between the marks of a part.

    Raises: AssertionError when the marks are gone.
    """
    found = re.search(_pattern(name), README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"README has lost the marks around its {name}"
    return found[2].strip()


def _pattern(name: str) -> str:
    return rf"(<!-- {name}: [^>]*-->\n)(.*?)(<!-- end of {name} -->)"


def _write() -> None:
    text = README.read_text(encoding="utf-8")
    for name, make in PARTS.items():
        before, old, after = re.split(_pattern(name), text, flags=re.DOTALL)[1:4]
        text = text.replace(f"{before}{old}{after}", f"{before}\n{make()}\n\n{after}")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write()
