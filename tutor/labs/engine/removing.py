"""Removes everything of a project, by the SDK because that is quicker than Compose. Refuses to touch another one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from tutor.errors import MachineError
from tutor.labs import ending
from tutor.labs.engine.base import Progress
from tutor.labs.engine.inspector import PROJECT, containers

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container
    from docker.models.networks import Network
    from docker.models.volumes import Volume

AT_ONCE = 8
ATTEMPTS, PAUSE = 10, 0.5
"""How often everything is looked for, and the seconds between two looks."""


def remove(client: docker.DockerClient, project: str) -> Iterator[Progress]:
    """Containers with their own volumes, then networks, then named volumes.

    Raises: MachineError when the engine refuses.
    """
    import requests
    from docker.errors import APIError, DockerException

    try:
        for attempt in range(1, ATTEMPTS + 1):
            found = containers(client, project)
            yield Progress("stop", f"{len(found)} containers", 0, len(found))
            try:
                _remove(client, project, found)
            except APIError:
                if attempt == ATTEMPTS:
                    raise
            # What a killed start had asked the engine for may come about only now.
            if not anything(client, project):
                break
            ending.sleep(PAUSE)
        else:
            raise MachineError(f"Something of {project} comes back as often as it is removed.", "See: docker ps -a")
        yield Progress("stop", "nothing is left", len(found), len(found))
    except (DockerException, requests.RequestException) as error:
        said = getattr(error, "explanation", None) or type(error).__name__
        raise MachineError(f"Not everything could be removed: {said}.", "Try again: tutor lab stop") from None


def _remove(client: docker.DockerClient, project: str, found: list[Container]) -> None:
    label = {"label": f"{PROJECT}={project}"}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(gone, found))
        volumes = [pool.submit(_removed, one, force=True) for one in client.volumes.list(filters=label)]
        networks = [pool.submit(_removed, one) for one in client.networks.list(filters=label)]
        for removing in (*volumes, *networks):
            removing.result()


def gone(container: Container) -> None:
    """Remove a container with its own volumes; one that is gone already is no error."""
    from docker.errors import APIError, NotFound

    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # somebody removes it already
            raise


def _removed(one: Network | Volume, **how: bool) -> None:
    from docker.errors import NotFound

    with suppress(NotFound):  # somebody removes it already
        one.remove(**how)


def anything(client: docker.DockerClient, project: str) -> bool:
    """Whether the engine has anything that belongs to the project."""
    label = {"label": f"{PROJECT}={project}"}
    return bool(
        containers(client, project) or client.networks.list(filters=label) or client.volumes.list(filters=label)
    )
