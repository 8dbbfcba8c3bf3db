"""Images and room: what is missing is fetched with progress, and what stands in the way is said in plain words."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import APIError, ImageNotFound

from tutor.labs.engine import images, obstacles
from tutor.labs.engine.base import Plan
from tutor.labs.engine.command import CommandFailed
from tutor.labs.engine.images import ImageMissing

PLAN = Plan("a-lab", ("gateway", "orders", "orders-db", "rabbitmq"))


class Registry:
    """The SDK's client of an engine that has `here`, and a registry behind it that answers with `events`."""

    def __init__(self, here: tuple[str, ...] = (), events: Any = (), info: dict[str, Any] | None = None) -> None:
        self._here, self._events, self._info = here, events, info or {}
        self.images = SimpleNamespace(get=self._get)
        self.api = SimpleNamespace(pull=self._pull)

    def info(self) -> dict[str, Any]:
        """What the engine says about its machine."""
        return self._info

    def _get(self, name: str) -> str:
        if name not in self._here:
            raise ImageNotFound(name)
        return name

    def _pull(self, repository: str, version: str, **_: Any) -> Iterator[dict[str, Any]]:
        if isinstance(self._events, Exception):
            raise self._events
        yield from self._events


def _client(**about: Any) -> Any:
    return cast(Any, Registry(**about))


def test_a_pull_tells_how_far_it_is() -> None:
    """In megabytes of all layers together, and not once per event."""
    layer = {"id": "a1", "progressDetail": {"total": 50_000_000}}
    events = [{"status": "Pulling"}, {"id": "b2", "progressDetail": {"current": 0, "total": 50_000_000}}]
    events += [
        {**layer, "progressDetail": {"current": done, "total": 50_000_000}} for done in range(0, 50_000_001, 10**5)
    ]
    told = [piece.text for piece in images.pull(_client(events=events), ["redis:7", "redis:7"])]
    assert told[0] == "redis:7" and "redis:7: 50 of 100 MB" in told
    assert len(told) < 40


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("toomanyrequests: You have reached your pull rate limit", "the registry limits how often you may pull"),
        ("write /var/lib: no space left on device", "the disk of the engine is full"),
        ("manifest unknown: manifest unknown", "the registry has no such image"),
        ("no matching manifest for linux/riscv64", "there is no such image for this processor"),
        ("pull access denied for redis", "the registry refuses"),
        ("dial tcp: lookup registry.example: no such host", "the registry cannot be reached"),
        ("", "the registry cannot be reached"),
    ],
)
def test_a_pull_that_fails_says_why_and_what_to_do(said: str, reason: str) -> None:
    """Whether the engine says it at once, or in the middle."""
    for events in ([{"status": "Pulling"}, {"error": said}], APIError("500", explanation=said), OSError(said)):
        with pytest.raises(ImageMissing, match=reason) as failed:
            list(images.pull(_client(events=events), ["redis:7"]))
        assert failed.value.hint


def test_a_build_tells_its_steps_and_why_it_failed() -> None:
    """The steps of BuildKit without its chatter; a full disk is said to be one."""
    script = "print('#5 [users 2/3] RUN pip install'); print('#5 DONE 1.2s')"
    told = list(images.build([sys.executable, "-c", script], {}, ["one"]))
    assert [piece.text for piece in told[1:]] == ["users 2/3: RUN pip install"]
    for said, reason in (("ERROR: no space left on device", "disk of the engine is full"), ("ERROR: boom", "boom")):
        with pytest.raises(ImageMissing, match=reason):
            list(images.build([sys.executable, "-c", f"print({said!r}); raise SystemExit(1)"], {}, ["one"]))


def test_our_images_are_named_by_what_is_in_them(tmp_path: Path) -> None:
    """Another service, another name; configuration that is mounted, and caches, do not count."""
    for name in ("Dockerfile", "services/orders/app.py", "config/gateway/routes.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1", encoding="utf-8")
    before = images.tag(tmp_path)
    assert len(before) == 12
    (tmp_path / "config/gateway/routes.yaml").write_text("2", encoding="utf-8")
    (tmp_path / "services/orders/__pycache__").mkdir()
    (tmp_path / "services/orders/__pycache__/app.pyc").write_text("2", encoding="utf-8")
    assert images.tag(tmp_path) == before
    (tmp_path / "services/orders/app.py").write_text("2", encoding="utf-8")
    assert images.tag(tmp_path) != before


def test_too_little_memory_stops_a_lab() -> None:
    """Before anything is started: the broker would be killed in the middle of it."""
    small = _client(info={"MemTotal": 512 * 1024 * 1024})
    found = obstacles.obstacles(small, PLAN, Path(), ([], []))
    assert [one.fatal for one in found] == [True]
    assert "The engine has 512 MiB of memory; this lab may need 928 MiB." in found[0].what
    enough = _client(info={"MemTotal": 8 * 1024**3})
    assert obstacles.obstacles(enough, PLAN, Path(), ([], [])) == []


@pytest.mark.parametrize(("free", "fatal"), [(100, True), (1000, False), (5000, None)])
def test_a_full_disk_is_said_before_it_hurts(free: int, fatal: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly full is a warning, full stops the lab; with the command that makes room."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * 1024 * 1024))
    found = obstacles.obstacles(_client(info={"DockerRootDir": "/var/lib/docker"}), PLAN, Path(), ([], []))
    assert [one.fatal for one in found] == ([] if fatal is None else [fatal])
    assert all(f"Only {free} MiB are free" in one.what and "docker system prune" in one.remedy for one in found)


def test_images_that_are_missing_cost_time_and_stop_nothing() -> None:
    """How many, and that it happens by itself."""
    client = _client(here=("redis:7",), info={})
    found = obstacles.obstacles(client, PLAN, Path(), (["redis:7", "rabbitmq:4"], ["ours:1", "ours:2"]))
    assert [(one.fatal, one.what) for one in found] == [
        (False, "1 image has to be pulled first: rabbitmq:4."),
        (False, "2 images have to be built first: ours:1, ours:2."),
    ]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Bind for 127.0.0.1:20001 failed: port is already allocated", "Somebody took a port"),
        (
            "could not find an available, non-overlapping IPv4 address pool",
            "no network left to give",
        ),
        ("mkdir /var/lib/docker/x: no space left on device", "disk of the engine is full"),
        ("something new", "ended with code 1: something new"),
    ],
)
def test_a_start_that_compose_gave_up_is_explained(said: str, meant: str) -> None:
    """What nobody has met yet is told in Compose's own words."""
    failure = obstacles.start_failed(CommandFailed(["docker", "compose", "up"], f"Network x  Error\n{said}", 1))
    assert meant in failure.message
