"""Reads every file of a pack and refuses what contradicts itself: duplicate ids and links to nothing.

All files are read before anything is refused, so that an author sees every problem at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from tutor.content.files import part_files
from tutor.content.links import broken
from tutor.content.models.pack import ChecklistFile, Pack, TipsFile
from tutor.content.models.question import QuestionFile
from tutor.content.models.recap import RecapFile
from tutor.content.models.scenario import ScenarioFile
from tutor.content.placed import PackSource, Placed
from tutor.errors import ContentError, Problem
from tutor.shapes import Strict
from tutor.validate import validate
from tutor.yamlfile import read

S = TypeVar("S", bound=Strict)


def read_pack(folder: Path) -> PackSource:
    """Read and validate the pack in `folder`.

    Raises: ContentError with every problem in every file.
    """
    reader = _Reader(folder)
    pack = reader.one("pack.yaml", Pack)
    recaps = reader.many("recap", RecapFile)
    questions = [
        Placed(question, placed.document, ("questions", number))
        for placed in reader.many("questions", QuestionFile)
        for number, question in enumerate(placed.content.questions)
    ]
    scenarios = [
        Placed(placed.content.scenario, placed.document, ("scenario",))
        for placed in reader.many("scenarios", ScenarioFile)
    ]
    checklist = reader.one("checklist.yaml", ChecklistFile, optional=True)
    tips = reader.one("tips.yaml", TipsFile, optional=True)
    if pack is None or reader.problems:
        raise ContentError(reader.problems)
    source = PackSource(
        pack,
        tuple(recaps),
        tuple(questions),
        tuple(scenarios),
        tuple(_children(checklist, "checklist")) if checklist else (),
        tuple(_children(tips, "tips")) if tips else (),
    )
    if problems := broken(source):
        raise ContentError(problems)
    return source


def _children(placed: Placed[ChecklistFile] | Placed[TipsFile], key: str) -> Iterator[Placed[S]]:
    for number, child in enumerate(getattr(placed.content, key)):
        yield Placed(child, placed.document, (key, number))


class _Reader:
    """Reads files and keeps the problems of those that cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []

    def one(self, name: str, model: type[S], optional: bool = False) -> Placed[S] | None:
        path = self.folder / name
        try:
            if optional and not path.exists():
                return None
            document = read(path)
            return Placed(validate(document, model), document, ())
        except ContentError as error:
            self.problems.extend(error.problems)
        except OSError as error:  # the folder does not say what is in it
            self.problems.append(Problem(path, 0, f"cannot be read: {error.strerror or error}"))
        return None

    def many(self, part: str, model: type[S]) -> list[Placed[S]]:
        try:
            names = [f"{part}/{path.name}" for path in part_files(self.folder, part)]
        except OSError as error:
            self.problems.append(Problem(self.folder / part, 0, f"cannot be listed: {error.strerror or error}"))
            return []
        return [placed for name in names if (placed := self.one(name, model))]
