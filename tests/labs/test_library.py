"""Labs are found and loaded; what is wrong is said with its place; strangers' labs may do nothing on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.labs.making import as_yaml, lab_data, small_lab, small_system, write_files, write_lab
from tutor.errors import ContentError, UsageError
from tutor.labs import plainfiles
from tutor.labs.library import Library, Solution, fixtures
from tutor.labs.plainfiles import plain_files, read_plain
from tutor.labs.trust import Trust, digest


def test_every_lab_is_listed_and_a_wrong_one_hides_none(tmp_path: Path) -> None:
    """The system and other folders beside the labs are no labs; a wrong lab is a problem with file and line."""
    write_lab(tmp_path)
    write_lab(tmp_path, lab_data(id="other-lab", level="wizard"))
    write_files(tmp_path, {"system/compose.yaml": "", "README.md": ""})
    found = Library(tmp_path).catalogue()
    assert [one.lab.id for one in found.labs] == ["small-lab"]
    [problem] = found.problems
    line = (tmp_path / "other-lab" / "lab.yaml").read_text().splitlines().index("level: wizard") + 1
    assert (problem.file, problem.line) == (tmp_path / "other-lab" / "lab.yaml", line)


def test_an_empty_or_missing_folder_of_labs_has_none(tmp_path: Path) -> None:
    """What ships may be empty; a folder that was named may not."""
    assert Library(tmp_path / "missing").catalogue().labs == ()
    with pytest.raises(UsageError, match="no lab in"):
        Library(tmp_path / "missing", [tmp_path]).catalogue()


def test_one_lab_is_opened_and_an_unknown_one_is_a_usage_error(tmp_path: Path) -> None:
    """With the closest name as a suggestion."""
    write_lab(tmp_path)
    assert Library(tmp_path).open("small-lab").bundled
    with pytest.raises(UsageError, match="small-lab"):
        Library(tmp_path).open("smal-lab")
    with pytest.raises(UsageError, match="tutor lab list"):
        Library(tmp_path).open("../../etc")


def test_a_folder_of_the_learner_may_be_a_lab_or_hold_some(tmp_path: Path) -> None:
    """Neither ships with the program, so neither is trusted."""
    write_lab(tmp_path / "more", lab_data(id="one"))
    write_lab(tmp_path / "more", lab_data(id="two"))
    both = Library(tmp_path / "none", [tmp_path / "more"]).catalogue()
    assert [(one.lab.id, one.bundled, one.trusted) for one in both.labs] == [
        ("one", False, False),
        ("two", False, False),
    ]
    single = Library(tmp_path / "none", [tmp_path / "more" / "two"])
    assert [one.lab.id for one in single.catalogue().labs] == ["two"]
    assert single.open("two").folder == tmp_path / "more" / "two"


def test_a_stranger_cannot_take_the_place_of_a_lab_that_ships(tmp_path: Path) -> None:
    """The one that ships stands; the other is a problem."""
    ours, theirs = write_lab(tmp_path / "ours"), write_lab(tmp_path / "theirs")
    library = Library(tmp_path / "ours", [tmp_path / "theirs"])
    found = library.catalogue()
    assert [one.folder for one in found.labs] == [ours]
    assert found.problems[0].file == theirs / "lab.yaml"
    assert library.open("small-lab").folder == ours


def test_a_lab_is_named_like_its_folder(tmp_path: Path) -> None:
    """Otherwise `start` and the files kept of it would not meet."""
    write_lab(tmp_path).rename(tmp_path / "renamed")
    with pytest.raises(ContentError, match="name it like its folder"):
        Library(tmp_path).open("renamed")


@pytest.mark.parametrize("name", ["lab.yaml", "."])
def test_links_are_refused(name: str, tmp_path: Path) -> None:
    """A lab.yaml, or a whole lab, that points elsewhere."""
    real = write_lab(tmp_path / "real")
    place = tmp_path / "labs" / "small-lab"
    if name == ".":
        (tmp_path / "labs").mkdir()
        place.symlink_to(real)
    else:
        place.mkdir(parents=True)
        (place / name).symlink_to(real / name)
    with pytest.raises(ContentError, match="is a link"):
        Library(tmp_path / "labs").open("small-lab")


def test_fixtures_are_loaded_with_their_files(tmp_path: Path) -> None:
    """By kind and name; a file that belongs to none, or is wrong, is a problem."""
    found = small_lab(tmp_path)
    assert [one.name for one in fixtures(found, "wrong")] == ["none", "two"]
    [other] = fixtures(found, "alternative")
    assert (other.fixture.about, list(other.files)) == ("Computes it.", ["services/orders/answer.py"])
    write_files(found.folder / "wrong", {"stray.py": "", "three/services/orders/x.py": "", "four/wrong.yaml": "red: 3"})
    with pytest.raises(ContentError) as raised:
        fixtures(found, "wrong")
    said = "\n".join(str(problem) for problem in raised.value.problems)
    assert "stray.py: lies beside" in said
    assert "three/wrong.yaml: cannot be read" in said
    assert "four/wrong.yaml:1: `about` is missing" in said


def test_a_solution_comes_from_the_fixture_then_the_solution_then_the_system(tmp_path: Path) -> None:
    """What is nowhere is a problem of the lab."""
    found, system = small_lab(tmp_path), small_system(tmp_path)
    [other] = fixtures(found, "alternative")
    name = "services/orders/answer.py"
    assert Solution(found, system).read(name) == b"ANSWER = 1\n"
    write_files(found.folder, {f"solution/{name}": "ANSWER = 1  # ours\n"})
    assert Solution(found, system).read(name) == b"ANSWER = 1  # ours\n"
    assert Solution(found, system, other).read(name) == b"ANSWER = 2 - 1\n"
    assert Solution(found, system).files == [name]
    with pytest.raises(ContentError, match="which is nowhere"):
        Solution(found, system).read("services/orders/none.py")


def test_trust_is_in_exactly_this_content(tmp_path: Path) -> None:
    """A lab that changes in any file is a stranger again, and trust can be taken back."""
    folder = write_lab(tmp_path / "theirs")
    trust = Trust(tmp_path / "data" / "trusted.json")
    library = Library(tmp_path / "none", [tmp_path / "theirs"], trust)
    assert not library.open("small-lab").trusted
    trust.give("small-lab", folder)
    assert library.open("small-lab").trusted
    before = digest(folder)
    write_files(folder, {"probes.py": "import os\n"})
    assert digest(folder) != before
    assert not library.open("small-lab").trusted
    trust.give("small-lab", folder)
    trust.take("small-lab")
    assert not library.open("small-lab").trusted


def test_a_damaged_file_of_trust_trusts_nobody(tmp_path: Path) -> None:
    """Whatever it holds."""
    folder = write_lab(tmp_path)
    for text in ("", "[]", '{"small-lab": 1}'):
        (tmp_path / "trusted.json").write_text(text)
        assert not Trust(tmp_path / "trusted.json").covers("small-lab", folder)


def test_plain_files_are_listed_without_caches(tmp_path: Path) -> None:
    """With slashes, in order; a folder that is not there has none."""
    write_files(tmp_path, {"b.py": "", "a/x.yaml": "", "a/__pycache__/x.pyc": "", "c.pyc": ""})
    assert list(plain_files(tmp_path)) == ["a/x.yaml", "b.py"]
    assert plain_files(tmp_path / "missing") == {}


def test_what_does_not_belong_into_a_lab_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links, devices, odd names, folders without end, files without number: all said at once where it can be."""
    write_files(tmp_path, {"fine.py": "", "we ird.py": "", ".hidden": ""})
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "away").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    write_files(tmp_path / "/".join("d" * 14), {"deep.py": ""})
    with pytest.raises(ContentError) as raised:
        plain_files(tmp_path)
    said = "\n".join(str(problem) for problem in raised.value.problems)
    for words in ("link: is a link", "away: is a link", "pipe: is not a plain file", "we ird.py: has a name",
                  ".hidden: has a name", "folders deep"):  # fmt: skip
        assert words in said
    monkeypatch.setattr(plainfiles, "MAX_FILES", 3)
    many = write_files(tmp_path / "many", {f"{number}.py": "" for number in range(9)})
    with pytest.raises(ContentError, match="more than 3 files"):
        plain_files(many)
    monkeypatch.setattr(plainfiles, "MAX_BYTES", 3)
    with pytest.raises(ContentError, match="is larger than"):
        read_plain(write_files(tmp_path, {"long.py": "12345"}) / "long.py")
    with pytest.raises(ContentError, match="is a link"):
        plain_files(tmp_path / "away")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"edit": ["services/../../etc"]}, "edit"),
        ({"edit": ["/etc"]}, "edit"),
        ({"edit": ["services/payments"]}, "add it to `parts`"),
        ({"id": "../x"}, "id"),
        ({"system": {"parts": ["orders"], "engines": ["docker"], "privileged": True}}, "privileged"),
        (
            {"system": {"parts": ["orders"], "engines": ["docker"], "settings": {"orders": {"LD_PRELOAD": "/x"}}}},
            "LD_PRELOAD",
        ),
        ({"system": {"parts": ["orders"], "engines": ["docker"], "settings": {"orders": {"a b": "1"}}}}, "a b"),
    ],
    ids=["up-and-out", "absolute", "no-part", "id", "unknown-key", "loader", "no-variable"],
)
def test_hostile_definitions_are_refused(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    """Paths that lead out, keys that nobody knows, variables that would run code."""
    place = tmp_path / "small-lab"
    write_files(place, {"lab.yaml": as_yaml(lab_data(**changes))})
    with pytest.raises(ContentError, match=said):
        Library(tmp_path).open("small-lab")
