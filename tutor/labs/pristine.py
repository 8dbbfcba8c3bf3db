"""The files that a lab starts with. Refuses to write any."""

from __future__ import annotations

from pathlib import Path

from tutor.errors import ContentError, Problem
from tutor.labs.plainfiles import plain_files, read_plain


def pristine(lab_folder: Path, edit: tuple[str, ...], system: Path) -> dict[str, bytes]:
    """The files of a workspace as the lab starts: what the system has in these folders, with `start/` laid over it.

    Raises: ContentError when the lab starts with files that are not in a folder to edit, or with links and the like.
    """
    files: dict[str, bytes] = {}
    for folder in edit:
        if not (system / folder).is_dir():
            raise ContentError(
                [Problem(lab_folder / "lab.yaml", 0, f"`edit` names {folder}, which the system has not")]
            )
        for name, path in plain_files(system / folder).items():
            files[f"{folder}/{name}"] = read_plain(path)
    problems = []
    for name, path in plain_files(lab_folder / "start").items():
        if not name.startswith(tuple(f"{folder}/" for folder in edit)):
            problems.append(Problem(path, 0, "is in no folder that `edit` names; the learner would never get it"))
        files[name] = read_plain(path)
    if problems:
        raise ContentError(problems)
    return files
