"""A start on RabbitMQ ends when nobody declares queues any more, or when that takes too long."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tutor.labs.engine.local import settling

COUNTS = [0, 3, 5, 5]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[int]]]:
    """Something that has more queues each time it is asked, up to five; with what is left to be told."""
    left = list(COUNTS)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps([{}] * (left.pop(0) if left else 5)).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    monkeypatch.setattr(settling, "PAUSE", 0.01)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", left
    server.shutdown()
    server.server_close()


def test_it_waits_until_no_queue_is_added(broker: tuple[str, list[int]]) -> None:
    """None, some, more, and then as many as before."""
    address, left = broker
    settling.settle(("users", "rabbitmq"), {"rabbitmq.http": address}, "secret")
    assert left == []


def test_it_asks_nobody_where_nobody_listens(broker: tuple[str, list[int]]) -> None:
    """A plan without listeners, or without RabbitMQ, has nothing to wait for."""
    address, left = broker
    settling.settle(("gateway", "rabbitmq"), {"rabbitmq.http": address}, "secret")
    settling.settle(("users", "redis"), {}, "secret")
    assert left == COUNTS


def test_a_broker_without_queues_does_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that never declares any is for the checks to see."""
    monkeypatch.setattr(settling, "SECONDS", 0.1)
    monkeypatch.setattr(settling, "PAUSE", 0.01)
    settling.settle(("users", "rabbitmq"), {"rabbitmq.http": "127.0.0.1:1"}, "secret")
