"""What a stranger does first: README's commands in a clean clone, and the wheel alone in an empty virtualenv."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
HOME_SCREEN = "Week 7"

pytestmark = pytest.mark.install


def _commands() -> list[str]:
    """The first two commands of README: run it, test it."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")][:2]


def _clean_environment(home: Path) -> dict[str, str]:
    """An environment that knows nothing of the virtualenv these tests run in."""
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "TUTOR_HOME", "TUTOR_CONTENT", "NO_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    own = str(Path(sys.prefix) / "bin")
    kept["PATH"] = os.pathsep.join(part for part in kept["PATH"].split(os.pathsep) if part != own)
    return {**kept, "TUTOR_HOME": str(home), "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of what is committed."""
    folder = tmp_path_factory.mktemp("clone") / "tutor"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def installed(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The bin folder of an empty virtualenv with nothing but the wheel in it, far from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    wheels = folder / "dist"
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(clone)]
    subprocess.run(build, check=True)
    [wheel] = wheels.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]  # works without ensurepip, as on Debian
    subprocess.run([*pip, "install", "--quiet", str(wheel)], check=True)
    yield python.parent


def test_readme_starts_the_app_in_a_clean_clone(clone: Path, tmp_path: Path) -> None:
    """README's first command, typed in a clean clone, installs and ends in the app; ctrl+q leaves with code 0."""
    command = _commands()[0]
    with Terminal(["bash", "-c", command], _clean_environment(tmp_path), clone) as terminal:
        terminal.wait_for(HOME_SCREEN, seconds=600)
        terminal.type("\x11")
        assert terminal.wait() == 0


def test_readme_runs_the_tests(clone: Path, tmp_path: Path) -> None:
    """README's second command runs pytest from its own virtualenv (here on one quick file of the suite)."""
    command = f"{_commands()[1]} -q tests/architecture/test_house.py"
    done = subprocess.run(
        ["bash", "-c", command],
        env=_clean_environment(tmp_path),
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


def test_ci_runs_what_readme_says() -> None:
    """`.ci/run` contains README's test command, word for word."""
    assert _commands()[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_wheel_alone_has_all_content(installed: Path, tmp_path: Path) -> None:
    """The wheel asks its first question in a plain dialogue, and its content passes its own lint."""
    environment = _clean_environment(tmp_path)
    tutor = str(installed / "tutor")
    asked = subprocess.run(
        [tutor, "quiz", "--plain"], input="", env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert "Question 1 of 20" in asked.stdout
    linted = subprocess.run(
        [tutor, "content", "lint"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_wheel_alone_opens_the_app(installed: Path, tmp_path: Path) -> None:
    """The wheel opens the app on a terminal and leaves it cleanly."""
    with Terminal([str(installed / "tutor")], _clean_environment(tmp_path), tmp_path) as terminal:
        terminal.wait_for(HOME_SCREEN)
        terminal.type("\x11")
        assert terminal.wait() == 0


def test_wheel_holds_what_the_program_reads(installed: Path) -> None:
    """Styles, templates, the starter pack and the bundled content are inside the installed package."""
    [package] = (installed.parent / "lib").glob("python*/site-packages/tutor")
    for pattern in (
        "**/*.tcss",
        "reports/templates/*.j2",
        "_bundled/content/week7/pack.yaml",
        "content/starter_pack/*",
        "_bundled/labs/system/compose.yaml",
        "_bundled/labs/system/services/orders/app.py",
        "_bundled/labs/offline/*",
    ):
        assert list(package.glob(pattern)), f"nothing matches {pattern}"
