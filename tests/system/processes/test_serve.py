"""A folder that replaces a package of a service, as a mounted folder does in a container."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from processes.supervisor.system import SERVE


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A package `greeter` with a neighbour, which it imports."""
    files = {
        "greeter/__init__.py": "",
        "greeter/__main__.py": "from greeter.word import WORD\nimport neighbour\nprint(WORD, neighbour.WHO)\n",
        "greeter/word.py": "WORD = 'hello'\n",
        "neighbour.py": "WHO = 'system'\n",
    }
    for name, text in files.items():
        (tmp_path / "system" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "system" / name).write_text(text)
    return tmp_path


def _served(shop: Path, *replaced: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", str(SERVE), "greeter", *replaced],
        env={"PYTHONPATH": str(shop / "system"), "PYTHONPYCACHEPREFIX": str(shop / "bytecode")},
        capture_output=True,
        text=True,
        check=False,
    )


def _workspace(shop: Path, word: str) -> Path:
    folder = shop / "workspace" / "greeter"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text((shop / "system" / "greeter" / "__main__.py").read_text())
    (folder / "word.py").write_text(word)
    return folder


def test_nothing_replaced_is_the_system_as_it_is(shop: Path) -> None:
    """Without a folder the service runs its own code."""
    assert _served(shop).stdout == "hello system\n"


def test_a_folder_replaces_a_package_whole_and_nothing_beside_it_counts(shop: Path) -> None:
    """A file that lies beside the folder, with the name of another module, is not found."""
    folder = _workspace(shop, "WORD = 'edited'\n")
    (folder.parent / "neighbour.py").write_text("WHO = 'workspace'\n")
    assert _served(shop, f"greeter={folder}").stdout == "edited system\n"


def test_an_error_names_the_file_that_the_learner_edits(shop: Path) -> None:
    """Not a copy of it, and with its line."""
    folder = _workspace(shop, "def broken(:\n")
    done = _served(shop, f"greeter={folder}")
    assert done.returncode == 1
    assert f'File "{folder / "word.py"}", line 1' in done.stderr and "SyntaxError" in done.stderr


def test_two_edits_within_a_second_are_both_seen(shop: Path) -> None:
    """No bytecode is kept of what is edited, which would be trusted by time and size."""
    folder = _workspace(shop, "WORD = 'one'\n")
    assert _served(shop, f"greeter={folder}").stdout == "one system\n"
    (folder / "word.py").write_text("WORD = 'two'\n")
    assert _served(shop, f"greeter={folder}").stdout == "two system\n"
    assert not list(folder.rglob("*.pyc"))


def test_a_folder_that_is_gone_is_missed(shop: Path) -> None:
    """The package that was to be replaced does not come back by itself."""
    done = _served(shop, f"greeter={shop / 'workspace' / 'greeter'}")
    assert done.returncode == 1 and "is gone or empty" in done.stderr
