"""Which files make up a pack. Refuses to open them."""

from __future__ import annotations

from pathlib import Path

PARTS = ("recap", "questions", "scenarios")


def pack_files(folder: Path) -> list[Path]:
    """Every content file of the pack in `folder`, in a stable order."""
    fixed = [folder / "pack.yaml", folder / "checklist.yaml", folder / "tips.yaml"]
    listed = [path for part in PARTS for path in sorted((folder / part).glob("*.yaml"))]
    return [path for path in fixed + listed if path.is_file()]
