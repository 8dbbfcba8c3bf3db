"""Finds out when the parts of a system can be used, by speaking to each as its clients do. Refuses to take a running
process, or an open port, for one that answers.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

SECONDS = 2.0
_PATHS = {
    "rabbitmq": "/",
    "consul": "/v1/status/leader",
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
    "jaeger": "/",
}


def ready(part: str, addresses: Mapping[str, str]) -> bool:
    """Whether the part answers as it should, at one of its addresses (`part.port` -> host:port)."""
    if f"{part}.ops" in addresses:
        return _http(addresses[f"{part}.ops"], "/health/ready")
    if part in _PATHS and f"{part}.http" in addresses:
        amqp = f"{part}.amqp" not in addresses or _speaks(addresses[f"{part}.amqp"], b"AMQP\0\0\x09\x01", b"\x01")
        return amqp and _http(addresses[f"{part}.http"], _PATHS[part])
    for port, (hello, answer) in _GREETINGS.items():
        if address := addresses.get(f"{part}.{port}"):
            return _speaks(address, hello, answer)
    return False


# PostgreSQL answers one byte to a request for TLS; one that still initialises does not listen on TCP at all.
_GREETINGS = {"sql": (struct.pack("!ii", 8, 80877103), b""), "redis": (b"PING\r\n", b"")}


def _http(address: str, path: str) -> bool:
    host, _, port = address.rpartition(":")
    connection = HTTPConnection(host, int(port), timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _speaks(address: str, hello: bytes, answer: bytes) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.settimeout(SECONDS)
        connection.sendall(hello)
        got = connection.recv(64)
        return bool(got) and got.startswith(answer)
    return False
