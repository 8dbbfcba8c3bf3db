"""A small service for tests of the process that runs it: what it is made of, and how it misbehaves, is configured.

Refuses to be anything but a process: tests talk to its ports and send it signals.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from pydantic import Field

from chassis.health import Health
from chassis.launch import launch
from chassis.service import Component, Service, new_api
from chassis.settings import ServiceSettings, load


class Settings(ServiceSettings):
    """Which parts there are, and what is wrong with the service's own one."""

    small_database_url: str = Field(default="", repr=False)
    small_events_url: str = Field(default="", repr=False)
    small_redis_url: str = Field(default="", repr=False)
    small_trouble: str = ""


class Own:
    """The service's own part: it says what happens to it, and does what its trouble is."""

    def __init__(self, trouble: str) -> None:
        self._trouble = trouble

    async def start(self) -> None:
        """Start, or not."""
        if self._trouble == "start fails":
            raise RuntimeError("the part is broken")
        if self._trouble == "start hangs":
            await asyncio.Event().wait()
        sys.stderr.write("own part started\n")

    async def stop(self) -> None:
        """Stop, or not."""
        if self._trouble == "stop hangs":
            await asyncio.Event().wait()
        if self._trouble == "stop fails":
            raise RuntimeError("the part is broken")
        sys.stderr.write("own part stopped\n")


def _parts(settings: Settings, health: Health) -> list[Component]:
    """What the service stands on; imported only when it is there, because most of these services start without."""
    components: list[Component] = []
    if settings.small_database_url:
        from chassis.database import Database
        from chassis.events.bus import connect
        from chassis.relay import Relay
        from tests.system.messaging.databases import MIGRATIONS

        database = Database(settings.small_database_url, migrations=MIGRATIONS, name="small")
        health.add("database", database.check)
        components.append(database)
        if settings.small_events_url:
            bus = connect(settings.small_events_url, service="small", instance=settings.instance_id, prefetch=5)
            health.add("events", bus.check)
            components += [bus, Relay(database, bus)]
    if settings.small_redis_url:
        from chassis.redis import Redis

        redis = Redis(settings.small_redis_url)
        health.add("redis", redis.check)
        components.append(redis)
    return components


def build() -> Service:
    """The service as the environment describes it."""
    settings = load(Settings)
    api, health = new_api("Small"), Health()
    components = [*_parts(settings, health), Own(settings.small_trouble)]

    @api.get("/sleep/{seconds}")
    async def sleep(seconds: float) -> str:
        sys.stderr.write("asleep\n")
        await asyncio.sleep(seconds)
        return "rested"

    @api.get("/stubborn")
    async def stubborn() -> None:
        sys.stderr.write("asleep\n")
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    return Service("small", settings, api, health, components)


if __name__ == "__main__":
    launch("__main__:build")
