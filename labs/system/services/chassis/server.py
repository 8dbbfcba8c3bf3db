"""Two HTTP listeners in one event loop, and the order in which a process comes and goes."""

import asyncio
import signal

import uvicorn

from chassis.faults import Faults
from chassis.service import Service, business


async def serve(service: Service) -> int:
    """Serve until a signal."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = uvicorn.Server(
        uvicorn.Config(
            business(service, Faults()), host=service.settings.host, port=service.settings.port, lifespan="off"
        )
    )
    for component in service.components:
        await component.start()
    service.health.ready = True
    await server.serve()
    for component in reversed(service.components):
        await component.stop()
    return 0
