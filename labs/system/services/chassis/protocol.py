"""HTTP/1.1 on a socket: uvicorn's protocol, with limits on the head of a request and problems for malformed ones.

Refuses a head that is too large or too slow: without limits a few idle clients hold connections and memory for ever.
The same holds after that: for the rest of a body that was answered unread, for bytes that begin no request, and for a
client that does not read what it has asked for.
And, under mutual TLS, a caller that is not on the list: that the authority knows it says who it is, not what it may do.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis import context
from chassis.problems import Problem, phrase, render

HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0
# A body that was answered before it had come is read on for a while and thrown away: closing at once would reset the
# connection, and a client that is still sending would never read the answer.
REST_BYTES = 16 * 1024 * 1024
REST_SECONDS = 10.0
# For so long nothing of an answer may be stuck in our memory. Closing would wait for it to be read, so this cuts.
UNREAD_SECONDS = 60.0
VERSIONS = ("1.0", "1.1")


class _TooLarge(Exception):
    """The head of the request is over the limit."""


class _OtherVersion(Exception):
    """Neither HTTP/1.0 nor 1.1; the parser would take 0.9, which has no headers, and 2.0, which looks different."""


class _OneHost(Exception):
    """HTTP/1.1 without a Host, or any request with two: which one is meant, each reader would decide for itself."""


class _Stranger(Exception):
    """The certificate is good, and its owner has no business here."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    callers: frozenset[str] | None = None  # None: plain HTTP, nobody shows a certificate
    _head = _unfinished = _rest = 0
    _arriving = _stranger = False
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A new connection owes us the head of a request."""
        super().connection_made(transport)
        self._stranger = self.callers is not None and self.callers.isdisjoint(_names(transport))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is owed any more."""
        self._head_complete()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins on a new or a kept connection."""
        self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Part of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is here; the body has a limit of its own in the middleware."""
        self._head_complete()
        if self.parser.get_http_version() not in VERSIONS:
            raise _OtherVersion
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise _OneHost  # RFC 9112, 3.2
        if self._stranger:
            raise _Stranger
        super().on_headers_complete()
        self._arriving, self._rest = True, 0

    def on_body(self, body: bytes) -> None:
        """A piece of the body, for the application unless it has answered."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._rest += len(body)
            if self._rest > REST_BYTES:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The whole request is here."""
        self._arriving = False
        if self.cycle.response_complete:
            self._head_complete()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is on its way; the client has some time to finish what nobody waits for any more."""
        super().on_response_complete()
        if self._arriving and self.cycle.response_complete and not self.transport.is_closing():
            self._timer = self.loop.call_later(REST_SECONDS, self.transport.close)

    def data_received(self, data: bytes) -> None:
        """Bytes of one or more requests."""
        if self.transport.is_closing():
            return
        awaited = self._timer
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._timer is None:
            self._keep_idle()
        # The parser keeps a header to itself until it is complete, so one without end would never be counted.
        elif awaited is self._timer and not self._arriving:
            self._unfinished += len(data)
            if self._unfinished > HEAD_BYTES:
                self._head = self._unfinished
                self.send_400_response("")

    def pause_writing(self) -> None:
        """The client reads more slowly than we write, or not at all."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read most of it."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _unsupported_upgrade_warning(self) -> None:
        """An Upgrade may be ignored, and is. Uvicorn's advice to install something would only fill the log."""

    def send_400_response(self, msg: str) -> None:
        """What the parser could not read is answered in the same shape as any other error."""
        status = 403 if self._stranger else 431 if self._head > HEAD_BYTES else 400
        with context.bind(context.accept(None)):
            response = render(Problem(status, phrase(status), headers={"Connection": "close"}), "/")
        head = b"".join(b"%s: %s\r\n" % header for header in response.raw_headers)
        self.transport.write(b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, phrase(status).encode(), head))
        self.transport.write(bytes(response.body))
        self.transport.close()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_BYTES:
            raise _TooLarge

    def _keep_idle(self) -> None:
        # Bytes stop the clock of an idle connection, and only an answer would start it again: the end of a body that
        # was answered already gets none, and neither does an empty line.
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _await_head(self) -> None:
        self._head_complete()
        self._head = self._unfinished = 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_complete(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def guarded(callers: frozenset[str] | None) -> type[GuardedProtocol]:
    """The protocol for a listener that lets these callers in, by the names in their certificates; None: everybody."""
    return type("GuardedProtocol", (GuardedProtocol,), {"callers": callers})


def _names(transport: asyncio.BaseTransport) -> set[str]:
    """What the peer's certificate, which the handshake has verified, says that it is."""
    certificate = transport.get_extra_info("peercert") or {}
    return {value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"}
