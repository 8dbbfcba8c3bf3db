"""Runs in a container beside the system and lets this machine in: each port of its own leads to one address inside.

So the system's containers stay as they are, networks and published ports included. The name is looked up for each
connection, because a container that was made anew has another address. Refuses to import anything but the standard
library: it is the only file in its container.

`python doors.py 20001=users:9000 20002=redis:6379`
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial

CHUNK = 65536
CONNECT_SECONDS = 5


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until that way ends; then say so."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def carry(host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, both ways; none when nobody listens behind the door."""
    other: asyncio.StreamWriter | None = None
    with contextlib.suppress(OSError, TimeoutError):
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                back, other = await asyncio.open_connection(host, port)
            ways = [asyncio.ensure_future(pump(reader, other)), asyncio.ensure_future(pump(back, writer))]
            done, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            for way in rest:
                way.cancel()
            for way in done:
                way.exception()
        finally:
            for end in (writer, other):
                if end is not None:
                    end.close()


async def main(doors: list[str]) -> None:
    """Open all doors, for ever."""
    for door in doors:
        number, _, target = door.partition("=")
        host, _, port = target.partition(":")
        await asyncio.start_server(partial(carry, host, int(port)), "0.0.0.0", int(number))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
