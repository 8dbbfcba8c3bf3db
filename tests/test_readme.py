"""README is the front door: what it claims is generated or checked here."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests import generated
from tutor import paths
from tutor.content.library import Library

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", generated.PARTS)
def test_generated_parts_are_current(name: str) -> None:
    """Keys, exit codes, labs and kinds of check are those of the program; `python -m tests.generated` writes them."""
    assert generated.part(name) == generated.PARTS[name][1]()


def test_counts_are_those_of_the_content(tmp_path: Path) -> None:
    """The number of questions and of mock interviews in README are those of the pack."""
    index = Library(paths.pack_dir(None), tmp_path).index
    assert f"**{len(index.entries)} questions**" in README
    assert f"**{len(index.scenarios)} mock interviews**" in README


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_links_lead_somewhere(text: str) -> None:
    """Every relative link and picture exists."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)\)", text)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def _commands() -> list[tuple[str, ...]]:
    """Every `tutor` command line that README and CONTRIBUTING show, up to its first argument that is no word."""
    lines = re.findall(r"^(?:\.venv/bin/)?tutor ([^#\n]+)", README + CONTRIBUTING, re.MULTILINE)
    lines += re.findall(r"`(?:\.venv/bin/)?tutor ([^`]+)`", README + CONTRIBUTING)
    return sorted({tuple(re.findall(r"(?<!\S)-{0,2}[a-z][a-z-]*(?!\S)", line)) for line in lines})


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_commands_and_options_exist(words: tuple[str, ...]) -> None:
    """Each command that the documents show has help, and its help names each option shown."""
    names = [word for word in words if not word.startswith("-")]
    options = {word for word in words if word.startswith("--")} - {"--help", "--json"}
    known = _help(*names[: 2 if names[:1] in (["content"], ["export"], ["lab"]) else 1]) + _help()
    assert [option for option in sorted(options) if option not in known] == []


@cache
def _help(*names: str) -> str:
    command = [sys.executable, "-m", "tutor", *names, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout
