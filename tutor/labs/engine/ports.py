"""Free ports on the loopback. Refuses those that the system hands to outgoing connections: a part that is restarted
must find its port still free.
"""

from __future__ import annotations

import random
import socket

from tutor.errors import MachineError

FIRST, LAST = 20_000, 32_000
"""Below the ephemeral range of every common system (32768 and up on Linux, 49152 and up elsewhere)."""


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on now, drawn at random so that two tutors rarely meet.

    Raises: MachineError when there are not enough.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(range(FIRST, LAST), k=count + 500):
        if len(found) == count:
            break
        if _is_free(port):
            found.append(port)
    if len(found) < count:
        raise MachineError(f"No {count} ports are free between {FIRST} and {LAST}.", "End what listens there.")
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
