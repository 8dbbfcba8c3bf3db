"""The packages of the services are prepared once, whole or not at all, by one process at a time."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import threading
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import MachineError
from tutor.labs.engine.base import Progress
from tutor.labs.engine.command import CommandFailed
from tutor.labs.engine.local import dependencies as module
from tutor.labs.engine.local.dependencies import Dependencies

FIRST, SECOND = "tutor-tiny-one", "tutor-tiny-two"
"""Packages that hold one module each, and are on no index."""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that pip may install from."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for name in (FIRST, SECOND):
        _wheel(folder, name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A system whose services import those."""
    for folder, name in (("services", FIRST), ("processes", SECOND)):
        (tmp_path / "system" / folder).mkdir(parents=True)
        (tmp_path / "system" / folder / "requirements.txt").write_text(f"# What {folder} import.\n{name}==1.0\n")
    return tmp_path / "system"


def _wheel(folder: Path, name: str) -> None:
    module_, info = name.replace("-", "_"), f"{name.replace('-', '_')}-1.0.dist-info"
    files = {
        f"{module_}.py": b"THERE = True\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    files[f"{info}/RECORD"] = ("\n".join([*rows, f"{info}/RECORD,,"]) + "\n").encode()
    with zipfile.ZipFile(folder / f"{module_}-1.0-py3-none-any.whl", "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _made(cache: Path) -> list[str]:
    """What lies in the cache, but for the lock."""
    return sorted(path.name for path in (cache / "system").iterdir() if path.name != "lock")


def test_this_interpreter_is_used_when_it_has_everything(tmp_path: Path) -> None:
    """With the extra `system` installed nothing is prepared, and nothing written."""
    real = Path(__file__).resolve().parents[3] / "labs" / "system"
    found = Dependencies(tmp_path / "cache", real)
    assert found.python() is not None and list(found.prepare()) == []
    assert not (tmp_path / "cache").exists()


def test_they_are_prepared_once_and_offline_afterwards(
    tmp_path: Path, system: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With progress; the interpreter that comes of it can import them."""
    found = Dependencies(tmp_path / "cache", system)
    assert found.python() is None
    told = list(found.prepare())
    assert [(one.text, one.done, one.of) for one in told if one.of == 2][:2] == [(FIRST, 1, 2), (SECOND, 2, 2)]
    python = found.python()
    assert python is not None
    subprocess.run([str(python), "-c", "import tutor_tiny_one, tutor_tiny_two"], check=True)
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert list(Dependencies(tmp_path / "cache", system).prepare()) == []


def test_other_versions_have_another_place(tmp_path: Path, system: Path, wheels: Path) -> None:
    """A newer tutor does not change what an older one runs with."""
    found = Dependencies(tmp_path / "cache", system)
    list(found.prepare())
    (system / "services" / "requirements.txt").write_text(f"{FIRST}>=1.0\n")
    assert found.python() is None
    list(found.prepare())
    assert len(_made(tmp_path / "cache")) == 2


def test_what_was_interrupted_is_made_again(tmp_path: Path, system: Path, wheels: Path) -> None:
    """Closed half way nothing is left; what a killed process has left is removed."""
    found = Dependencies(tmp_path / "cache", system)
    stream: Any = found.prepare()
    with closing(stream):
        while next(stream).text != FIRST:
            pass
    assert _made(tmp_path / "cache") == [] and found.python() is None
    (tmp_path / "cache" / "system" / ".new-99999" / "bin").mkdir(parents=True)
    list(found.prepare())
    assert found.python() is not None and len(_made(tmp_path / "cache")) == 1


def test_two_at_once_wait_for_each_other(tmp_path: Path, system: Path, wheels: Path) -> None:
    """One builds, the other waits and finds it."""
    told: list[list[Progress]] = [[], []]

    def prepare(mine: list[Progress]) -> None:
        mine.extend(Dependencies(tmp_path / "cache", system).prepare())

    threads = [threading.Thread(target=prepare, args=(mine,)) for mine in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    built = [mine for mine in told if any(one.text == FIRST for one in mine)]
    assert len(built) == 1 and len(_made(tmp_path / "cache")) == 1
    assert Dependencies(tmp_path / "cache", system).python() is not None


def test_an_index_that_lacks_them_is_told_and_nothing_is_left(tmp_path: Path, system: Path, wheels: Path) -> None:
    """A sentence, and a later try begins anew."""
    (wheels / f"{SECOND.replace('-', '_')}-1.0-py3-none-any.whl").rename(wheels / "away")
    found = Dependencies(tmp_path / "cache", system)
    with pytest.raises(MachineError, match="no fitting version for Python"):
        list(found.prepare())
    assert _made(tmp_path / "cache") == []
    (wheels / "away").rename(wheels / f"{SECOND.replace('-', '_')}-1.0-py3-none-any.whl")
    list(found.prepare())
    assert found.python() is not None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        (
            "WARNING: Retrying: 'NewConnectionError: Failed to establish a new connection'\n"
            "ERROR: No matching distribution found for fastapi",
            "index cannot be reached",
        ),
    ],
)
def test_what_pip_says_is_told_in_plain_words(said: str, told: str) -> None:
    """A full disk and a missing network each have a sentence."""
    assert told in module._failed(CommandFailed(["pip"], said, 1)).message


def test_without_pip_and_ensurepip_it_says_so(tmp_path: Path, system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a bare Debian; `uv` would do as well."""
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    monkeypatch.setattr(module, "_base_with_pip", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    found = Dependencies(tmp_path / "cache", system)
    assert "neither pip nor ensurepip" in found.lacking()
    with pytest.raises(MachineError, match="neither pip nor ensurepip"):
        list(found.prepare())
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert found.lacking() == ""


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, system: Path) -> None:
    """A file is where the folder should be."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        list(Dependencies(tmp_path / "cache", system).prepare())
