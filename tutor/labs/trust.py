"""Which labs from elsewhere may run code of their own on this machine. Refuses to trust a name alone: what was trusted
is exactly the content of that day, and a lab that changes is a stranger again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tutor.errors import MachineError
from tutor.labs.plainfiles import plain_files, read_plain
from tutor.labs.run import whole_or_not


class Trust:
    """The file in which it is kept, in the learner's data directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def covers(self, lab: str, folder: Path) -> bool:
        """True when this very content was trusted.

        Raises: ContentError when the lab holds what no lab may hold.
        """
        known = self._known().get(lab)
        return known is not None and known == digest(folder)

    def give(self, lab: str, folder: Path) -> None:
        """Trust the lab as it is now.

        Raises: MachineError when that cannot be kept.
        """
        self._keep({**self._known(), lab: digest(folder)})

    def take(self, lab: str) -> None:
        """Trust it no longer.

        Raises: MachineError when that cannot be kept.
        """
        self._keep({name: value for name, value in self._known().items() if name != lab})

    def _known(self) -> Mapping[str, str]:
        """What was trusted; a file that cannot be read trusts nobody."""
        try:
            known = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in known.items()} if isinstance(known, dict) else {}

    def _keep(self, known: Mapping[str, str]) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole_or_not(self._path, json.dumps(known, indent=1).encode(), mode=0o600)
        except OSError as error:
            raise MachineError(f"{self._path} cannot be written: {error.strerror}.", "Make room on the disk.") from None


def digest(folder: Path) -> str:
    """One value for all that a lab holds.

    Raises: ContentError when it holds what no lab may hold.
    """
    whole = hashlib.sha256()
    for name, path in plain_files(folder).items():
        content = read_plain(path)
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
