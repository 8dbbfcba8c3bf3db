"""The life of a service as a process: it starts in any order, says the truth, and leaves without losing a request."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.health import Health
from chassis.server import main
from chassis.service import Service, new_api
from processes.child import Child
from processes.leash import Leash
from processes.ports import accepts, free_ports
from processes.postgres import Postgres
from processes.valkey import Valkey
from tests.system.chassis import small
from tests.system.chassis.conftest import Settings
from tests.system.harness.waiting import eventually

ROOT = Path(__file__).resolve().parents[3]


class Small(Child):
    """The small service in a process."""

    def __init__(self, leash: Leash, name: str, **variables: str) -> None:
        self.port, self.ops_port = free_ports(2)
        ports = {"HOST": "127.0.0.1", "PORT": str(self.port), "OPS_PORT": str(self.ops_port), "SHUTDOWN_GRACE": "3"}
        path = ":".join([str(ROOT), *sys.path])
        env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **ports, **variables}
        super().__init__(name, [sys.executable, "-m", small.__name__], leash=leash, env=env)

    def get(self, path: str, *, ops: bool = False) -> httpx.Response:
        """One request."""
        port = self.ops_port if ops else self.port
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10, trust_env=False)

    def text(self) -> str:
        """Everything it has written."""
        return self.log.read_text(encoding="utf-8")

    def said(self) -> list[dict[str, Any]]:
        """Its log lines."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def until_listening(self) -> None:
        """Wait for the line that says so."""
        self.wait_until(lambda: any(line["message"] == "listening" for line in self.said()), 30)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._signal(number)

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        eventually(lambda: not self.running, 20)
        assert self.exit_code is not None
        return self.exit_code


@pytest.fixture
def run(leash: Leash, request: pytest.FixtureRequest) -> Iterator[Callable[..., Small]]:
    """Starts small services; what is left of them is killed after the test."""
    running: list[Small] = []

    def start(**variables: str) -> Small:
        made = Small(leash, f"small-{abs(hash(request.node.name))}-{len(running)}", **variables)
        made.start()
        running.append(made)
        return made

    yield start
    for one in running:
        one.kill()


class Asking(threading.Thread):
    """A request under way."""

    def __init__(self, service: Small, path: str) -> None:
        super().__init__()
        self._service, self._path = service, path
        self.answer: httpx.Response | None = None
        self.broken: httpx.HTTPError | None = None
        self.start()

    def run(self) -> None:
        """Ask."""
        try:
            self.answer = self._service.get(self._path)
        except httpx.HTTPError as error:
            self.broken = error

    def until_asleep(self) -> None:
        """Wait until the handler is at work."""
        eventually(lambda: "asleep" in self._service.text())


def test_sigterm_finishes_what_is_in_flight(run: Callable[..., Small]) -> None:
    """The request under way is answered, a kept idle connection is closed, new ones are refused, the code is 0."""
    service = run()
    service.until_listening()
    with socket.create_connection(("127.0.0.1", service.port)) as idle:
        idle.sendall(b"GET /sleep/0 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in idle.recv(4096)
        asking = Asking(service, "/sleep/0.7")
        eventually(lambda: service.text().count("asleep") == 2)
        service.signal(signal.SIGTERM)
        eventually(lambda: not accepts(service.port))
        assert service.get("/health/ready", ops=True).json() == {"status": "draining"}
        assert service.get("/health/live", ops=True).status_code == 200
        idle.settimeout(5)
        while idle.recv(4096):
            continue
    asking.join()
    assert asking.answer is not None
    assert asking.answer.text == '"rested"'
    assert service.ended() == 0
    assert [line["message"] for line in service.said()][-1] == "stopped"
    assert "own part stopped" in service.text()


def test_traffic_has_time_to_go_elsewhere(run: Callable[..., Small]) -> None:
    """During the drain delay it says that it is not ready and still answers."""
    service = run(DRAIN_DELAY="1")
    service.until_listening()
    service.signal(signal.SIGTERM)
    eventually(lambda: service.get("/health/ready", ops=True).json() == {"status": "draining"})
    assert service.get("/sleep/0").text == '"rested"'
    assert service.ended() == 0


def test_what_does_not_finish_in_time_is_told_so(run: Callable[..., Small]) -> None:
    """A request that outlasts the grace period gets 503 in place of a broken connection, and the process is gone."""
    service = run(SHUTDOWN_GRACE="1")
    service.until_listening()
    asking = Asking(service, "/sleep/60")
    asking.until_asleep()
    service.signal(signal.SIGTERM)
    asking.join()
    assert asking.answer is not None
    assert asking.answer.status_code == 503
    assert asking.answer.json()["detail"] == "The service is stopping."
    assert service.ended() == 0
    assert "own part stopped" in service.text()


@pytest.mark.parametrize("trouble", ["stop hangs", "stop fails"])
def test_a_part_that_does_not_stop_stops_nobody(run: Callable[..., Small], trouble: str) -> None:
    """It is left behind, and said; the process ends within its grace period."""
    service = run(SHUTDOWN_GRACE="1", SMALL_TROUBLE=trouble)
    service.until_listening()
    service.signal(signal.SIGTERM)
    assert service.ended() == 0
    assert any(line["message"].startswith("Own did not stop") for line in service.said())


def test_code_that_will_not_be_cancelled_is_left_behind(run: Callable[..., Small]) -> None:
    """The last resort: whatever hangs, the process is gone when the grace period is over."""
    service = run(SHUTDOWN_GRACE="1")
    service.until_listening()
    asking = Asking(service, "/stubborn")
    asking.until_asleep()
    service.signal(signal.SIGTERM)
    assert service.ended() in (0, 1)
    asking.join()
    assert asking.answer is None or asking.answer.status_code == 503


def test_a_second_signal_leaves_at_once(run: Callable[..., Small]) -> None:
    """Whoever presses Ctrl-C twice means it."""
    service = run(SHUTDOWN_GRACE="30")
    service.until_listening()
    asking = Asking(service, "/sleep/60")
    asking.until_asleep()
    service.signal(signal.SIGINT)
    eventually(lambda: any(line["message"] == "SIGINT: draining" for line in service.said()))
    service.signal(signal.SIGINT)
    assert service.ended() == 1
    asking.join()
    assert asking.broken is not None


def _unable(capsys: pytest.CaptureFixture[str], settings: Settings) -> str:
    """What a process says that cannot begin."""
    service = Service("small", settings, new_api("Small"), Health(), [])
    assert main(lambda: service) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.mark.parametrize("which", ["PORT", "OPS_PORT"])
def test_a_port_that_is_taken_is_said(
    capsys: pytest.CaptureFixture[str], make_settings: Callable[..., Settings], which: str
) -> None:
    """One sentence and exit code 3, before anything else was started; the other port is let go."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = _unable(capsys, make_settings(**{which.lower(): port}))
        assert said == f"small: {which} {port} on 127.0.0.1 cannot be used: Address already in use.\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "host.invalid"])
def test_an_address_that_is_not_ours_is_said(
    capsys: pytest.CaptureFixture[str], make_settings: Callable[..., Settings], host: str
) -> None:
    """As a sentence as well, whether it belongs to somebody else or does not exist."""
    settings = make_settings(host=host)
    said = _unable(capsys, settings)
    assert said.startswith(f"small: PORT {settings.port} on {host} cannot be used: ")
    assert said.count("\n") == 1


def test_a_part_that_cannot_start_ends_the_process(run: Callable[..., Small]) -> None:
    """Exit code 1, with the reason in the log; what was started before is stopped."""
    service = run(SMALL_TROUBLE="start fails")
    assert service.ended() == 1
    (line,) = [line for line in service.said() if line["level"] == "CRITICAL"]
    assert line["message"] == "the service cannot start"
    assert "the part is broken" in line["exception"]


def test_a_slow_start_is_live_not_ready_and_can_be_ended(run: Callable[..., Small]) -> None:
    """The ops port answers from the beginning; SIGTERM does not wait for the rest."""
    service = run(SMALL_TROUBLE="start hangs")
    service.wait_until(lambda: accepts(service.ops_port), 30)
    ready = service.get("/health/ready", ops=True)
    assert (ready.status_code, ready.json()["status"]) == (503, "starting")
    assert service.get("/health/live", ops=True).json() == {"status": "live"}
    service.signal(signal.SIGTERM)
    assert service.ended() == 0


def test_starting_before_everything_it_needs(
    run: Callable[..., Small], leash: Leash, postgres: Postgres, new_postgres_url: Callable[[], str]
) -> None:
    """Database, broker, Redis are down: live, not ready, and it says why; ready when the last is there."""
    url = new_postgres_url()
    name = url.rsplit("/", 1)[1]
    postgres.close(name)
    late = Valkey(f"late-{name}", leash, durable=False)
    service = run(SMALL_DATABASE_URL=url, SMALL_EVENTS_URL=late.url(0), SMALL_REDIS_URL=late.url(1))
    service.wait_until(lambda: accepts(service.ops_port), 30)
    checks = eventually(lambda: _failing(service) if len(_failing(service)) == 3 else None)
    assert checks == {"database", "events", "redis"}
    assert service.get("/health/live", ops=True).status_code == 200
    late.start()
    eventually(lambda: _failing(service) == {"database"})
    postgres.open(name)
    eventually(lambda: service.get("/health/ready", ops=True).status_code == 200)
    service.signal(signal.SIGTERM)
    assert service.ended() == 0
    late.stop()
    assert late.password not in service.text()


def test_a_changed_migration_ends_the_process(run: Callable[..., Small], postgres: Postgres, postgres_url: str) -> None:
    """It would not get better by waiting: exit code 1, and the log names the file."""
    first = run(SMALL_DATABASE_URL=postgres_url)
    first.until_listening()
    first.signal(signal.SIGTERM)
    assert first.ended() == 0
    postgres.run("UPDATE schema_migrations SET checksum = 'other' WHERE name ~ 'inbox'", postgres_url.rsplit("/", 1)[1])
    second = run(SMALL_DATABASE_URL=postgres_url)
    assert second.ended() == 1
    assert "chassis/0002_inbox.sql was changed after it had been applied" in second.text()


def test_operations_are_on_their_own_port(run: Callable[..., Small]) -> None:
    """Metrics and faults are not reachable where the gateway routes to; faults only exist when they are switched on."""
    service = run(FAULTS="on")
    service.until_listening()
    for path in ("/metrics", "/faults", "/docs", "/redoc"):
        assert service.get(path).status_code == 404
    assert "http_requests_total" in service.get("/metrics", ops=True).text
    assert service.get("/faults", ops=True).json() == {"active": False}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.ops_port}", trust_env=False) as client:
        assert client.put("/faults", json={"error_rate": 1, "path_prefix": "/sleep"}).json()["active"]
        assert service.get("/sleep/0").status_code == 503
        assert client.delete("/faults").status_code == 204
        assert service.get("/sleep/0").status_code == 200
        assert client.put("/faults", json={"error_rate": 7}).status_code == 422


def test_without_faults_there_are_none(run: Callable[..., Small]) -> None:
    """Off by default: the endpoints do not exist, and every line of the log is one JSON object."""
    service = run()
    service.until_listening()
    assert service.get("/faults", ops=True).status_code == 404
    service.get("/sleep/0")
    service.signal(signal.SIGTERM)
    assert service.ended() == 0
    lines = [line for line in service.text().splitlines() if not line.startswith(("own part", "asleep"))]
    assert all(json.loads(line)["service"] == "small" for line in lines)


def _failing(service: Small) -> set[str]:
    report = service.get("/health/ready", ops=True).json()
    return {name for name, check in report.get("checks", {}).items() if not check["ok"]}
