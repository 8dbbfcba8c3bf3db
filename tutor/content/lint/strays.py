"""Finds files that no part of the program reads, though their author may think so. Refuses to open them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tutor.content.files import PARTS, SINGLES
from tutor.errors import Problem

_WELCOME = {"README.md", "LICENSE", "CHANGELOG.md"}
_SCHEMAS = "schema"


def strays(folder: Path) -> Iterator[Problem]:
    """Every file or folder of the pack that would be passed over in silence. Hidden ones are nobody's business."""
    for path, is_folder in _listed(folder):
        if is_folder:
            yield from _inside(path)
        elif path.name not in SINGLES and path.name not in _WELCOME:
            yield Problem(path, 0, f"is not read; {_instead(path, folder)}")


def _inside(part: Path) -> Iterator[Problem]:
    if part.name not in (*PARTS, _SCHEMAS):
        parts = ", ".join(f"{name}/" for name in PARTS)
        yield Problem(part, 0, f"is not read; a pack has the folders {parts}: move its files there, or remove it")
        return
    for path, is_folder in _listed(part):
        wanted = ".json" if part.name == _SCHEMAS else ".yaml"
        if is_folder:
            yield Problem(path, 0, f"is not read; move its files up into {part.name}/")
        elif path.suffix != wanted:
            yield Problem(path, 0, f"is not read; {_instead(path, part)}")


def _instead(path: Path, folder: Path) -> str:
    if path.suffix.lower() in (".yml", ".yaml"):
        renamed = path.with_suffix(".yaml").name
        if folder.name in PARTS or renamed in SINGLES:
            return f"rename it to {renamed}"
        return "move it into recap/, questions/ or scenarios/"
    return "remove it, or keep it outside the pack"


def _listed(folder: Path) -> list[tuple[Path, bool]]:
    """Each path that is not hidden, and whether it is a folder."""
    try:
        return sorted((path, path.is_dir()) for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []  # the loader says so already
