"""Which headers cross the gateway, in both directions.

A service may believe X-Identity only because no client can send one. Deny lists lose that game: `X_User_Id`,
`x-user-id ` and `X-USER-ID` reach a CGI-minded framework as the same name, and next year's framework trusts a header
that nobody denied. So every `X-` header and every name with a character outside letters, digits and dashes stops
here, unless it is named in PASSED.

Refuses ambiguous duplicates of headers that decide something, control characters, and more headers than anybody
needs.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from multidict import CIMultiDict

Raw = Sequence[tuple[bytes, bytes]]

MOST = 100
LARGEST = 16_384

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    )
)
# Not prefixed with X-, and yet taken for the caller's address or identity by one framework or another.
IDENTITY = frozenset(
    (
        b"forwarded",
        b"via",
        b"remote-user",
        b"remote-addr",
        b"auth-user",
        b"authenticated-user",
        b"user-id",
        b"client-ip",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"ssl-client-cert",
        b"ssl-client-s-dn",
        b"client-cert",
    )
)
# Set by the gateway itself: trace context is continued by a span of ours, lengths are those of the buffered body.
OWN = frozenset((b"host", b"content-length", b"expect", b"traceparent", b"tracestate", b"baggage"))
PASSED = frozenset((b"x-requested-with",))
ONLY_ONCE = frozenset((b"authorization", b"idempotency-key", b"content-type", b"content-length", b"host"))

_NAME = re.compile(rb"[a-z0-9-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# The server adds its own date and name; the correlation id is put on by the middleware in front of all of this.
_NOT_RETURNED = HOP_BY_HOP | {b"date", b"server", b"x-correlation-id", b"x-identity", b"x-api-key"}


class BadHeaders(ValueError):
    """The request's headers are refused; `status` is 400 or 431."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@lru_cache(maxsize=1024)  # names repeat; attackers' inventions only push each other out
def crosses(name: bytes) -> bool:
    """Whether a client's header of this name is forwarded."""
    plain = name.lower()
    if plain in PASSED:
        return True
    if not _NAME.fullmatch(plain) or plain.startswith(b"x-"):
        return False
    return plain not in HOP_BY_HOP and plain not in IDENTITY and plain not in OWN


def named_by_connection(raw: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """What the Connection header declares to be for this hop only."""
    values = [value for name, value in raw if name == b"connection"]
    if not values or values == [b"keep-alive"]:
        return frozenset()
    return frozenset(part.strip().lower() for value in values for part in value.split(b","))


def inbound(raw: Raw) -> CIMultiDict[str]:
    """What is forwarded of a client's headers, before the gateway adds its own."""
    _check(raw)
    hop = named_by_connection(raw)
    kept: CIMultiDict[str] = CIMultiDict()
    try:
        for name, value in raw:
            if crosses(name) and name not in hop:
                kept.add(name.decode("ascii"), value.decode())
    except UnicodeDecodeError:
        raise BadHeaders(400, "a header is not UTF-8") from None
    return kept


def outbound(raw: Raw) -> list[tuple[bytes, bytes]]:
    """What is returned of an upstream's headers."""
    lowered = [(name.lower(), value) for name, value in raw]
    hop = named_by_connection(lowered)
    return [(name, value) for name, value in lowered if name not in _NOT_RETURNED and name not in hop]


def one(raw: Raw, name: bytes) -> bytes:
    """The value of a header that can be there only once (see ONLY_ONCE), or nothing."""
    return next((value for key, value in raw if key == name), b"")


def _check(raw: Raw) -> None:
    if len(raw) > MOST:
        raise BadHeaders(431, f"more than {MOST} headers")
    names = [name for name, _ in raw]
    values = b"".join(value for _, value in raw)
    if sum(map(len, names)) + len(values) > LARGEST:
        raise BadHeaders(431, f"more than {LARGEST} bytes of headers")
    if _CONTROL.search(values):
        raise BadHeaders(400, "a header holds a control character")
    if len(set(names)) < len(names):
        for name in ONLY_ONCE:
            if names.count(name) > 1:
                raise BadHeaders(400, f"{name.decode()} is there more than once")
