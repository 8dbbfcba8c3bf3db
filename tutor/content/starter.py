"""Writes a small valid pack to start from. Refuses a folder that already holds something."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from tutor.errors import MachineError, UsageError

_TEMPLATE = Path(__file__).with_name("starter_pack")
_TEMPLATE_ID = b"id: my-pack"


def write_starter(folder: Path) -> list[Path]:
    """Write the starter pack and its editor schemas into `folder`; the content files written, in a stable order.

    Raises: UsageError when the folder is not empty or is a file; MachineError when it cannot be written.
    """
    from tutor.content.schema import schemas, write_schemas

    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} exists and is not an empty folder.", "Name a new folder for the pack.")
        written = [_copy(template, folder) for template in sorted(_TEMPLATE.rglob("*.yaml"))]
        write_schemas(folder / "schema", schemas())
    except OSError as error:
        raise MachineError(f"The pack cannot be written to {folder}: {error.strerror or error}.") from None
    return written


def _copy(template: Path, folder: Path) -> Path:
    path = folder / template.relative_to(_TEMPLATE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(template.read_bytes().replace(_TEMPLATE_ID, f"id: {pack_id(folder)}".encode()))
    return path


def pack_id(folder: Path) -> str:
    """An id from the name of the folder: progress belongs to an id, so two packs must not share one."""
    simple = unicodedata.normalize("NFKD", folder.resolve().name.lower()).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", simple)
    return "-".join(words)[:60].strip("-") or "my-pack"
