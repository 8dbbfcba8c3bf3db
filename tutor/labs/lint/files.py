"""The files of a lab are there, are read, and can be read. Refuses to run any of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tutor.errors import ContentError, Problem
from tutor.labs.library import FILE, FIXTURES
from tutor.labs.lint.subject import Subject
from tutor.labs.plainfiles import plain_files
from tutor.labs.pristine import pristine
from tutor.labs.solving import Copy
from tutor.labs.syntax import misspelt

_FOLDERS = ("start", "solution", *FIXTURES)
_FILES = (FILE, "README.md")


def start_files(subject: Subject) -> Iterator[Problem]:
    """Folders to edit exist, and the lab starts with files in them alone."""
    try:
        pristine(subject.found.folder, subject.lab.edit, subject.system)
    except ContentError as error:
        yield from error.problems


def copied_files(subject: Subject) -> Iterator[Problem]:
    """What a solution copies exists, lies where the learner may write, and all that it brings is copied."""
    own = plain_files(subject.found.folder / "solution")
    copied: set[str] = set()
    for at, step in enumerate(subject.lab.steps):
        for number, action in enumerate(step.solve):
            if isinstance(action, Copy):
                names = action.files or tuple(own)
                copied |= set(names)
                for name in names:
                    if what := _wrong(subject, name, own):
                        yield subject.problem(what, "steps", at, "solve", number)
    for name in sorted(set(own) - copied):
        yield Problem(own[name], 0, "is copied by no step; name it in `solve`, or remove it")


def _wrong(subject: Subject, name: str, own: dict[str, Path]) -> str:
    if not name.startswith(tuple(f"{folder}/" for folder in subject.lab.edit)):
        return f"the solution copies {name}, which is in no folder that `edit` names"
    if name not in own and not (subject.system / name).is_file():
        return f"the solution copies {name}, which is neither in solution/ nor in the system"
    return ""


def stray_files(subject: Subject) -> Iterator[Problem]:
    """What nobody would ever read."""
    for path in sorted(subject.found.folder.iterdir()):
        known = path.name in (_FOLDERS if path.is_dir() else _FILES)
        if not known and path.suffix != ".py" and path.name != "__pycache__":
            yield Problem(path, 0, f"is not read; a lab has {', '.join(_FOLDERS)} and {', '.join(_FILES)}")


def script_files(subject: Subject) -> Iterator[Problem]:
    """Code that checks call is there, and code that is there is called."""
    called = set()
    for _, check, place in subject.checks():
        function = getattr(check, "function", None)
        if function is not None:
            name = f"{function.partition(':')[0]}.py"
            called.add(name)
            if not (subject.found.folder / name).is_file():
                yield subject.problem(
                    f"check `{check.id}` calls {function}, and there is no {name}", *place, "function"
                )
    for path in sorted(subject.found.folder.glob("*.py")):
        if path.name not in called:
            yield Problem(path, 0, "is called by no check of kind script; remove it")


def wrong_syntax(subject: Subject) -> Iterator[Problem]:
    """Files that what runs them could not read. A wrong solution is wrong in what it does, not in how it is spelt."""
    for folder in _FOLDERS:
        root = subject.found.folder / folder
        yield from misspelt(root, plain_files(root))
