"""Access tokens: one list of checks, keys that come and go, and no way for a token to choose how it is checked."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chassis.identity import claims as checks
from chassis.identity import jwks, tokens
from chassis.identity.claims import LEEWAY, LONGEST, InvalidToken, Remembered, key_named, read
from chassis.identity.model import Identity
from chassis.identity.tokens import KeysUnavailable, TokenVerifier
from processes.ports import free_ports
from tests.system.chassis.conftest import Settings
from tests.system.chassis.peer import Peer, peer, response
from tests.system.gateway import tokens as good
from tests.system.messaging.waiting import until

PRIVATE = good.private_key()
PUBLIC = PRIVATE.public_key()


def _read(token: str) -> Identity:
    key_named(token)
    return read(token, PUBLIC, good.ISSUER, good.AUDIENCE)


def _signed(payload: dict[str, Any], **header: Any) -> str:
    headers = {"kid": good.KID, "typ": "at+jwt", **header}
    kept = {name: value for name, value in headers.items() if value is not None}
    # Not as a JWT: the library refuses to write many of the claims that it has to refuse to read.
    return jwt.PyJWS().encode(json.dumps(payload).encode(), PRIVATE, algorithm="RS256", headers=kept)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_good_token_is_an_identity() -> None:
    """Subject, roles, what they permit, and the ids by which it can be withdrawn."""
    payload = good.claims("user-1", "support", jti="t-1", sid="s-1")
    identity = _read(_signed(payload))
    assert (identity.subject, identity.kind, identity.roles) == ("user-1", "user", frozenset({"support"}))
    assert identity.may("users:read:any")
    assert not identity.may("users:roles")
    assert (identity.token_id, identity.session_id, identity.expires) == ("t-1", "s-1", payload["exp"])


def test_a_role_nobody_knows_permits_nothing() -> None:
    """It is carried and means nothing."""
    assert _read(_signed(good.claims("u", "emperor"))).permissions == frozenset()


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat", "nbf", "jti"])
def test_every_claim_is_needed(claim: str) -> None:
    """A token that leaves one out was not made by users."""
    with pytest.raises(InvalidToken):
        _read(_signed(good.claims("u", **{claim: None})))


NOW = int(time.time())


def numbered() -> Callable[[object], str]:
    """Names of cases that are the same in every process, whatever the clock and fresh keys make of their values."""
    numbers = count(1)
    return lambda _case: f"case-{next(numbers)}"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"exp": NOW - LEEWAY - 1},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"iat": "yesterday"},
        {"sub": ""},
        {"sub": 7},
        {"jti": ["x"]},
        {"sid": 7},
        {"roles": "admin"},
        {"roles": {"admin": True}},
        {"roles": [7]},
        {"roles": [["admin"]]},
    ],
    ids=numbered(),
)
def test_a_good_signature_is_not_enough(changed: dict[str, Any]) -> None:
    """It says who wrote the claims, not that they are for us, for now, or make sense."""
    with pytest.raises(InvalidToken):
        _read(_signed(good.claims("u", **changed)))


def test_clocks_may_differ_a_little() -> None:
    """A token that expired a moment ago still counts, and one of the next moment does already."""
    assert _read(_signed(good.claims("u", exp=int(time.time()) - 1)))
    assert _read(_signed(good.claims("u", nbf=int(time.time()) + 2, iat=int(time.time()) + 2)))


def _forgeries() -> dict[str, str]:
    payload = good.claims("u", "admin")
    body = _part(payload)
    pem = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"typ": "at+jwt", "kid": good.KID}
    signature = _signed(payload).rsplit(".", 1)[1]
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "none": f"{_part({**header, 'alg': 'none'})}.{body}.",
        "None": f"{_part({**header, 'alg': 'None'})}.{body}.",
        "unsigned": f"{_part({**header, 'alg': 'RS256'})}.{body}.",
        # The public key as the secret of an HMAC: the library refuses to make it, so it is made by hand.
        "confusion": _hmac({**header, "alg": "HS256"}, body, pem),
        "confusion, said to be RS256": _hmac({**header, "alg": "RS256"}, body, pem),
        "another key": jwt.encode(payload, other, algorithm="RS256", headers=header),
        "another algorithm": jwt.encode(payload, PRIVATE, algorithm="RS512", headers=header),
        "another signature's": f"{_part({**header, 'alg': 'RS256'})}.{_part({**payload, 'sub': 'admin'})}.{signature}",
        "embedded key": jwt.encode(payload, other, algorithm="RS256", headers={**header, "jwk": _jwk(other)}),
        "an ID token": _signed(payload, typ="JWT"),
        "no type": _signed(payload, typ=None),
        "critical": _signed(payload, crit=["b64"], b64=False),
        "no key id": _signed(payload, kid=None),
        "long key id": _signed(payload, kid="k" * 65),
        "five parts": f"{_signed(payload)}.x.y",
        "list": f"{_part([])}.{body}.{signature}",
        "deep": "[" * 3000,
        "deep header": f"{base64.urlsafe_b64encode(b'[' * 2000).decode()}.{body}.{signature}",
        "empty": "",
        "dots": "..",
        "long": "x" * (LONGEST + 1),
    }


def _hmac(header: dict[str, str], body: str, secret: bytes) -> str:
    signed = f"{_part(header)}.{body}"
    digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(signed.encode(), secret)
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _jwk(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return entry


FORGERIES = _forgeries()


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forgeries_prove_nothing(forgery: str) -> None:
    """Unsigned, signed by others, by another algorithm, for another purpose, or no token at all."""
    with pytest.raises(InvalidToken):
        _read(FORGERIES[forgery])


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_token_or_an_invalid_token(text: str) -> None:
    """Nothing else is raised for what anybody sends."""
    with pytest.raises(InvalidToken):
        _read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["sub", "roles", "exp", "iat", "nbf", "jti", "sid", "aud", "iss"]), JSON)
def test_any_claim_is_read_or_refused(claim: str, value: object) -> None:
    """Even signed ones: a mistake of the issuer must not be a crash of every verifier."""
    try:
        identity = _read(_signed({**good.claims("u"), claim: value}))
    except InvalidToken:
        return
    assert identity.subject


def test_what_was_verified_is_remembered_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its hash, and for no moment longer than it would be accepted."""
    now = 1000.0
    monkeypatch.setattr("chassis.identity.claims.time.time", lambda: now)
    remembered = Remembered()
    identity = Identity("u", frozenset(), frozenset(), "user", expires=1100)
    remembered.put("hunter2", identity)
    assert remembered.get("hunter2") is identity
    assert remembered.get("hunter3") is None
    assert "hunter2" not in repr(vars(remembered))
    now = 1100 + LEEWAY
    assert remembered.get("hunter2") is None


def test_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the oldest make room."""
    monkeypatch.setattr(checks, "_REMEMBERED", 10)
    remembered = Remembered()
    identity = Identity("u", frozenset(), frozenset(), "user", expires=2**40)
    for number in range(100):
        remembered.put(str(number), identity)
    assert [number for number in range(100) if remembered.get(str(number))] == list(range(90, 100))


def _entry(**changed: Any) -> dict[str, Any]:
    entry = {**good.jwks()["keys"][0], **changed}
    return {name: value for name, value in entry.items() if value is not None}


def _small() -> dict[str, Any]:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(small)), "kid": "small"}


def _elliptic() -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key)), "kid": "ec"}


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        _elliptic(),
        _small(),
        _entry(use="enc"),
        _entry(alg="RS512"),
        _entry(alg="none"),
        _entry(kid=None),
        _entry(kid=7),
        _entry(n=None),
        _entry(n="!!!"),
        _entry(n=7),
        _entry(e="AA"),
        "key",
        None,
        ["kty", "RSA"],
    ],
    ids=numbered(),
)
def test_a_key_that_cannot_be_used_is_left_out(entry: object) -> None:
    """And takes no other with it: one broken entry must not lock everybody out."""
    assert list(jwks.parse({"keys": [entry, _entry()]})) == [good.KID]


@given(JSON)
def test_any_document_can_be_read_as_a_key_set(document: object) -> None:
    """Whatever is published, nothing is raised and nothing is a key."""
    assert jwks.parse(document) == {}
    assert jwks.parse({"keys": document}) == {}


def test_a_key_set_is_bounded() -> None:
    """Parsing is work: after some dozens the rest is not looked at."""
    assert len(jwks.parse({"keys": [_entry(kid=str(number)) for number in range(100)]})) == 32


class Published:
    """The key set that users publishes, as it is changed."""

    def __init__(self) -> None:
        self.body = json.dumps(good.jwks()).encode()
        self.status = "200 OK"
        self.asked = 0

    async def answer(self, _head: bytes, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.asked += 1
        writer.write(response(self.body, self.status))


@pytest.fixture
def published() -> Published:
    """One good key."""
    return Published()


@pytest.fixture
async def users(published: Published) -> AsyncIterator[Peer]:
    """Where it is published."""
    async with peer(published.answer) as server:
        yield server


@pytest.fixture
async def verifier(users: Peer, make_settings: Callable[..., Settings]) -> AsyncIterator[TokenVerifier]:
    """A started verifier that has its keys."""
    made = TokenVerifier(f"http://127.0.0.1:{users.port}/keys", good.ISSUER, good.AUDIENCE, make_settings())
    await made.start()
    await until(made.check)
    yield made
    await made.stop()


def _another_key() -> tuple[str, dict[str, Any]]:
    """A token, and the entry of the key that signed it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    entry = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key())), "kid": "new"}
    token = jwt.encode(good.claims("u"), private, algorithm="RS256", headers={"kid": "new", "typ": "at+jwt"})
    return token, entry


async def test_tokens_are_verified_without_asking(verifier: TokenVerifier, published: Published, users: Peer) -> None:
    """One fetch for all of them; users may be down from then on."""
    asked = published.asked
    for _ in range(20):
        assert (await verifier.verify(good.token("u"))).subject == "u"
    assert published.asked == asked


async def test_forged_key_ids_are_one_question(verifier: TokenVerifier, published: Published) -> None:
    """Anybody can invent a key id: within a window users is asked once, however many come at once."""
    asked = published.asked
    verifier._attempted = float("-inf")
    tasks = [verifier.verify(_signed(good.claims("u"), kid=f"made-up-{number}")) for number in range(50)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, InvalidToken) for outcome in outcomes)
    assert published.asked == asked + 1


async def test_a_new_key_is_found_when_the_window_is_over(
    verifier: TokenVerifier, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is published before it signs; who meets it early is refused once more and then not."""
    token, entry = _another_key()
    published.body = json.dumps({"keys": [_entry(), entry]}).encode()
    with pytest.raises(InvalidToken):
        await verifier.verify(token)
    monkeypatch.setattr(tokens, "_REFETCH_WINDOW", 0.0)
    assert (await verifier.verify(token)).subject == "u"
    assert (await verifier.verify(good.token("u"))).subject == "u"


@pytest.mark.parametrize("status", ["503 Down", "200 OK"])
async def test_a_key_that_cannot_be_asked_for_is_not_unknown(
    verifier: TokenVerifier, published: Published, status: str
) -> None:
    """A new key signs while users is away: its tokens are answered 503, for a 401 would end good sessions.

    And they are good as soon as users can be asked again; whatever the known keys signed is good all the time.
    """
    token, entry = _another_key()
    verifier._attempted = float("-inf")
    published.body, published.status = b"", status
    for _ in range(2):
        with pytest.raises(KeysUnavailable):
            await verifier.verify(token)
    assert (await verifier.verify(good.token("u"))).subject == "u"
    published.body, published.status = json.dumps({"keys": [_entry(), entry]}).encode(), "200 OK"
    verifier._attempted = float("-inf")
    assert (await verifier.verify(token)).subject == "u"


async def test_a_withdrawn_key_vouches_for_nothing(verifier: TokenVerifier, published: Published) -> None:
    """Not even for the tokens that it had vouched for a moment before."""
    token = good.token("u")
    await verifier.verify(token)
    _, entry = _another_key()
    published.body = json.dumps({"keys": [entry]}).encode()
    await verifier._fetch()
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_a_key_that_changed_under_its_name_is_another_key(verifier: TokenVerifier, published: Published) -> None:
    """What the old one had signed is not accepted, remembered or not."""
    token = good.token("u")
    await verifier.verify(token)
    _, entry = _another_key()
    published.body = json.dumps({"keys": [{**entry, "kid": good.KID}]}).encode()
    await verifier._fetch()
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", "503 Down"), (b"{}", "200 OK"), (b'{"keys": []}', "200 OK"), (b"<html>", "200 OK"), (b"{}", "302 Found")],
)
async def test_a_broken_answer_never_replaces_keys_that_work(
    verifier: TokenVerifier, published: Published, body: bytes, status: str
) -> None:
    """Users may be down or ill: good sessions go on, and readiness stays yes."""
    published.body, published.status = body, status
    await verifier._fetch()
    assert (await verifier.verify(good.token("u"))).subject == "u"
    await verifier.check()


async def test_keys_are_kept_fresh(users: Peer, published: Published, make_settings: Callable[..., Settings]) -> None:
    """Without any request that asks for it, a withdrawal is noticed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_KEYS_FRESH", 0.02)
        verifier = TokenVerifier(f"http://127.0.0.1:{users.port}/keys", good.ISSUER, good.AUDIENCE, make_settings())
        await verifier.start()
        await until(lambda: published.asked >= 3)
        await verifier.stop()


async def test_without_a_first_key_nothing_can_be_said(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 and not 401, which would end good sessions; start() does not wait, and the keys are taken when they come."""
    monkeypatch.setattr(tokens, "_FIRST_KEYS", 0.02)
    (port,) = free_ports(1)
    verifier = TokenVerifier(f"http://127.0.0.1:{port}/keys", good.ISSUER, good.AUDIENCE, make_settings())
    async with asyncio.timeout(20):
        await verifier.start()
    with pytest.raises(KeysUnavailable) as unknown:
        await verifier.verify(good.token("u"))
    assert (unknown.value.status, unknown.value.headers) == (503, {"Retry-After": "2"})
    with pytest.raises(KeysUnavailable):
        await verifier.check()
    published = Published()
    async with _listening_on(port, published):
        await until(verifier.check)
        assert (await verifier.verify(good.token("u"))).subject == "u"
    await verifier.stop()


class _listening_on:
    """The key set on a port that was chosen before."""

    def __init__(self, port: int, published: Published) -> None:
        self._port, self._published = port, published

    async def __aenter__(self) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._published.answer(head, writer)
            await writer.drain()
            writer.close()

        self._server = await asyncio.start_server(serve, "127.0.0.1", self._port)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
