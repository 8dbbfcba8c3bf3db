"""Empties a running system for whoever has it next: databases and the broker, which take long to boot, go on running
and are made as new; everything else is removed.

Refuses to keep a part that is not as it was started (stopped, paused, cut off, restarted, changed): it is removed with
its data and boots again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from tutor.errors import MachineError
from tutor.labs.engine.access import Access
from tutor.labs.engine.base import Progress
from tutor.labs.engine.cleaning import clean_broker, clean_databases
from tutor.labs.engine.inspector import PROJECT, SERVICE, containers
from tutor.labs.engine.override import DOORS, NETWORKS, SERVICES
from tutor.labs.engine.removing import AT_ONCE, gone

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

WARM = ("users-db", "orders-db", "saga-db", "rabbitmq")
"""What takes longer to boot than to clean."""


def renew(
    client: docker.DockerClient, project: str, parts: Sequence[str], addresses: Mapping[str, str], access: Access
) -> Iterator[Progress]:
    """Leave of the project what can be kept for these parts, as new; `addresses` and `access` are those of before.

    Raises: MachineError when the engine refuses.
    """
    import requests
    from docker.errors import DockerException

    try:
        yield from _renewed(client, project, parts, addresses, access)
    except (DockerException, requests.RequestException) as error:
        said = getattr(error, "explanation", None) or type(error).__name__
        raise MachineError(f"The system could not be emptied: {said}.", "Stop the lab, and start it again.") from None


def _renewed(
    client: docker.DockerClient, project: str, parts: Sequence[str], addresses: Mapping[str, str], access: Access
) -> Iterator[Progress]:
    found = containers(client, project)
    warm = [one for one in found if _part(one) in WARM and _part(one) in parts and _as_started(one, project)]
    kept = [*warm, *(one for one in found if _part(one) == DOORS and _as_started(one, project))]
    left = [one for one in found if one not in kept]
    yield Progress("stop", f"{len(left)} containers", 0, len(left))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Before anything is cleaned, nobody may be there who would connect again and make things anew.
        list(pool.map(_kill, [one for one in left if _part(one) in SERVICES]))
        removing = [pool.submit(gone, one) for one in left]
        clean = list(pool.map(lambda one: _clean(_part(one), addresses, access), warm))
        dirty = [one for one, as_new in zip(warm, clean, strict=True) if not as_new]
        removing += [pool.submit(gone, one) for one in dirty]
        for one in removing:
            one.result()
        _without_volumes(client, project, [one for one in kept if one not in dirty], pool)
    ready = [_part(one) for one in warm if one not in dirty]
    yield Progress("stop", f"emptied; still running: {', '.join(ready) or 'nothing'}", len(left), len(left))


def _clean(part: str, addresses: Mapping[str, str], access: Access) -> bool:
    if part == "rabbitmq":
        return clean_broker(addresses.get("rabbitmq.http", ""), access)
    return clean_databases(addresses.get(f"{part}.sql", ""), access, part)


def _as_started(container: Container, project: str) -> bool:
    """Whether it runs, has never died, and is on the networks that it was started on."""
    attributes = container.attrs
    state, networks = attributes["State"], attributes["NetworkSettings"]["Networks"]
    wanted = {f"{project}_{name}" for name in container.labels.get(NETWORKS, "").split(",")}
    well = (state.get("Health") or {}).get("Status") != "unhealthy" and not attributes.get("RestartCount")
    return state["Status"] == "running" and well and set(networks) == wanted


def _without_volumes(
    client: docker.DockerClient, project: str, kept: Sequence[Container], pool: ThreadPoolExecutor
) -> None:
    used = {mount.get("Name") for one in kept for mount in one.attrs["Mounts"]}
    volumes = client.volumes.list(filters={"label": f"{PROJECT}={project}"})
    list(pool.map(lambda volume: volume.remove(force=True), [one for one in volumes if one.name not in used]))


def _kill(container: Container) -> None:
    from docker.errors import APIError

    with suppress(APIError):  # it does not run; removing it comes next
        container.kill()


def _part(container: Container) -> str:
    return str(container.labels.get(SERVICE, ""))
