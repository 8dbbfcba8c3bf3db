"""The door to a pack for everyone else: a light index at once, whole pieces on demand. Refuses to change content.

A pack is compiled on first use and opened from the cache afterwards; a stale or damaged cache is compiled again,
an unwritable cache directory costs time and nothing else.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tutor.content.compiled import Compiled, Stale, content_key, open_file, prune, to_bytes, write_file
from tutor.errors import ContentError, Problem, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tutor.content.index import Index
    from tutor.content.models.pack import Tip
    from tutor.content.models.question import Question
    from tutor.content.models.recap import RecapFile
    from tutor.content.models.scenario import Scenario

    M = TypeVar("M", bound=BaseModel)


_ATTEMPTS = 2
"""How often a pack is read whose files change meanwhile; after that it is learned from, but not kept."""


class Library:
    """One pack, open for reading. Every method that reads may raise ContentError: when the compiled pack is lost or
    damaged meanwhile, it is compiled again, and the files may have been broken by then.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        """Open the pack in `folder`, compiling it into `cache` when needed.

        Raises: ContentError with every problem of the pack.
        """
        self.folder = folder
        self._cache = cache
        self._pieces: dict[tuple[str, str], BaseModel] = {}
        self._compiled = self._open()

    @property
    def index(self) -> Index:
        """What there is, in the pack's own order."""
        return self._compiled.index

    def question(self, id_: str) -> Question:
        """One whole question.

        Raises: UsageError when there is none of that id.
        """
        from tutor.content.models.question import QuestionBody

        return self._read("question", id_, QuestionBody).question

    def recap(self, topic: str) -> RecapFile:
        """The recap of a topic.

        Raises: UsageError when the topic has none.
        """
        from tutor.content.models.recap import RecapFile

        return self._read("recap", topic, RecapFile)

    def scenario(self, id_: str) -> Scenario:
        """One whole mock interview script.

        Raises: UsageError when there is none of that id.
        """
        from tutor.content.models.scenario import Scenario

        return self._read("scenario", id_, Scenario)

    def tip(self, id_: str) -> Tip:
        """One interview tip.

        Raises: UsageError when there is none of that id.
        """
        from tutor.content.models.pack import Tip

        return self._read("tip", id_, Tip)

    def tips(self) -> list[Tip]:
        """All tips, in order."""
        return [self.tip(id_) for id_ in self.index.tips]

    def _read(self, kind: str, id_: str, model: type[M]) -> M:
        """One piece, validated once: pieces are frozen, and lists of interviews ask for the same ones many times."""
        known = self._pieces.get((kind, id_))
        if isinstance(known, model):
            return known
        try:
            piece = self._piece(kind, id_, model)
        except (Stale, ValueError):  # damaged, or compiled by a program of this version with other models
            self._compiled = self._compile()
            self._pieces.clear()
            piece = self._piece(kind, id_, model)
        self._pieces[kind, id_] = piece
        return piece

    def _piece(self, kind: str, id_: str, model: type[M]) -> M:
        raw = self._compiled.body(kind, id_)
        if raw is None:
            raise UsageError(f"This pack has no {kind} `{id_}`.", self._suggestion(kind, id_))
        return model.model_validate_json(raw)

    def _suggestion(self, kind: str, id_: str) -> str:
        from difflib import get_close_matches

        index = self.index
        ids = {
            "question": [entry.id for entry in index.entries],
            "recap": [topic.id for topic in index.topics if topic.recap],
            "scenario": [scenario.id for scenario in index.scenarios],
            "tip": list(index.tips),
        }[kind]
        close = get_close_matches(id_, ids, n=1)
        return f"Did you mean `{close[0]}`?" if close else ""

    def _key(self) -> str:
        from tutor.content.files import pack_files

        try:
            return content_key(self.folder, pack_files(self.folder))
        except OSError as error:
            place = Path(os.fsdecode(error.filename)) if error.filename else self.folder
            problem = Problem(place, 0, f"cannot be read: {error.strerror or error}")
            raise ContentError([problem]) from None

    def _file(self, key: str) -> Path:
        return self._cache / "packs" / f"{key}.pack"

    def _open(self) -> Compiled:
        key = self._key()
        try:
            return open_file(self._file(key), key)
        except Stale:
            return self._compile()

    def _compile(self) -> Compiled:
        """Compile what the files hold, and keep it only under the key of exactly that: an author may be saving."""
        for _ in range(_ATTEMPTS):
            key = self._key()
            data = self._data(key)
            if self._key() == key:
                write_file(self._file(key), data)
                prune(self._file(key).parent)
                break
        return Compiled(lambda: BytesIO(data), key)

    def _data(self, key: str) -> bytes:
        from tutor.content.bodies import bodies_of, index_of
        from tutor.content.source import read_pack

        source = read_pack(self.folder)
        return to_bytes(index_of(source), bodies_of(source), key)
