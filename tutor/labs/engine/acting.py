"""Does one thing to the containers of a part. Refuses to mind doing it twice: what is so already, stays so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from tutor.errors import MachineError
from tutor.labs.engine.base import Action
from tutor.labs.engine.inspector import SERVICE, containers
from tutor.labs.engine.override import NETWORKS

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

GRACE = 10


def act(client: docker.DockerClient, project: str, action: Action) -> None:
    """Do `action` to the part's containers, together.

    Raises: MachineError when the engine refuses, or there is no such container.
    """
    import requests
    from docker.errors import DockerException

    try:
        found = [one for one in containers(client, project, action.part) if action.instance in ("", one.name)]
        if not found:
            raise MachineError(f"There is no container of {action.part} any more.", "Bring it back: tutor lab reset")
        with ThreadPoolExecutor(len(found)) as pool:
            list(pool.map(lambda one: _act(client, project, one, action), found))
    except (DockerException, requests.RequestException) as error:
        said = getattr(error, "explanation", None) or type(error).__name__
        raise MachineError(f"The engine cannot {action.do} {action.part}: {said}.", "See: docker ps -a") from None


def _act(client: docker.DockerClient, project: str, container: Container, action: Action) -> None:
    if action.do in ("disconnect", "connect"):
        _cut(client, project, container, action.do)
    elif action.do == "resume":
        if container.status == "paused":
            container.unpause()
    elif action.do == "pause":
        if container.status == "running":
            container.pause()
    elif action.do == "kill":
        if container.status in ("running", "paused"):
            container.kill()
    else:
        _lifecycle(container, action.do)


def _lifecycle(container: Container, do: str) -> None:
    if container.status == "paused":
        container.unpause()  # what is frozen can neither stop nor restart
    if do == "start":
        container.start()
    elif do == "stop":
        container.stop(timeout=GRACE)
    elif do == "restart":
        container.restart(timeout=GRACE)


def _cut(client: docker.DockerClient, project: str, container: Container, do: str) -> None:
    """Take a container off all networks of its project, or put it back on those that its part belongs to."""
    from docker.errors import APIError

    part = container.labels[SERVICE]
    wanted = container.labels[NETWORKS].split(",")
    attached = set(container.attrs["NetworkSettings"]["Networks"])
    for network in client.networks.list(filters={"label": f"com.docker.compose.project={project}"}):
        mine = network.attrs["Labels"].get("com.docker.compose.network") in wanted
        if do == "disconnect" and network.name in attached:
            with suppress(APIError):
                network.disconnect(container, force=True)
        elif do == "connect" and mine and network.name not in attached:
            network.connect(container, aliases=[part])
