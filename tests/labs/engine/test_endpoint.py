"""Which engine is meant, and the plain words for each one that cannot be used. The `docker` command is played here."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tutor.labs.engine import endpoint
from tutor.labs.engine.endpoint import NoEngine, find

SOCKET = "unix:///run/somewhere/docker.sock"
PLAYED = """#!{python} -S
import json, os, sys, time
script = json.load(open({script!r}))
open({log!r}, "a").write(json.dumps([sys.argv[1:], sorted(os.environ)]) + "\\n")
text, code, seconds = script[" ".join(sys.argv[1:3])]
time.sleep(seconds)
print(text)
sys.exit(code)
"""


class Command:
    """A `docker` command that says what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.script: dict[str, tuple[str, int, float]] = {}
        self._script, self._log = folder / "script.json", folder / "log.jsonl"
        self._file = folder / "docker"
        text = PLAYED.format(python=sys.executable, script=str(self._script), log=str(self._log))
        self._file.write_text(text, encoding="utf-8")
        self._file.chmod(0o755)
        context = [{"Name": "colima", "Endpoints": {"docker": {"Host": SOCKET}}}]
        self.says("context inspect", json.dumps(context))
        self.says("version --format", json.dumps({"Platform": {"Name": "Docker Engine - Community"}}))
        self.says("compose version", "Docker Compose version v2.26.1")

    def says(self, words: str, text: str, code: int = 0, seconds: float = 0) -> None:
        """What it answers to a command that begins with these two words."""
        self.script[words] = (text, code, seconds)
        self._script.write_text(json.dumps(self.script), encoding="utf-8")

    def calls(self) -> list[tuple[list[str], list[str]]]:
        """The arguments and the names of variables of each call."""
        return [(call, env) for call, env in map(json.loads, self._log.read_text().splitlines())]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A machine with an engine like most have, and no variables about it."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return Command(tmp_path)


def test_the_context_in_use_is_the_engine(command: Command) -> None:
    """Colima, Rancher, Docker Desktop: whatever the docker command itself would use."""
    found = find()
    assert (found.host, found.source, found.compose) == (SOCKET, "context colima", (2, 26))


def test_a_variable_comes_before_the_context(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the docker command."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///elsewhere.sock")
    assert (find().host, find().source) == ("unix:///elsewhere.sock", "DOCKER_HOST")


def test_compose_hears_of_the_same_engine_and_of_nothing_else(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of the shell, such as a port or a password, must not find its way into the system."""
    monkeypatch.setenv("GATEWAY_PORT", "1")
    monkeypatch.setenv("COMPOSE_FILE", "/somewhere/else.yaml")
    environment = find().environment()
    assert environment["DOCKER_HOST"] == SOCKET
    assert not {"GATEWAY_PORT", "COMPOSE_FILE"} & set(environment)
    asked = [env for call, env in command.calls() if call[:1] != ["context"]]
    assert asked and all("DOCKER_HOST" in env and "GATEWAY_PORT" not in env for env in asked)


@pytest.mark.parametrize(
    ("words", "answer", "said"),
    [
        ("compose version", ("unknown command", 1), "has no Compose v2"),
        ("compose version", ("docker-compose version 1.29.2", 0), "Compose 1.29 is too old; labs need 2.20"),
        ("compose version", ("podman-compose version 1.0.6", 0), "is podman-compose here"),
        ("version --format", ('{"Components": [{"Name": "Podman Engine"}]}', 0), "The engine in use is Podman"),
        ("version --format", ("permission denied while trying to connect", 1), "You may not use the Docker engine"),
        ("version --format", ("Cannot connect to the Docker daemon", 1), "No Docker engine answers at unix:///run"),
        ("context inspect", ("no such context", 1), "does not say which engine is in use"),
        ("context inspect", ("[]", 0), "does not say which engine is in use"),
    ],
)
def test_an_engine_that_cannot_be_used_is_refused_with_the_reason(
    command: Command, words: str, answer: tuple[str, int], said: str
) -> None:
    """Each with what to do."""
    command.says(words, *answer)
    with pytest.raises(NoEngine, match=said) as refused:
        find()
    assert refused.value.hint


def test_an_engine_that_hangs_is_not_waited_for(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there and does not answer: that is said after a while."""
    monkeypatch.setattr(endpoint, "PATIENCE", 0.5)
    command.says("version --format", "", seconds=60)
    with pytest.raises(NoEngine, match="does not answer"):
        find()
    command.says("version --format", "{}")
    command.says("compose version", "", seconds=60)
    with pytest.raises(NoEngine, match="does not come to an end"):
        find()


@pytest.mark.parametrize("host", ["tcp://10.0.0.7:2375", "ssh://me@server"])
def test_an_engine_on_another_machine_is_refused(host: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace lies here, and is mounted."""
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(NoEngine, match=f"is on another machine: {host}"):
        find()


def test_without_the_docker_command_there_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoEngine, match="no `docker` command") as refused:
        find()
    assert "Compose v2" in refused.value.hint


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the SDK leaves the socket that it could not connect
def test_a_socket_that_nobody_listens_on_is_a_sentence(tmp_path: Path) -> None:
    """The SDK's own error is not shown as a traceback."""
    nowhere: Any = endpoint.Endpoint(f"unix://{tmp_path}/none.sock", "DOCKER_HOST", (2, 26))
    with pytest.raises(NoEngine, match="No Docker engine answers at"):
        nowhere.client()
    gc.collect()
