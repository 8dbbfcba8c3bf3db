"""Who a request speaks for is said by the gateway alone: no spelling of any header lets a client say it."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.identity.claims import InvalidToken
from chassis.identity.internal import parse_keys, verify
from gateway.headers import ONLY_ONCE, PASSED, BadHeaders, inbound, outbound
from tests.system.gateway.running import IDENTITY_KEY, Gateway
from tests.system.gateway.tokens import bearer, token
from tests.system.gateway.upstream import Received, Upstream

# All that a service may see: what passes, and what the gateway says itself.
OWN = {"host", "content-length", "connection", "x-identity", "x-correlation-id", "x-forwarded-for", "traceparent"}
KNOWN = {name.decode() for name in PASSED} | OWN

NAMES = [
    "X-Identity",
    "X-User-Id",
    "X-User",
    "X-Roles",
    "X-Api-Key",
    "X-Real-IP",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-User",
    "X-Auth-Request-Email",
    "Forwarded",
    "Remote-User",
    "True-Client-IP",
    "Client-Cert",
    "Api-Key",
    "Identity",
    "Baggage",
    "Via",
]


def spellings(name: str) -> list[str]:
    """One name as different readers would still take it for the same."""
    return [
        name,
        name.lower(),
        name.upper(),
        name.replace("-", "_"),
        name.replace("-", "_", 1),
        name.swapcase().replace("-", "_"),
        f"HTTP_{name.upper().replace('-', '_')}",
        name.replace("-", "."),
        f"{name}-",
        f"-{name}",
        name.replace("-", "--"),
    ]


def sent(*lines: str, connection: str = "close") -> bytes:
    """A request to /api/mine with these header lines."""
    return "\r\n".join(["GET /api/mine HTTP/1.1", "Host: shop", f"Connection: {connection}", *lines, "", ""]).encode()


def only_known(got: Received) -> None:
    """Nothing came that the gateway does not pass or say, and what it says came once."""
    names = [name.lower() for name, _ in got.headers]
    assert set(names) <= KNOWN
    for name in OWN & set(names):
        assert names.count(name) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_no_spelling_of_an_identity_header_gets_through(gateway: Gateway, upstream: Upstream, name: str) -> None:
    """Each spelling, all of them at once and each twice: the service sees the one header that the gateway signed."""
    user = str(uuid.uuid4())
    lines = [f"{spelled}: forged-{number}" for number, spelled in enumerate(spellings(name) * 2)]
    said = await gateway.raw(sent(f"Authorization: Bearer {token(user)}", *lines))
    assert said.startswith(b"HTTP/1.1 200 "), said
    (got,) = upstream.received
    only_known(got)
    assert "forged" not in str(got.headers)
    assert verify(got.value("x-identity"), parse_keys(f"k1={IDENTITY_KEY}"), "orders").subject == user


async def test_the_connection_header_cannot_take_ours_away(gateway: Gateway, upstream: Upstream) -> None:
    """Naming our headers as hop-by-hop removes the client's own copies at most, never what the gateway adds."""
    listed = "close, X-Identity, X-Correlation-Id, X-Forwarded-For, Traceparent, Host, Accept"
    shown = f"Authorization: Bearer {token()}"
    await gateway.raw(sent(shown, "Accept: text/plain", "X-Identity: forged", connection=listed))
    (got,) = upstream.received
    only_known(got)
    assert got.values("accept") == []
    for name in ("x-identity", "x-correlation-id", "x-forwarded-for", "traceparent", "host"):
        assert "forged" not in got.value(name)


async def test_without_a_token_there_is_no_identity(gateway: Gateway, upstream: Upstream) -> None:
    """Where a token may be left out, nothing stands in for it; where none is asked for, none is passed on."""
    await gateway.get("/api/either", **{"X-Identity": "forged"})
    await gateway.get("/api/things", **bearer(token()))
    await gateway.get("/api/either", **bearer(token()))
    nobody, not_asked, somebody = upstream.received
    assert nobody.values("x-identity") == nobody.values("authorization") == []
    assert not_asked.values("x-identity") == not_asked.values("authorization") == []
    assert somebody.value("x-identity")


async def test_the_signed_header_is_for_one_service(gateway: Gateway, upstream: Upstream) -> None:
    """Subject, roles and token id of the verified token, for this audience: a neighbour cannot replay it."""
    user = str(uuid.uuid4())
    await gateway.get("/api/mine", **bearer(token(user, "support", jti="the-id")))
    (got,) = upstream.received
    keys = parse_keys(f"k1={IDENTITY_KEY}")
    identity = verify(got.value("x-identity"), keys, "orders")
    assert (identity.subject, set(identity.roles), identity.token_id) == (user, {"support"}, "the-id")
    with pytest.raises(InvalidToken):
        verify(got.value("x-identity"), keys, "payments")


names = st.one_of(
    st.sampled_from([spelled for name in NAMES for spelled in spellings(name)]),
    st.sampled_from(sorted(name.decode() for name in PASSED)),
    st.text("abcdefghijklmnopqrstuvwxyzXIDENTITY-_.!#$%&'*+^`|~0123456789", min_size=1, max_size=30),
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=30)


@given(st.lists(st.tuples(names, values), max_size=30), st.lists(names, max_size=3))
def test_only_listed_headers_are_forwarded(pairs: list[tuple[str, str]], hop: list[str]) -> None:
    """For any names in any mixture: what is forwarded is on the list, as often and with the values that were sent."""
    # The parser in front hands names over in lower case, whatever the client wrote.
    raw = [(name.lower().encode(), value.encode()) for name, value in pairs if name.lower() != "connection"]
    raw.append((b"connection", ", ".join(hop).encode()))
    try:
        kept = inbound(raw)
    except BadHeaders as refusal:
        assert refusal.status == 400
        assert any([name for name, _ in raw].count(once) > 1 for once in ONLY_ONCE)
        return
    hidden = {name.lower().encode() for name in hop}
    expected = [(name, value) for name, value in raw if name in PASSED and name not in hidden]
    assert [(name.encode(), value.encode()) for name, value in kept.items()] == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Authorization", "authorization is there more than once"),
        ("Idempotency-Key", "idempotency-key is there more than once"),
        ("Content-Type", "content-type is there more than once"),
        ("Host", "Bad Request"),  # the server in front does not even let it in
    ],
)
async def test_a_header_that_decides_cannot_be_there_twice(
    gateway: Gateway, upstream: Upstream, name: str, words: str
) -> None:
    """Two values would be read differently by two readers, so the request is refused."""
    said = await gateway.raw(sent(f"Authorization: Bearer {token()}", f"{name}: one", f"{name}: two"))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert words.encode() in said
    assert upstream.received == []


@pytest.mark.parametrize("lines", [["X: " + "x" * 20_000], [f"X-{number}: 1" for number in range(150)]])
async def test_more_headers_than_anybody_needs_are_431(gateway: Gateway, lines: list[str]) -> None:
    """Too many, or too long: a problem, not a crash further back."""
    said = await gateway.raw(sent(*lines))
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in said


async def test_a_header_that_is_not_utf8_is_refused(gateway: Gateway, upstream: Upstream) -> None:
    """Bytes that could be read in two encodings do not pass."""
    said = await gateway.raw(b"GET /api/things HTTP/1.1\r\nHost: shop\r\nAccept: \xff\xfe\r\nConnection: close\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")
    assert upstream.received == []


def test_what_an_upstream_says_about_itself_is_not_returned() -> None:
    """Hop-by-hop headers, whatever Connection names, and credentials stay inside; the rest is returned as it came."""
    raw = [
        (b"Content-Type", b"text/plain"),
        (b"Connection", b"close, X-Secret"),
        (b"X-Secret", b"1"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Content-Length", b"5"),
        (b"X-Api-Key", b"key"),
        (b"Vary", b"Accept"),
        (b"Vary", b"Origin"),
    ]
    assert outbound(raw, 200) == [(b"content-type", b"text/plain"), (b"vary", b"Accept"), (b"vary", b"Origin")]
