"""When the tests cannot run, or were killed: the run fails and says what to do, and the next one cleans up."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.docker.conftest import NewProject
from tests.system.harness.compose import ROOT, engine, leftovers, sweep

ENDLESS = """
import sys, time
from pathlib import Path
from tests.system.harness.compose import Project
project = Project(Path(sys.argv[1]), variables={"RABBITMQ_UI_PORT": "0"}, profiles=())
project.compose("up", "-d", "redis")
print(project.name, flush=True)
time.sleep(600)
"""


def test_a_missing_engine_is_a_failure_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a skip: a test that was asked for and cannot run has failed."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(pytest.fail.Exception, match=r"labs/offline/engine\.sh"):
        engine()


@pytest.mark.docker
def test_missing_images_are_a_failure_with_advice(new_project: NewProject) -> None:
    """Named, with what builds a stand-in for them."""
    away = {"services": {"redis": {"image": "127.0.0.1:1/nothing:1"}}}
    with pytest.raises(pytest.fail.Exception, match=r"nothing:1\. labs/offline/images\.sh") as failed:
        new_project(overrides=away).build("gateway")
    assert "postgres" not in str(failed.value)  # which is there


@pytest.mark.docker
def test_what_a_killed_run_left_is_swept_and_a_living_run_is_not(tmp_path: Path) -> None:
    """After kill -9 nothing could clean up; the next run does, and leaves alone whoever is alive."""
    command = [sys.executable, "-c", ENDLESS, str(tmp_path)]
    client = engine()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        try:
            name = run.stdout.readline().strip()
            sweep(client)
            assert leftovers(client, name) != []
        finally:
            run.send_signal(signal.SIGKILL)
    sweep(client)
    assert leftovers(client, name) == []
    client.close()
