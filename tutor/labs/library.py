"""Finds labs and loads them: those that ship with the program, and folders that a learner names. Refuses labs that are
wrong, saying file and line, and lets one that is wrong hide none of the others.

A lab that does not ship with the program may run no code on this machine until the learner trusts exactly that
content: see `trust`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tutor.errors import ContentError, Problem, UsageError
from tutor.labs.plainfiles import plain_files, read_plain
from tutor.labs.trust import Trust

if TYPE_CHECKING:
    from tutor.labs.definition import Fixture, Lab

FILE = "lab.yaml"
FIXTURES: dict[Literal["wrong", "alternative"], str] = {"wrong": "wrong.yaml", "alternative": "alternative.yaml"}
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Found:
    """A lab and where it lies. `trusted` labs may run code of their own on this machine."""

    lab: Lab
    folder: Path
    bundled: bool
    trusted: bool

    @property
    def brings_code(self) -> bool:
        """True when starting or checking it could run code of its own outside of containers."""
        return any(check.kind == "script" for check in self.lab.checks)


@dataclass(frozen=True, slots=True)
class FixtureAt:
    """A solution that must fail, or another one that must pass; `files` mirror `labs/system`."""

    name: str
    folder: Path
    fixture: Fixture
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is, by id, and what is wrong with the rest."""

    labs: tuple[Found, ...]
    problems: tuple[Problem, ...]


class Library:
    """Labs in `bundled`, and in other folders: each is a lab itself, or holds a folder per lab."""

    def __init__(self, bundled: Path, others: Sequence[Path] = (), trust: Trust | None = None) -> None:
        self._bundled, self._others, self._trust = bundled, tuple(others), trust

    def catalogue(self) -> Catalogue:
        """Every lab there is. Only the lab.yaml files are read.

        Raises: UsageError when a folder that was named is not there, or holds no lab.
        """
        labs: dict[str, Found] = {}
        problems: list[Problem] = []
        for folder in self._folders():
            try:
                found = self._load(folder)
                if found.lab.id in labs:
                    other = labs[found.lab.id].folder
                    raise ContentError([Problem(folder / FILE, 0, f"has the id of {other}; give it one of its own")])
                labs[found.lab.id] = found
            except ContentError as error:
                problems += error.problems
        return Catalogue(tuple(labs.values()), tuple(problems))

    def open(self, id_: str) -> Found:
        """One lab.

        Raises: UsageError when there is none of that id, ContentError when it is wrong.
        """
        folders = {folder.name: folder for folder in reversed(self._folders())}
        if id_ not in folders:
            close = get_close_matches(id_, folders, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else "See them all with: tutor lab list"
            raise UsageError(f"There is no lab `{id_}`.", hint)
        return self._load(folders[id_])

    def trust(self, id_: str) -> Path:
        """Let this lab run code of its own from now on, as it is now; its folder.

        Raises: UsageError when there is none of that id, MachineError when that cannot be kept.
        """
        found = self.open(id_)
        if self._trust is not None and not found.bundled:
            self._trust.give(found.lab.id, found.folder)
        return found.folder

    def _folders(self) -> list[Path]:
        """The folder of each lab, bundled ones first."""
        found = _labs_in(self._bundled)
        for other in self._others:
            inside = [other] if (other / FILE).is_file() else _labs_in(other)
            if not inside:
                raise UsageError(f"There is no lab in {other}.", f"A lab is a folder with a {FILE}.")
            found += inside
        return found

    def _load(self, folder: Path) -> Found:
        from tutor.labs.definition import Lab
        from tutor.validate import validate
        from tutor.yamlfile import read

        for path in (folder, folder / FILE):
            if path.is_symlink():
                raise ContentError([Problem(path, 0, "is a link; put what it points at there")])
        document = read(folder / FILE)
        lab = validate(document, Lab)
        if folder.name != lab.id:
            line = document.line(("id",))
            raise ContentError(
                [Problem(folder / FILE, line, f"`id` is {lab.id}; name it like its folder, {folder.name}")]
            )
        bundled = folder.parent == self._bundled
        trusted = bundled or (self._trust is not None and self._trust.covers(lab.id, folder))
        return Found(lab, folder, bundled, trusted)


def _labs_in(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in inside if _ID.fullmatch(path.name) and (path / FILE).is_file()]


def fixtures(found: Found, kind: Literal["wrong", "alternative"]) -> list[FixtureAt]:
    """The wrong solutions, or the alternatives, by name.

    Raises: ContentError with every problem.
    """
    from tutor.labs.definition import Fixture
    from tutor.validate import validate
    from tutor.yamlfile import read

    root, file = found.folder / kind, FIXTURES[kind]
    fixtures: list[FixtureAt] = []
    problems: list[Problem] = []
    by_name: dict[str, dict[str, Path]] = {}
    for path, place in plain_files(root).items():
        name, _, rest = path.partition("/")
        if not rest:
            problems.append(Problem(place, 0, f"lies beside the folders of solutions; move it into {kind}/<name>/"))
            continue
        by_name.setdefault(name, {})[rest] = place
    for name, files in by_name.items():
        about = files.pop(file, root / name / file)
        try:
            fixtures.append(FixtureAt(name, root / name, validate(read(about), Fixture), files))
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError(problems)
    return fixtures


class Solution:
    """Where the files of a solution come from: a fixture's own, then `solution/`, then the system as it ships."""

    def __init__(self, found: Found, system: Path, fixture: FixtureAt | None = None) -> None:
        """Raises: ContentError when a folder holds what does not belong there."""
        self._system = system
        self._own = plain_files(found.folder / "solution")
        if fixture is not None:
            self._own = {**self._own, **fixture.files}
        self._fixture = fixture
        self._folder = found.folder

    @property
    def files(self) -> list[str]:
        """All files that it brings itself, in order."""
        return sorted(self._own)

    def read(self, path: str) -> bytes:
        """What a file of the solution holds.

        Raises: ContentError when it is nowhere.
        """
        place = self._own.get(path, self._system / path)
        if not place.is_file():
            raise ContentError([Problem(self._folder / FILE, 0, f"the solution copies {path}, which is nowhere")])
        return read_plain(place)
