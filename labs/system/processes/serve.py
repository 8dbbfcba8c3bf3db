"""Runs one service, with some of its packages taken from other folders: `python -P serve.py orders orders=/my/orders`.

What a container does with a mounted folder, an import does here: the folder replaces the package whole, and what lies
beside it counts for nothing. Errors name the files of that folder. Refuses to fall back on the package that was to be
replaced: who deletes a file wants to see it missing. Stands alone, so that nothing of ours is in the service's way.
"""

import runpy
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class Replaced:
    """Finds packages where they were put instead; `folders` maps the name of each to its folder."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The package in its folder; nothing for any other name."""
        folder = self._folders.get(name)
        if folder is None or path is not None:
            return None
        found = PathFinder.find_spec(name, [str(folder.parent)], target)
        if found is None:
            raise ModuleNotFoundError(f"There is no package {name}: {folder} is gone or empty.", name=name)
        return found


def main() -> None:
    """Replace what the arguments say, then become the service."""
    name, *replaced = sys.argv[1:]
    folders = {package: Path(folder) for package, _, folder in (one.partition("=") for one in replaced)}
    if folders:
        sys.meta_path.insert(0, Replaced(folders))
        # Bytecode is trusted by time and size of its source, and two edits can agree in both.
        sys.dont_write_bytecode = True
    sys.argv = [name]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
