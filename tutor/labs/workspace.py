"""The learner's folder: copies of what a lab lets them edit. Refuses to write outside of it, to delete what it did not
make, and to lose an edit: whatever is replaced is kept in a backup beside it.

The folders mirror `labs/system`: `services/orders`, `config/gateway`. Whatever else the learner puts beside them is
left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from tutor.errors import MachineError, UsageError
from tutor.labs.plainfiles import MAX_BYTES
from tutor.labs.run import unfinished, whole_or_not

MARK = ".tutor-lab.json"
"""The file that says that a workspace is ours, of which lab, and what its files were at the start."""

_UNSEEN = {"__pycache__"}


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace, made or not."""

    place: Path
    lab: str
    edit: tuple[str, ...]

    @property
    def state(self) -> Literal["ours", "absent", "foreign"]:
        """Whether it is there and made by us for this lab; one that lost a folder, or was never finished, is absent."""
        mark = self._mark()
        if mark is not None:
            whole = mark["complete"] is True and all((self.place / folder).is_dir() for folder in self.edit)
            return "ours" if whole else "absent"
        try:
            return "absent" if all(map(unfinished, self.place.iterdir())) else "foreign"
        except (FileNotFoundError, NotADirectoryError):
            return "foreign" if self.place.exists() else "absent"
        except OSError:
            return "foreign"

    def restore(self, files: Mapping[str, bytes], now: datetime) -> Path | None:
        """Make it, or bring back the start; the folder of the backup, when something differed from it.

        It is done file by file, so that shells and editors that are in there stay where they are.

        Raises: UsageError when something else is there, MachineError when it cannot be written.
        """
        if self.state == "foreign":
            raise UsageError(
                f"{self.place} is not empty, and not the workspace of `{self.lab}`.",
                "Name another folder: tutor lab start --workspace DIR",
            )
        try:
            present = self.fingerprints()
            theirs = bool(present) and not self._never_theirs() and bool(self.differing(files))
            backup = self._back_up(now) if theirs else None
            self._make(files, leftovers=set(present) - set(files))
        except OSError as error:
            raise self._cannot(error) from None
        return backup

    def _make(self, files: Mapping[str, bytes], leftovers: set[str]) -> None:
        """Write everything; the mark says that it is ours before, and that it is whole afterwards.

        Before anything else: a folder that was made and not marked, because we were killed, would be somebody else's.
        """
        self.place.mkdir(parents=True, exist_ok=True)
        fingerprints = {name: _fingerprint(data) for name, data in files.items()}
        self._write_mark(fingerprints, complete=False)
        for folder in self.edit:
            self._inside(folder).mkdir(parents=True, exist_ok=True)
        for name in leftovers:
            (self.place / name).unlink()
        for name, data in files.items():
            self._put(name, data)
        self._write_mark(fingerprints, complete=True)

    def follow(self, files: Mapping[str, bytes]) -> list[str]:
        """Bring what was not edited to how the lab starts now, which may be another version of it; the names of edited
        files that differ between the two versions, and are left as they are.

        Raises: MachineError when it cannot be written.
        """
        before = (self._mark() or {}).get("files", {})
        after = {name: _fingerprint(data) for name, data in files.items()}
        present, kept = self.fingerprints(), []
        try:
            for name in changed(before, after):
                if present.get(name) not in (before.get(name), after.get(name)):
                    kept.append(name)
                elif name in files:
                    self._put(name, files[name])
                else:
                    (self.place / name).unlink(missing_ok=True)
            if before != after:
                self._write_mark(after, complete=True)
        except OSError as error:
            raise self._cannot(error) from None
        return kept

    def lay(self, files: Mapping[str, bytes]) -> list[str]:
        """Put these files into it; the names of those that changed.

        Raises: MachineError when one would land outside, or cannot be written.
        """
        now = self.fingerprints()
        changed = [name for name, data in files.items() if now.get(name) != _fingerprint(data)]
        try:
            for name in changed:
                self._put(name, files[name])
        except OSError as error:
            raise self._cannot(error) from None
        return changed

    def remove(self) -> None:
        """Delete it, if it is ours and holds nothing but what we made; else leave all of it."""
        if self._mark() is None:
            self._remove_unmarked()
            return
        if (self.edited() and not self._never_theirs()) or self._others():
            return
        for folder in self.edit:
            shutil.rmtree(self.place / folder, ignore_errors=True)
        beside = [path for path in self.place.iterdir() if unfinished(path)]
        for leftover in (*beside, self.place / "endpoints.env", self.place / MARK):
            leftover.unlink(missing_ok=True)
        for folder_ in (self.place / "services", self.place / "config", self.place):
            if folder_.is_dir() and not any(folder_.iterdir()):
                folder_.rmdir()

    def _never_theirs(self) -> bool:
        """Whether it was never finished and holds only what was made so far: then nobody has deleted the rest."""
        mark = self._mark()
        if mark is None or mark["complete"] is True:
            return False
        return not set(self.edited()) & set(self.fingerprints())

    def _remove_unmarked(self) -> None:
        """What is left of one that was not even marked as ours."""
        if self.state == "absent" and self.place.is_dir():
            for left in self.place.iterdir():
                left.unlink()
            self.place.rmdir()

    def differing(self, files: Mapping[str, bytes]) -> list[str]:
        """The names of files that are not as in `files`: changed, added, missing."""
        now = self.fingerprints()
        return sorted(
            {name for name, data in files.items() if now.get(name) != _fingerprint(data)} | (set(now) - set(files))
        )

    def edited(self) -> list[str]:
        """The names of files that are not as they were when it was made."""
        return changed((self._mark() or {}).get("files", {}), self.fingerprints())

    def fingerprints(self) -> dict[str, str]:
        """What its files hold, as one short value each."""
        return {name: _fingerprint(_content(path)) for name, path in self._files()}

    def stamps(self) -> dict[str, tuple[int, int]]:
        """When its files were written and how long they are: cheap enough to be asked every moment."""
        found = {}
        for name, path in self._files():
            try:
                status = path.stat()
            except OSError:  # gone between the two looks
                continue
            found[name] = (status.st_mtime_ns, status.st_size)
        return found

    def make_readable(self) -> None:
        """Let the users of containers read it, whatever the learner's editor or umask says."""
        for _, path in self._files():
            _add_mode(path, 0o044)
            for folder in path.relative_to(self.place).parents:
                _add_mode(self.place / folder, 0o055)

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Every plain file in the folders to edit. Hidden ones are the editor's."""
        for folder in self.edit:
            for root, inside, names in os.walk(self.place / folder):
                inside[:] = sorted(one for one in inside if one not in _UNSEEN and not one.startswith("."))
                for name in sorted(names):
                    path = Path(root, name)
                    if not name.startswith(".") and not name.endswith((".pyc", "~")) and path.is_file():
                        yield path.relative_to(self.place).as_posix(), path

    def _others(self) -> bool:
        """True when the learner has put something of their own beside the folders."""
        ours = {MARK, "endpoints.env", *(folder.split("/")[0] for folder in self.edit)}
        beside = {path.name for path in self.place.iterdir() if not unfinished(path)} - ours
        inside = {
            path.relative_to(self.place).as_posix()
            for top in {folder.split("/")[0] for folder in self.edit}
            if (self.place / top).is_dir()
            for path in (self.place / top).iterdir()
        }
        return bool(beside or inside - set(self.edit))

    def _mark(self) -> dict[str, Any] | None:
        try:
            mark = json.loads((self.place / MARK).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(mark, dict) or mark.get("lab") != self.lab or not isinstance(mark.get("files"), dict):
            return None
        return {"complete": mark.get("complete"), "files": mark["files"]}

    def _write_mark(self, files: Mapping[str, str], *, complete: bool) -> None:
        mark = {"lab": self.lab, "about": "made by tutor; keep it", "complete": complete, "files": files}
        whole_or_not(self.place / MARK, (json.dumps(mark, indent=1) + "\n").encode(), mode=0o644)

    def _inside(self, name: str) -> Path:
        """The place of a file or folder, which no link may lead out of the workspace.

        Raises: MachineError when one does.
        """
        path = self.place / name
        if not path.parent.resolve().is_relative_to(self.place.resolve()):
            raise MachineError(f"{path.parent} leads out of the workspace.", "Remove that link.")
        return path

    def _put(self, name: str, data: bytes) -> None:
        """Write one file; where a link was, there is a file afterwards."""
        path = self._inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_or_not(path, data, mode=0o755 if data.startswith(b"#!") else 0o644, lasting=False)

    def _back_up(self, now: datetime) -> Path:
        """A copy of the folders as they are."""
        stem = f"{self.place.name}-{now:%Y%m%d-%H%M%S}"
        number = next(number for number in range(1, 1000) if not self._backup(stem, number).exists())
        backup = self._backup(stem, number)
        for folder in self.edit:
            if (self.place / folder).is_dir():
                shutil.copytree(self.place / folder, backup / folder, symlinks=True, ignore=_no_caches)
        return backup

    def _backup(self, stem: str, number: int) -> Path:
        return self.place.with_name(stem if number == 1 else f"{stem}-{number}")

    def _cannot(self, error: OSError) -> MachineError:
        return MachineError(
            f"{self.place} cannot be written: {error.strerror or error}.", "Make room, or mend its permissions."
        )


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of files that differ between two looks at the fingerprints."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _no_caches(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in _UNSEEN]


def _fingerprint(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError:
        return b""


def _add_mode(path: Path, bits: int) -> None:
    mode = path.stat().st_mode & 0o777
    if path.is_symlink() or mode & bits == bits:
        return
    try:
        path.chmod(mode | bits)
    except OSError:
        return  # of another user: then the service says that it may not read it
