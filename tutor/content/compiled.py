"""A validated pack in one binary file that opens in milliseconds. Refuses to trust what it reads back.

Layout: one JSON header line (magic, key, length and checksum of the index), the index as JSON, then the bodies.
The key is a hash of every content file and of the program's version, so a stale file is never opened; the index
and each body carry a checksum, so a damaged file is noticed before anything of it is shown.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from tutor import __version__
from tutor.content.index import Index, from_json, to_json
from tutor.limits import MAX_FILE_BYTES

MAGIC = "tutor-pack-1"
KEEP = 8
_HEADER_BYTES = 1024
Body = tuple[str, str, bytes]


class Stale(Exception):
    """The compiled file is missing, damaged, or of another content or program; compile again."""


def content_key(folder: Path, files: Iterable[Path]) -> str:
    """A hash of the program's version and of every file's name and bytes."""
    digest = hashlib.blake2b(f"{MAGIC}{__version__}".encode(), digest_size=16)
    for path in files:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)  # a longer file is refused when it is compiled
        digest.update(b"\0%b\0%d\0" % (os.fsencode(path.relative_to(folder)), len(data)))
        digest.update(data)
    return digest.hexdigest()


class Compiled:
    """A compiled pack: its index at once, each body on demand. It holds no file open between two reads."""

    def __init__(self, opened: Callable[[], IO[bytes]], key: str) -> None:
        """Raises: Stale when `opened` does not give exactly the pack of `key`."""
        self._opened = opened
        try:
            with opened() as stream:
                raw = _checked_index(stream, key)
                self._base = stream.tell()
            content = json.loads(raw)
            self._places: dict[str, list[int]] = content["places"]
            self.index: Index = from_json(content["index"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, OSError) as error:
            raise Stale from error

    def body(self, kind: str, id_: str) -> bytes | None:
        """The JSON of one piece of content, or None when there is none of that id.

        Raises: Stale when the bytes are not what was written.
        """
        place = self._places.get(f"{kind}/{id_}")
        if place is None:
            return None
        offset, length, crc = place
        try:
            with self._opened() as stream:
                stream.seek(self._base + offset)
                raw = stream.read(length)
        except OSError as error:
            raise Stale from error
        if zlib.crc32(raw) != crc:
            raise Stale
        return raw


def _checked_index(stream: IO[bytes], key: str) -> bytes:
    """The index as it was written; the stream stands behind it.

    Raises: Stale, or whatever reading something else as a header raises.
    """
    header = json.loads(stream.readline(_HEADER_BYTES))
    start = stream.tell()
    length = min(int(header["index"]), stream.seek(0, os.SEEK_END) - start)  # never ask for more than is there
    stream.seek(start)
    raw = stream.read(length)
    if (header["magic"], header["key"], header["crc"]) != (MAGIC, key, zlib.crc32(raw)):
        raise Stale
    return raw


def to_bytes(index: Index, bodies: Iterable[Body], key: str) -> bytes:
    """The compiled file for `index` and `bodies`, as bytes."""
    places: dict[str, list[int]] = {}
    blob = BytesIO()
    for kind, id_, raw in bodies:
        places[f"{kind}/{id_}"] = [blob.tell(), len(raw), zlib.crc32(raw)]
        blob.write(raw)
    content: dict[str, Any] = {"index": to_json(index), "places": places}
    encoded = json.dumps(content, separators=(",", ":")).encode()
    header = {"magic": MAGIC, "key": key, "index": len(encoded), "crc": zlib.crc32(encoded)}
    return json.dumps(header).encode() + b"\n" + encoded + blob.getvalue()


def open_file(path: Path, key: str) -> Compiled:
    """Open the compiled file at `path`.

    Raises: Stale when there is no file there that holds the pack of `key`.
    """
    return Compiled(lambda: _plain_file(path), key)


def _plain_file(path: Path) -> IO[bytes]:
    if not path.is_file():  # a pipe in its place would wait for a writer forever
        raise FileNotFoundError(path)
    return path.open("rb")


def write_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step. A cache that cannot be written is no failure: nothing happens."""
    import tempfile

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def prune(folder: Path, keep: int = KEEP) -> None:
    """Delete all but the `keep` newest files of the cache in `folder`; each change of content leaves one behind."""
    with suppress(OSError):
        newest_first = sorted(folder.glob("*.pack*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in newest_first[keep:]:
            path.unlink(missing_ok=True)
