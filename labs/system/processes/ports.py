"""Free ports on the loopback address. Refuses ports that the system hands to outgoing connections.

A service that is killed and started again must find its port still free. A port from the ephemeral range (32768 and
up on Linux, 49152 and up elsewhere) may by then be the source port of somebody's connection.
"""

from __future__ import annotations

import random
import socket
import threading

FIRST, LAST = 20000, 32000

_given: set[int] = set()
_turn = threading.Lock()


class NoFreePort(Exception):
    """Every port that was tried is taken."""


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on now; drawn at random, so that parallel runs rarely meet.

    No port is given twice by one process: what will listen on it may not have started yet.
    """
    found: list[int] = []
    with _turn:
        for port in random.SystemRandom().sample(range(FIRST, LAST), k=LAST - FIRST):
            if len(found) == count:
                break
            if port not in _given and _is_free(port):
                found.append(port)
        _given.update(found)
    if len(found) < count:
        raise NoFreePort(f"found {len(found)} of {count} free ports between {FIRST} and {LAST} on 127.0.0.1")
    return found


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Does somebody listen on this port of the loopback address?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True
