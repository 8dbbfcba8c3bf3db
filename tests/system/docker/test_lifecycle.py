"""Up, in any order, and down again without a trace: the Compose file as it is shipped."""

from __future__ import annotations

import pytest

from tests.system.docker.conftest import NewProject
from tests.system.harness.compose import ComposeFailed, Project, inside, leftovers
from tests.system.harness.docker import DockerSystem
from tests.system.harness.waiting import eventually

pytestmark = pytest.mark.docker

SERVICES = ("gateway", "users", "orders")
ASK = "import sys, urllib.request as u; print(u.urlopen('http://127.0.0.1:9000/health/' + sys.argv[1]).status)"


def _answers(project: Project, service: str, question: str) -> bool:
    (container,) = project.containers(service)
    return inside(container, "python", "-c", ASK, question)[0] == 0


def test_it_starts_in_any_order_stops_in_order_and_leaves_nothing(new_project: NewProject) -> None:
    """Services first, what they need later: alive, not ready, then ready; SIGTERM means exit code 0; then nothing."""
    project = new_project()
    project.build(*SERVICES)
    project.compose("up", "-d", "--no-build", *SERVICES)
    for service in SERVICES:
        eventually(lambda service=service: _answers(project, service, "live"))  # type: ignore[misc]
        assert not _answers(project, service, "ready")

    project.compose("up", "-d", "--no-build", "--wait", "--wait-timeout", "120")
    running = project.containers()
    assert len(running) == 7
    assert {container.attrs["State"]["Health"]["Status"] for container in running} == {"healthy"}
    assert {container.attrs["RestartCount"] for container in running} == {0}

    project.compose("stop", *SERVICES)
    for service in SERVICES:
        (container,) = project.containers(service)
        assert (service, container.attrs["State"]["ExitCode"]) == (service, 0)

    project.compose("down", "-v", "--remove-orphans")
    assert leftovers(project.client, project.name) == []


def test_every_container_says_that_it_is_healthy(in_docker: DockerSystem) -> None:
    """Each has a probe of its own, and it passes: `up --wait` would return."""

    def healthy() -> bool:
        states = {str(one.name): one.attrs["State"].get("Health", {}) for one in in_docker.project.containers()}
        unhealthy = {name: state for name, state in states.items() if state.get("Status") != "healthy"}
        assert [name for name in unhealthy if "-doors-" not in name] == [], unhealthy
        return True

    eventually(healthy, 60)


def test_a_wrong_setting_stops_the_service_with_a_sentence(new_project: NewProject) -> None:
    """Nothing starts half configured, and the log says which variable is wrong and why."""
    wrong = {"services": {"gateway": {"environment": {"RATE_LIMIT_MODE": "sometimes"}, "restart": "no"}}}
    project = new_project(overrides=wrong)
    project.build("gateway")
    with pytest.raises(ComposeFailed):
        project.compose("up", "-d", "--no-build", "--wait", "gateway")
    (container,) = project.containers("gateway")
    assert container.attrs["State"]["ExitCode"] == 2
    assert "RATE_LIMIT_MODE must be" in container.logs().decode()
