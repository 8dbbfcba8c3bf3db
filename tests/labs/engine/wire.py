"""Another address of the Docker engine, which can be cut: for the tutor the engine has died then.

A process of its own carries the bytes, so that cutting it is what it would be: every connection breaks, at once.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[3]


class Wire:
    """A unix socket at `place` that leads to the engine, for as long as it is not cut."""

    def __init__(self, place: Path, engine: str) -> None:
        self.host = f"unix://{place}"
        self._place = place
        self._command = [sys.executable, "-m", "tests.labs.engine.wire", str(place), engine.removeprefix("unix://")]

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def mend(self) -> None:
        """The engine answers, again."""
        self._process = subprocess.Popen(self._command, cwd=ROOT)
        deadline = time.monotonic() + 30
        while not self._place.exists():
            assert time.monotonic() < deadline, "the wire was never laid"
            time.sleep(0.02)

    def cut(self) -> None:
        """Every connection breaks, and no new one comes about."""
        self._process.kill()
        self._process.wait()
        self._place.unlink(missing_ok=True)


async def _carry(place: str, engine: str) -> None:
    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(65_536):
                target.write(piece)
                await target.drain()
            target.write_eof()

    async def carry(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_unix_connection(engine)
        await asyncio.gather(pump(near, forth), pump(far, back))
        forth.close()
        back.close()

    server = await asyncio.start_unix_server(carry, place)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_carry(*sys.argv[1:3]))
