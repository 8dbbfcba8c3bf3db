"""A small valid pack that a test may break, and a bank of questions of any size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tutor.content.starter import write_starter

QUESTIONS = "questions/http-caching.yaml"


class PackFolder:
    """A pack on disk, edited as text."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_starter(folder)

    def path(self, name: str) -> Path:
        """The file `name` of the pack."""
        return self.folder / name

    def text(self, name: str) -> str:
        """What the file holds."""
        return self.path(name).read_text(encoding="utf-8")

    def write(self, name: str, text: str | bytes) -> Path:
        """Put `text` into the file, whatever it held."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        """Change the first `old` in the file, which must be there."""
        text = self.text(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new, 1))

    def line(self, name: str, needle: str) -> int:
        """The first line of the file that holds `needle`, from 1."""
        lines = self.text(name).splitlines()
        return next(number for number, line in enumerate(lines, start=1) if needle in line)

    def add_bank(self, questions: list[dict[str, Any]]) -> Path:
        """Add a file of questions, and a checklist item that leads to all of them."""
        item = {
            "id": "bank",
            "text": "Knows the bank",
            "means": "All of it.",
            "questions": [one["id"] for one in questions],
        }
        checklist = yaml.safe_load(self.text("checklist.yaml"))
        checklist["checklist"] = [*(one for one in checklist["checklist"] if one["id"] != "bank"), item]
        self.write("checklist.yaml", yaml.safe_dump(checklist))
        return self.write("questions/bank.yaml", yaml.safe_dump({"questions": questions}, sort_keys=False))


@pytest.fixture
def pack(tmp_path: Path) -> PackFolder:
    """The starter pack in a folder of its own."""
    return PackFolder(tmp_path / "pack")


def single(number: int, right: int = 0, longest: bool = False, **changes: Any) -> dict[str, Any]:
    """A valid single question about nothing, with the right option in place `right` (from 0)."""
    words = [f"w{number}x{position}" for position in range(12)]
    options: list[dict[str, Any]] = [
        {"text": f"outcome {name} of case {number}", "why": f"It is {name}."} for name in ("ax", "bx", "cx")
    ]
    answer = {"text": f"outcome dx of case {number}" + ("!" * 4 * longest), "why": "It is dx.", "correct": True}
    options.insert(right, answer)
    question = {
        "id": f"bank-{number}",
        "kind": "single",
        "topic": "http-caching",
        "level": ("junior", "mid", "mid", "senior")[number % 4],
        "prompt": " ".join(words),
        "options": options,
        "why": "Because of the case.",
        "sources": [{"title": "RFC 9110", "url": "https://www.rfc-editor.org/rfc/rfc9110", "kind": "rfc"}],
    }
    return question | changes
