"""The tools that read the code without running it, as tests: what they say is part of what must hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CODE = ["tutor", "tests", "bench", "labs"]
SERVICES = str(ROOT / "labs/system/services")


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "ruff", "check", *CODE],
        [sys.executable, "-m", "ruff", "format", "--check", *CODE],
        [sys.executable, "-m", "mypy"],
        [str(BIN / "lint-imports"), "--no-cache"],
        [str(BIN / "lint-imports"), "--no-cache", "--config", "labs/system/.importlinter"],
    ],
    ids=["ruff-check", "ruff-format", "mypy-strict", "import-contracts", "import-contracts-of-the-system"],
)
def test_tool_is_content(command: list[str]) -> None:
    """The tool finds nothing; when it does, what it prints is the failure."""
    env = {**os.environ, "PYTHONPATH": SERVICES}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
