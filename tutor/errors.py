"""Every way `tutor` can stop, as one tree of errors. Refuses to hold anything but failures and exit codes.

TutorError                  anything that a person can be told in one sentence
|- NothingToAsk             no question is due, missed or left for what was asked           exit 1
|- UsageError               the command line asks for something that does not exist        exit 2
|- ContentError             a content pack is wrong; carries every problem found           exit 3
|- MachineError             the machine lacks something (terminal, engine, file access)    exit 4
`- StoreError               the progress store cannot be read or written                   exit 5
   |- StoreTooNew           it was written by a newer tutor
   `- StoreDamaged          it is not a readable database
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """What the process says to its caller; `sentence` is what the documentation says of it."""

    DONE = 0
    NO = 1
    USAGE = 2
    CONTENT = 3
    ENVIRONMENT = 4
    STORE = 5
    INTERRUPTED = 130

    @property
    def sentence(self) -> str:
        """One sentence for the documentation."""
        return _SENTENCES[self]


_SENTENCES = {
    Exit.DONE: "Done.",
    Exit.NO: "The answer is no: lint found something, or nothing matched.",
    Exit.USAGE: "The command line asks for something that does not exist.",
    Exit.CONTENT: "A content pack is wrong; each problem is printed as file:line.",
    Exit.ENVIRONMENT: "The machine lacks something: a terminal, an engine, access to a file.",
    Exit.STORE: "The progress store cannot be read or written.",
    Exit.INTERRUPTED: "Interrupted with Ctrl-C; everything answered so far is kept.",
}


class TutorError(Exception):
    """A failure with a sentence for the learner, a hint on what to do, and an exit code."""

    exit = Exit.ENVIRONMENT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class NothingToAsk(TutorError):
    """No question is due, missed or left for what was asked."""

    exit = Exit.NO


class UsageError(TutorError):
    """The command line asks for something that does not exist."""

    exit = Exit.USAGE


class MachineError(TutorError):
    """The machine lacks something: a terminal, an engine, access to a file."""

    exit = Exit.ENVIRONMENT


class StoreError(TutorError):
    """The progress store cannot be read or written."""

    exit = Exit.STORE


class StoreTooNew(StoreError):
    """The progress store was written by a newer tutor."""


class StoreDamaged(StoreError):
    """The progress store is not a readable database."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one place: `line` counts from 1, 0 means the file as a whole."""

    file: Path
    line: int
    what: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{place}: {self.what}"


class ContentError(TutorError):
    """A content pack is wrong; `problems` holds everything that was found, never just the first."""

    exit = Exit.CONTENT

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{count} {noun} in the content:\n" + "\n".join(map(str, self.problems)))
