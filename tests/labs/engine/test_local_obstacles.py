"""What cannot run without Docker says precisely what it needs, and what differs is said aloud."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tutor.labs.engine.base import Obstacle, Plan
from tutor.labs.engine.local import obstacles as module
from tutor.labs.engine.local.dependencies import Dependencies

SYSTEM = Path(__file__).resolve().parents[3] / "labs" / "system"


class Told:
    """The obstacles of a plan."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._dependencies, self._patch = Dependencies(tmp_path, SYSTEM), monkeypatch
        self.rabbitmq(None)

    def rabbitmq(self, place: Path | None) -> None:
        """Where it is installed."""
        self._patch.setattr(module, "rabbitmq", lambda: place)

    def of(self, *parts: str, transport: str = "amqp") -> list[Obstacle]:
        """What stands in the way of these parts."""
        return list(module.obstacles(Plan("l", parts, transport=transport), self._dependencies))  # type: ignore[arg-type]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """A machine with all packages, room, and no RabbitMQ."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=10**10))
    return Told(tmp_path, monkeypatch)


def test_services_databases_and_redis_need_nothing(told: Told) -> None:
    """They come from the package index."""
    assert told.of("gateway", "users", "users-db", "redis", "observer") == []


@pytest.mark.parametrize("part", ["consul", "prometheus", "alertmanager"])
def test_tools_that_are_no_packages_are_named(told: Told, part: str) -> None:
    """With what is needed, and what to do."""
    [one] = told.of("gateway", part)
    assert one.fatal and f"a real {part.capitalize()}" in one.what and "Install Docker" in one.remedy


def test_a_lab_that_looks_into_rabbitmq_needs_one(told: Told) -> None:
    """An installed one is used, and said aloud; without one it says how to get it."""
    [one] = told.of("rabbitmq")
    assert one.fatal and "no rabbitmq-server is installed" in one.what and "brew" in one.remedy
    told.rabbitmq(Path("/usr/sbin/rabbitmq-server"))
    [one] = told.of("rabbitmq")
    assert not one.fatal and "/usr/sbin/rabbitmq-server" in one.what


def test_a_lab_that_does_not_mind_runs_on_streams(told: Told) -> None:
    """And that is said aloud."""
    [one] = told.of("rabbitmq", transport="any")
    assert not one.fatal and "Redis Streams" in one.what


def test_what_stands_in_for_jaeger_is_said(told: Told) -> None:
    """Traces are there; the page is another one."""
    [one] = told.of("jaeger")
    assert not one.fatal and "observer takes the traces" in one.what


def test_a_full_disk_is_seen_before_the_start(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how much is free, and where."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=5 * module.MEBIBYTE))
    [one] = told.of("redis")
    assert one.fatal and "Only 5 MiB are free" in one.what


def test_missing_packages_are_announced_or_in_the_way(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are installed first where that can be done; else it says what is missing."""
    without = Dependencies(tmp_path / "cache", SYSTEM, here=False)
    [one] = module.obstacles(Plan("l", ("redis",)), without)
    assert not one.fatal and "installed first, once" in one.what
    monkeypatch.setattr(without, "lacking", lambda: "There is no pip.")
    [one] = module.obstacles(Plan("l", ("redis",)), without)
    assert one.fatal and "There is no pip." in one.what


def test_windows_is_told_what_it_can_do(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker, or WSL."""
    monkeypatch.setattr(module, "os", SimpleNamespace(name="nt"))
    [one] = told.of("redis")
    assert one.fatal and "Linux or macOS" in one.what and "WSL" in one.remedy
