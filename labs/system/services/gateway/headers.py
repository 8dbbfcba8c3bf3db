"""Which headers cross the gateway, in both directions.

A service may believe X-Identity only because no client can send one. A list of headers to remove loses that game:
`X_User_Id`, `x-user-id ` and `X-USER-ID` reach one framework or another as the same name, and next year's framework
trusts a header that nobody thought of. So it is a list of headers to pass, each because something behind the gateway
reads it, and everything else stays here, whatever it is called.

Refuses ambiguous duplicates of headers that decide something, control characters in both directions, and more headers
than anybody needs.
"""

import re
from collections.abc import Iterable, Sequence

from multidict import CIMultiDict

Raw = Sequence[tuple[bytes, bytes]]

MOST = 100
LARGEST = 16_384

PASSED = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"authorization",  # services verify the token again; see chassis.identity.dependency
        b"cache-control",
        b"content-encoding",
        b"content-language",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"prefer",
        b"range",
        b"user-agent",
    )
)
# Two of them, and two readers choose differently: one checks the first, another acts on the last.
ONLY_ONCE = frozenset((b"authorization", b"idempotency-key", b"content-type", b"content-length", b"host"))
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
    )
)
# The server in front adds its own date, and the correlation id. Credentials of services are nobody's business.
_NOT_RETURNED = HOP_BY_HOP | {b"date", b"server", b"x-correlation-id", b"x-identity", b"x-api-key"}
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class BadHeaders(ValueError):
    """The headers are refused; `status` is what a client is told about its own: 400 or 431."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def inbound(raw: Raw) -> CIMultiDict[str]:
    """What is forwarded of a client's headers, before the gateway adds its own; names come in lower case."""
    _check(raw)
    hop = _named_by_connection(raw)
    kept: CIMultiDict[str] = CIMultiDict()
    try:
        for name, value in raw:
            if name in PASSED and name not in hop:
                kept.add(name.decode("ascii"), value.decode())
    except UnicodeDecodeError:
        raise BadHeaders(400, "a header is not UTF-8") from None
    return kept


def outbound(raw: Iterable[tuple[bytes, bytes]], status: int) -> list[tuple[bytes, bytes]]:
    """What is returned of an upstream's headers; BadHeaders when one could break out of its line."""
    lowered = [(name.lower(), value) for name, value in raw]
    if _CONTROL.search(b"".join(part for header in lowered for part in header)):
        raise BadHeaders(502, "a header of the answer holds a control character")
    stays = _NOT_RETURNED | _named_by_connection(lowered)
    # A length beside chunks, or of a body that is not there, makes the next reader wait for bytes that never come.
    if status in (204, 304) or any(name == b"transfer-encoding" for name, _ in lowered):
        stays |= {b"content-length"}
    return [(name, value) for name, value in lowered if name not in stays]


def one(raw: Raw, name: bytes) -> bytes:
    """The value of a header that can be there only once (see ONLY_ONCE), or nothing."""
    return next((value for key, value in raw if key == name), b"")


def _named_by_connection(raw: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """What the Connection header declares to be for this hop only."""
    values = [value for name, value in raw if name == b"connection"]
    if not values or values == [b"keep-alive"]:
        return frozenset()
    return frozenset(part.strip().lower() for value in values for part in value.split(b","))


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
