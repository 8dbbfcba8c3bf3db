"""The X-Identity header of each request: who the gateway says is asking, signed for one service.

Refuses to sign again what it signed a moment ago: a client asks many times a minute, and a signature costs as much as
the rest of the header work. A remembered header is used for a third of its life, so it always arrives with time left.
"""

import time
from collections.abc import Mapping

from chassis.identity import internal
from chassis.identity.model import Identity

USED_FOR = internal.LIFETIME / 3
REMEMBERED = 10_000


class Signer:
    """Signs with the first of the keys."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = keys
        self._made: dict[tuple[Identity, str], tuple[float, str]] = {}

    def header(self, identity: Identity, audience: str) -> str:
        """The value of X-Identity for this service."""
        now = time.monotonic()
        made = self._made.get((identity, audience))
        if made is not None and now - made[0] < USED_FOR:
            return made[1]
        header = internal.sign(identity, self._keys, audience)
        self._made.pop((identity, audience), None)  # to the end of the line, so that the oldest is always first
        while len(self._made) >= REMEMBERED:
            del self._made[next(iter(self._made))]
        self._made[(identity, audience)] = (now, header)
        return header
