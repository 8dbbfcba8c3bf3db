"""The life of a process: bind, start in order, serve two ports, drain on a signal, stop in reverse.

Refuses to take longer to stop than SHUTDOWN_GRACE, whatever hangs, and to leave signals to a library: two servers
share this event loop, and each would install handlers of its own.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
import uvloop
from starlette.types import ASGIApp

from chassis import logs, tracing
from chassis.faults import Faults
from chassis.protocol import guarded
from chassis.service import Component, Service, business_app, ops_app
from chassis.settings import ServiceSettings, secrets_of
from chassis.tls import server_context

logger = logging.getLogger(__name__)

EXIT_FAILED = 1
EXIT_PORT = 3
# Longer than any client of ours keeps an idle connection: the side that also sends requests has to be the one that
# closes, or a request can cross a close on the wire.
KEEP_ALIVE = 75
TELEMETRY = 1.0


def main(build: Callable[[], Service]) -> int:
    """Run the service until it is told to stop, and end the process; the exit code when it could not begin."""
    service = build()
    settings = service.settings
    try:
        sockets = _bind_both(settings)
    except PortTaken as taken:
        sys.stderr.write(f"{service.name}: {taken}\n")
        return EXIT_PORT
    logs.configure(
        service=service.name,
        instance=settings.instance_id,
        level=settings.log_level,
        otlp_endpoint=settings.otlp_logs_endpoint,
        secrets=secrets_of(settings),
    )
    tracing.configure(
        service=service.name,
        instance=settings.instance_id,
        endpoint=settings.otlp_endpoint,
        sample=settings.trace_sample,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        process = Process(service, *sockets)
        code = runner.run(process.run())
        tracing.shutdown(TELEMETRY / 2)
        logs.shutdown(TELEMETRY / 2)
        # Everything is stopped and sent. Leaving the usual way would wait for every thread, and one that asks a name
        # server which does not answer takes longer than the grace period.
        sys.stdout.flush()
        os._exit(code)


class PortTaken(Exception):
    """A port that cannot be listened on; its text is the sentence for the operator."""


def bind(name: str, host: str, port: int) -> socket.socket:
    """Take the port before anything else is started: a second copy of a service fails within milliseconds."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        # With its protocol: asyncio turns Nagle's algorithm off only where it says TCP, and that is 40 ms per answer.
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortTaken(f"{name} {port} on {host} cannot be used: {error.strerror or error}.") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(0)  # not before this does a port that is taken always show
    except OSError as error:
        listener.close()
        raise PortTaken(f"{name} {port} on {host} cannot be used: {error.strerror}.") from None
    return listener


def _bind_both(settings: ServiceSettings) -> tuple[socket.socket, socket.socket]:
    """The business port and the ops port, or neither."""
    business = bind("PORT", settings.host, settings.port)
    try:
        return business, bind("OPS_PORT", settings.host, settings.ops_port)
    except PortTaken:
        business.close()
        raise


class Listener(uvicorn.Server):
    """One port."""

    def __init__(self, app: ASGIApp, tls_dir: str = "", callers: frozenset[str] = frozenset()) -> None:
        config = uvicorn.Config(
            app,
            http=guarded(callers if tls_dir else None),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        config.load()
        if tls_dir:
            config.ssl = server_context(tls_dir)
        super().__init__(config)
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def open(self, listener: socket.socket) -> None:
        """Accept connections."""
        self._task = asyncio.create_task(self.serve(sockets=[listener]))
        while not self.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def close(self, grace: float) -> None:
        """Accept no more, let requests in flight finish, cut them when the grace is over.

        Idle keep-alive connections are closed at once, busy ones with their answer: neither holds this up.
        """
        if self._task is None:
            return
        self.should_exit = True
        await asyncio.wait({self._task}, timeout=grace)
        if self._task.done():
            return
        logger.warning("%d requests did not finish in time and are cut", len(self.server_state.tasks))
        for task in list(self.server_state.tasks):
            task.cancel()
        self.force_exit = True
        await asyncio.wait({self._task}, timeout=0.3)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class Process:
    """A running service."""

    def __init__(self, service: Service, business: socket.socket, ops: socket.socket) -> None:
        faults = Faults()
        self._service = service
        self._sockets = business, ops
        settings = service.settings
        tls_dir = settings.tls_dir if settings.serves_tls else ""
        self._business = Listener(business_app(service, faults), tls_dir, settings.callers)
        self._ops = Listener(ops_app(service, faults))
        self._started: list[Component] = []
        self._registration = _registration(service)
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Start, wait for the signal, drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)
        code = 0
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and starting.exception():
            logger.critical("the service cannot start", exc_info=starting.exception())
            code = EXIT_FAILED
        else:
            await stopping
        starting.cancel()
        stopping.cancel()
        await self._drain()
        return code

    def _signalled(self, number: int) -> None:
        if self._stop.is_set():
            logger.warning("second %s: leaving at once", signal.Signals(number).name)
            os._exit(EXIT_FAILED)
        logger.info("%s: draining", signal.Signals(number).name)
        self._stop.set()

    async def _start(self) -> None:
        # The ops port first: whoever watches a slow start gets "starting" for an answer, not a refused connection.
        business, ops = self._sockets
        await self._ops.open(ops)
        for component in self._service.components:
            await component.start()
            self._started.append(component)
        await self._business.open(business)
        self._service.health.ready = True
        if self._registration:
            await self._registration.start()
        ports = {"port": business.getsockname()[1], "ops_port": ops.getsockname()[1]}
        logger.info("listening", extra=ports)

    async def _drain(self) -> None:
        """Unready, deregistered, delayed, closed, stopped, flushed: in this order, so that no request gets lost."""
        settings = self._service.settings
        end = time.monotonic() + settings.shutdown_grace - TELEMETRY
        # The last resort: code that swallows its cancellation would otherwise outlive the grace period.
        last = threading.Timer(settings.shutdown_grace, os._exit, (EXIT_FAILED,))
        last.daemon = True
        last.start()
        self._service.health.draining = True
        if self._registration:
            await _bounded(self._registration.stop(), 1.0, "registration")
        await asyncio.sleep(settings.drain_delay)
        # What hangs in HTTP must not leave the consumers without any time for theirs.
        reserve = min(2.0, settings.shutdown_grace * 0.2)
        await self._business.close(max(0.1, end - reserve - time.monotonic()))
        for component in reversed(self._started):
            await _bounded(component.stop(), max(0.1, end - time.monotonic()), type(component).__name__)
        logger.info("stopped")
        await self._ops.close(0.3)


async def _bounded(stopping: Awaitable[None], seconds: float, name: str) -> None:
    try:
        await asyncio.wait_for(stopping, seconds)
    except TimeoutError:
        logger.warning("%s did not stop in time", name)
    except Exception:
        logger.exception("%s did not stop cleanly", name)


def _registration(service: Service) -> Component | None:
    if not service.settings.consul_url:
        return None
    from chassis.registry import ConsulRegistration

    return ConsulRegistration(service.name, service.settings)
