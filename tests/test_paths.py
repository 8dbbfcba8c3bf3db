"""Where things lie, and sentences for places that cannot be."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.core import PACK, unprivileged
from tutor import paths
from tutor.errors import UsageError


def test_home_variable_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With TUTOR_HOME set, store and cache lie below it, and nothing is created by asking."""
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
    assert paths.store_file() == tmp_path / "home" / "progress.db"
    assert paths.cache_dir() == tmp_path / "home" / "cache"
    assert list(tmp_path.iterdir()) == []


def test_labs_and_their_system_ship_and_their_runs_lie_with_the_learner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is run is the program's, what is kept of it is the learner's."""
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
    assert (paths.system_dir() / "compose.yaml").is_file()
    assert paths.system_dir().parent == paths.bundled_labs()
    assert paths.labs_data_dir() == tmp_path / "home" / "labs"


@pytest.mark.parametrize("where", [paths.data_dir, paths.cache_dir])
def test_a_home_of_nobody_is_a_sentence(where: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde with a user who does not exist is a usage error."""
    monkeypatch.setenv(paths.HOME_VARIABLE, "~no-such-user-here/x")
    with pytest.raises(UsageError, match="no home folder"):
        where()  # type: ignore[operator]


def test_the_pack_given_beats_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument, then variable, then the pack that ships."""
    monkeypatch.setenv(paths.CONTENT_VARIABLE, str(tmp_path / "none"))
    assert paths.pack_dir(PACK) == PACK
    with pytest.raises(UsageError, match="no folder"):
        paths.pack_dir(None)
    monkeypatch.delenv(paths.CONTENT_VARIABLE)
    assert (paths.pack_dir(None) / "pack.yaml").is_file()


@pytest.mark.parametrize("name", ["missing", "x" * 5000, "~no-such-user-here/x"], ids=["missing", "too long", "nobody"])
def test_impossible_folders_are_sentences(name: str, tmp_path: Path) -> None:
    """Missing, too long to exist, or of nobody: a usage error each."""
    with pytest.raises(UsageError):
        paths.pack_dir(Path(name) if name.startswith("~") else tmp_path / name)


def test_folders_that_are_no_packs_or_closed_are_sentences(tmp_path: Path) -> None:
    """A folder without pack.yaml, and one below a folder that may not be entered."""
    with pytest.raises(UsageError, match=r"holds no pack\.yaml"):
        paths.pack_dir(tmp_path)
    closed = Path(tempfile.mkdtemp(prefix="tutor-test-"))
    (closed / "pack").mkdir()
    closed.chmod(0o000)
    with unprivileged(), pytest.raises(UsageError, match="cannot be read"):
        paths.pack_dir(closed / "pack")
    closed.chmod(0o755)
    shutil.rmtree(closed)
