"""Live and ready are two questions: one about the process, one about what it needs. Both get the truth."""

from __future__ import annotations

import asyncio

import pytest

from chassis import health as module
from chassis.health import Health


class Dependency:
    """Something that a service needs; it answers as it is told, and counts how often it is asked."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.asked = 0
        self.hang = False

    async def check(self) -> None:
        """Raise when there is trouble."""
        self.asked += 1
        if self.hang:
            await asyncio.Event().wait()
        if self.trouble:
            raise self.trouble


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED_FOR", -1.0)
    monkeypatch.setattr(module, "NO_CACHED_FOR", -1.0)
    monkeypatch.setattr(module, "CHECK_TIMEOUT", 0.05)


@pytest.fixture
def database() -> Dependency:
    """A dependency without which nothing works."""
    return Dependency()


@pytest.fixture
def broker() -> Dependency:
    """A dependency that can be missed for a while."""
    return Dependency()


@pytest.fixture
def health(database: Dependency, broker: Dependency) -> Health:
    """The health of a started service."""
    made = Health()
    made.add("database", database.check)
    made.add("events", broker.check, required=False)
    made.ready = True
    return made


async def test_ready_when_all_that_is_required_can_be_used(health: Health) -> None:
    """Each check is reported by its name."""
    assert await health.readiness() == (
        True,
        {
            "status": "ready",
            "checks": {"database": {"ok": True, "required": True}, "events": {"ok": True, "required": False}},
        },
    )


async def test_not_ready_without_what_is_required(health: Health, database: Dependency) -> None:
    """The reason is the kind of error, never its text, which may hold a password."""
    database.trouble = ConnectionError("postgresql://u:hunter2@db")
    usable, report = await health.readiness()
    assert (usable, report["status"]) == (False, "unavailable")
    assert report["checks"] == {
        "database": {"ok": False, "required": True, "reason": "ConnectionError"},
        "events": {"ok": True, "required": False},
    }


async def test_ready_without_what_is_not_required_but_said(health: Health, broker: Dependency) -> None:
    """Orders are still taken without the broker; whoever looks sees that it is missing."""
    broker.trouble = OSError()
    usable, report = await health.readiness()
    assert usable
    assert report["checks"] == {
        "database": {"ok": True, "required": True},
        "events": {"ok": False, "required": False, "reason": "OSError"},
    }


async def test_a_check_that_hangs_is_a_no(health: Health, database: Dependency) -> None:
    """The prober has a limit of its own; an answer after it would be none."""
    database.hang = True
    usable, report = await health.readiness()
    assert not usable
    assert "timed out" in str(report)


async def test_live_asks_nobody(health: Health, database: Dependency) -> None:
    """A database that is down must not restart every service in front of it."""
    database.trouble = OSError()
    health.draining = True
    assert health.live() == {"status": "live"}
    assert database.asked == 0


async def test_not_ready_before_everything_is_started(health: Health) -> None:
    """All dependencies are well and the service is still not: its listeners are not open."""
    health.ready = False
    usable, report = await health.readiness()
    assert (usable, report["status"]) == (False, "starting")


async def test_draining_is_a_no_at_once(health: Health, database: Dependency) -> None:
    """Without asking: traffic has to go elsewhere now."""
    health.draining = True
    assert await health.readiness() == (False, {"status": "draining"})
    assert database.asked == 0


async def test_probes_at_once_share_one_question(
    health: Health, database: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty probes are not twenty statements; a moment later it is asked again."""
    monkeypatch.setattr(module, "CACHED_FOR", 3600.0)
    monkeypatch.setattr(module, "NO_CACHED_FOR", 3600.0)
    await asyncio.gather(*(health.readiness() for _ in range(20)))
    await health.readiness()
    assert database.asked == 1
    monkeypatch.setattr(module, "CACHED_FOR", -1.0)
    monkeypatch.setattr(module, "NO_CACHED_FOR", -1.0)
    await health.readiness()
    assert database.asked == 2


async def test_a_no_is_asked_again_sooner(
    health: Health, database: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come back gets traffic before a yes would be asked again."""
    monkeypatch.setattr(module, "CACHED_FOR", 3600.0)
    database.trouble = OSError()
    assert not (await health.readiness())[0]
    database.trouble = None
    assert (await health.readiness())[0]
    database.trouble = OSError()
    assert (await health.readiness())[0]


async def test_a_prober_that_leaves_does_not_spoil_it_for_others(health: Health, database: Dependency) -> None:
    """Its request is cancelled; the question it began is answered for those who still wait."""
    database.hang = True
    first = asyncio.create_task(health.readiness())
    await asyncio.sleep(0)
    second = asyncio.create_task(health.readiness())
    await asyncio.sleep(0)
    first.cancel()
    usable, _ = await second
    assert not usable
    assert database.asked == 1


async def test_a_change_is_logged_once(health: Health, database: Dependency, caplog: pytest.LogCaptureFixture) -> None:
    """One line when it goes, one when it comes back; none for each probe in between."""
    caplog.set_level("INFO")
    database.trouble = OSError()
    for _ in range(3):
        await health.readiness()
    database.trouble = None
    for _ in range(3):
        await health.readiness()
    assert [record.getMessage() for record in caplog.records] == [
        "dependency database is unavailable: OSError",
        "dependency database is available",
    ]
