"""The labs that ship: all that the pack announces, each clean by lint. Whether they hold, `tutor lab prove` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tutor import paths
from tutor.coach.linting import lint_labs
from tutor.content.library import Library as Pack
from tutor.labs.library import Library, fixtures

LABS = sorted(paths.lab_ids())


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The content that ships."""
    return Pack(paths.pack_dir(None), tmp_path_factory.mktemp("cache"))


def test_every_lab_that_is_announced_ships(pack: Pack) -> None:
    """Under the same id, title and topic, and no other one."""
    shipped = [Library(paths.bundled_labs()).open(lab).lab for lab in LABS]
    assert {(lab.id, lab.title, lab.topic) for lab in shipped} == {tuple(entry) for entry in pack.index.labs}


@pytest.mark.parametrize("lab", LABS)
def test_lint_finds_nothing(lab: str, pack: Pack) -> None:
    """Links, variables, names, places: everything that a program can say about it."""
    looked = lint_labs([paths.bundled_labs() / lab], paths.system_dir(), pack)
    assert [str(problem) for problem in looked.problems] == []


@pytest.mark.parametrize("lab", LABS)
def test_wrong_solutions_are_kept(lab: str) -> None:
    """At least two, each with the checks that stay red."""
    found = fixtures(Library(paths.bundled_labs()).open(lab), "wrong")
    assert len(found) >= 2
    assert all(one.fixture.red for one in found)


@pytest.mark.parametrize("file", sorted(paths.bundled_labs().glob("*/lab.yaml")), ids=lambda file: file.parent.name)
def test_modelines_lead_to_the_schema(file: Path) -> None:
    """The first line names it, so that editors complete and check."""
    first = file.read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert match and (file.parent / match[1]).resolve().name == "lab.schema.json"
    assert (file.parent / match[1]).is_file()
