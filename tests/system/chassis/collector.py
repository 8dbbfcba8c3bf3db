"""A receiver of telemetry that takes it, refuses it, hangs, or is no receiver at all, as a test tells it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord


class Collector:
    """What arrived, and what is answered next."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.garbage = False
        self.hang = threading.Event()
        self.hang.set()
        self.bodies: list[bytes] = []
        self.asked = 0

    def records(self) -> list[LogRecord]:
        """Every log record that was taken."""
        found: list[LogRecord] = []
        for body in self.bodies:
            for group in ExportLogsServiceRequest.FromString(body).resource_logs:
                found += [record for scope in group.scope_logs for record in scope.log_records]
        return found


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.asked += 1
            collector.hang.wait(10)
            if collector.garbage:
                self.wfile.write(b"220 mail.example ESMTP\r\n")
                return
            if collector.status == 200:
                collector.bodies.append(body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        collector.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()
