"""What children write, line by line with the time it was written, in files that do not grow for ever.

Refuses to hold a child up: when the disk is full, lines are dropped, and the child goes on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from processes.leash import Leash

MAX_BYTES = 5 * 1024 * 1024
"""Of a file, after which it becomes the older one of two."""

MAX_LINE = 65_536


class Logbook:
    """The log of one child, over all its restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()

    @contextmanager
    def output(self) -> Iterator[int]:
        """What the child writes to."""
        reader, writer = os.pipe()
        threading.Thread(target=self._keep, args=(reader,), daemon=True).start()
        try:
            yield writer
        finally:
            os.close(writer)

    def say(self, text: str) -> None:
        """Write lines of our own."""
        for line in text.splitlines():
            self._write(line.encode())

    def _keep(self, reader: int) -> None:
        with os.fdopen(reader, "rb") as stream:
            while line := stream.readline(MAX_LINE):
                self._write(line.rstrip(b"\r\n"))

    def _write(self, line: bytes) -> None:
        stamp = datetime.now(UTC).isoformat(timespec="microseconds").encode()
        with self._turn:
            try:
                with self._path.open("ab") as stream:
                    stream.write(stamp + b" " + line + b"\n")
                    full = stream.tell() > MAX_BYTES
                if full:
                    self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            except OSError:
                return


class LoggingLeash(Leash):
    """A leash whose children write into logbooks, one per name."""

    def __init__(self, logs: Path) -> None:
        super().__init__(logs=logs)
        self._books: dict[str, Logbook] = {}

    def book(self, name: str) -> Logbook:
        """The logbook of that name."""
        return self._books.setdefault(name, Logbook(self.log(name)))

    @contextmanager
    def output(self, name: str) -> Iterator[int]:
        """What a child of that name writes to."""
        with self.book(name).output() as descriptor:
            yield descriptor
