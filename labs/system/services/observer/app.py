"""Puts observer together. Refuses to send its own telemetry to itself: that would never stop."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from chassis.health import Health
from chassis.service import Service, new_api
from chassis.settings import load
from observer import jaeger, page, routes
from observer.settings import ObserverSettings
from observer.store import Store


def service() -> Service:
    """Observer from the environment. Raises: SystemExit with a sentence when a setting is wrong."""
    return build(load(ObserverSettings))


def build(settings: ObserverSettings) -> Service:
    """Observer with these settings; its file lies in `data_dir`."""
    store = Store(
        settings.data_dir / "observer.sqlite3",
        max_spans=settings.max_spans,
        max_logs=settings.max_logs,
        max_alerts=settings.max_alerts,
    )
    api = new_api("Observer")
    received = routes.receiver(store, settings.max_body_bytes)
    for part in (received, routes.reader(store), jaeger.router(store), _page()):
        api.include_router(part)
    health = Health()
    health.add("store", partial(asyncio.to_thread, store.check))
    # Also on the ops port: with PORT=16686 OPS_PORT=4318 observer stands exactly where a Jaeger would.
    return Service("observer", settings, api, health, [_Closing(store)], ops=[received])


def _page() -> APIRouter:
    api = APIRouter()

    @api.get("/", response_class=HTMLResponse, include_in_schema=False)
    def search() -> str:
        return page.HTML

    return api


class _Closing:
    """Closes the file after the last request was served."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        self._store.close()
