"""Lint of everything that authors write: packs, labs, and the links between them. Refuses to hold a rule of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import ContentError, Problem, UsageError

if TYPE_CHECKING:
    from tutor.content.library import Library as Pack
    from tutor.labs.lint.given import Links

FILE = "lab.yaml"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at, in words, and every problem in it."""

    what: tuple[str, ...]
    problems: tuple[Problem, ...]


def holds_labs(folder: Path) -> bool:
    """Whether `folder` is a lab or a folder of labs, and no pack."""
    try:
        return not (folder / "pack.yaml").exists() and ((folder / FILE).exists() or any(folder.glob(f"*/{FILE}")))
    except OSError:
        return False


def lint_pack(folder: Path) -> Looked:
    """A pack."""
    from tutor.content.lint import lint

    return Looked((str(folder),), tuple(lint(folder)))


def lint_labs(folders: Sequence[Path], system: Path, pack: Pack | None) -> Looked:
    """Labs and folders of labs, about `system`. Links are looked up in `pack`, and left alone without one.

    Raises: UsageError when a folder holds no lab.
    """
    from tutor.labs.library import Library
    from tutor.labs.lint import lint

    found = [lab for folder in folders for lab in _folders(folder)]
    links = _links(pack) if pack else None
    problems: list[Problem] = []
    for folder in found:
        library = Library(folder.parent)
        try:
            problems += lint(library.open(folder.name), system, links)
        except ContentError as error:
            problems += error.problems
    return Looked(tuple(f"lab {folder.name}" for folder in found), tuple(problems))


def _folders(folder: Path) -> list[Path]:
    folder = folder.absolute()
    inside = [folder] if (folder / FILE).exists() else sorted(file.parent for file in folder.glob(f"*/{FILE}"))
    if not inside:
        raise UsageError(f"There is no lab in {folder}.", f"A lab is a folder with a {FILE}.")
    return inside


def _links(pack: Pack) -> Links:
    from tutor.labs.lint.given import Links

    index = pack.index
    return Links(
        frozenset(topic.id for topic in index.topics),
        frozenset(entry.id for entry in index.entries),
        frozenset(item.id for item in index.checklist),
    )
