"""The pack that an author starts from: valid, clean, complete, and never written over anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tutor.content.lint import lint
from tutor.content.models.question import KINDS
from tutor.content.source import read_pack
from tutor.content.starter import pack_id, write_starter
from tutor.errors import MachineError, UsageError


def test_starter_loads_and_is_clean(tmp_path: Path) -> None:
    """A fresh starter pack passes lint, and has a part of every sort and a question of every kind."""
    written = write_starter(tmp_path / "a" / "pack")
    assert lint(tmp_path / "a" / "pack") == []
    source = read_pack(tmp_path / "a" / "pack")
    assert [placed.content.kind for placed in source.questions] == list(
        ("open", "single", "multi", "order", "match", "cloze", "spot", "predict")
    )
    assert set(KINDS) == {placed.content.kind for placed in source.questions}
    assert (len(source.recaps), len(source.scenarios), len(source.checklist), len(source.tips)) == (1, 1, 1, 1)
    assert len(written) == 6


def test_starter_leads_editors_to_schemas(tmp_path: Path) -> None:
    """The first line of each file names a schema that lies where it says, and comments explain the format."""
    for path in write_starter(tmp_path / "pack"):
        first, second, *_ = path.read_text(encoding="utf-8").splitlines()
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert match
        assert (path.parent / match[1]).is_file()
        assert second.startswith("# ")


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    """A folder that exists and is empty is as good as a new one."""
    assert write_starter(tmp_path)
    assert lint(tmp_path) == []


def test_folder_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    """Nothing is ever written over, not even beside a hidden file."""
    (tmp_path / ".hidden").write_text("mine")
    with pytest.raises(UsageError, match="is not an empty folder"):
        write_starter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".hidden"]


def test_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is a usage error; one where its parent should be is the machine's."""
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(UsageError):
        write_starter(file)
    with pytest.raises(MachineError, match="cannot be written"):
        write_starter(file / "pack")
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "id_"),
    [("pack", "pack"), ("My Caf\u00e9 (2nd)", "my-cafe-2nd"), ("\u6f22\u5b57", "my-pack"), ("x" * 99, "x" * 60)],
)
def test_pack_is_named_after_its_folder(tmp_path: Path, name: str, id_: str) -> None:
    """Two new packs have two ids, because progress belongs to an id; a name without letters gives the plain one."""
    write_starter(tmp_path / name)
    assert read_pack(tmp_path / name).pack.content.id == id_ == pack_id(tmp_path / name)
