"""Which files make up a pack. Refuses to open them."""

from __future__ import annotations

from pathlib import Path

PARTS = ("recap", "questions", "scenarios")
SINGLES = ("pack.yaml", "checklist.yaml", "tips.yaml")


def part_files(folder: Path, part: str) -> list[Path]:
    """The content files of one part of the pack in `folder`, in a stable order; hidden files are left out.

    Raises: OSError when the part exists and cannot be listed.
    """
    place = folder / part
    if not place.is_dir():
        return []
    return sorted(path for path in place.iterdir() if path.suffix == ".yaml" and not path.name.startswith("."))


def pack_files(folder: Path) -> list[Path]:
    """Every content file of the pack in `folder`, in a stable order.

    Raises: OSError when a part of the pack cannot be listed.
    """
    fixed = [folder / name for name in SINGLES]
    listed = [path for part in PARTS for path in part_files(folder, part)]
    return [path for path in fixed + listed if path.is_file()]
