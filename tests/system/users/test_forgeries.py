"""Tokens that prove nothing, shown to the real verifier with the real key set, and to users itself."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.identity.internal import parse_keys, sign
from chassis.identity.model import Identity
from chassis.identity.tokens import InvalidToken, TokenVerifier
from tests.system.messaging.waiting import until
from tests.system.users.running import IDENTITY_KEY, Users

STRANGERS_KEY = generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
async def verifier(users: Users) -> AsyncIterator[TokenVerifier]:
    """What gateway and services verify with, at this instance's key set."""
    settings = users.service.settings
    made = TokenVerifier(f"{users.url}/.well-known/jwks.json", "https://users.shop.test", "shop", settings)
    await made.start()
    await until(made.check)
    yield made
    await made.stop()


def encoded(part: dict[str, Any]) -> str:
    """One part of a token, made by hand: the library refuses to make most of these."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


class Forger:
    """Knows a good token, the public key, and, for tokens that we signed by mistake, the private one."""

    def __init__(self, token: str, private: RSAPrivateKey) -> None:
        self.token = token
        self.header = jwt.get_unverified_header(token)
        self.claims = jwt.decode(token, options={"verify_signature": False})
        self.private = private
        self.public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, key: Any = None, algorithm: str = "RS256", **changed: Any) -> str:
        """Our key by default; changed claims, `None` for those left out; `header` for changes of that."""
        header = {**self.header, **changed.pop("header", {})}
        claims = {name: value for name, value in {**self.claims, **changed}.items() if value is not None}
        kept = {name: value for name, value in header.items() if value is not None and name != "alg"}
        return jwt.encode(claims, key or self.private, algorithm=algorithm, headers=kept)

    def unsigned(self, algorithm: str) -> str:
        """No signature at all."""
        return f"{encoded({**self.header, 'alg': algorithm})}.{encoded(self.claims)}."

    def hmac_with_public_key(self) -> str:
        """The public key, which everybody has, as an HMAC secret."""
        content = f"{encoded({**self.header, 'alg': 'HS256'})}.{encoded({**self.claims, 'roles': ['admin']})}"
        mac = HMAC(self.public_pem, SHA256())
        mac.update(content.encode())
        return f"{content}.{base64.urlsafe_b64encode(mac.finalize()).rstrip(b'=').decode()}"

    def with_own_key_inside(self) -> str:
        """The forger's own key in the header, for verifiers that believe headers."""
        numbers = STRANGERS_KEY.public_key().public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        n = base64.urlsafe_b64encode(numbers.n.to_bytes(size, "big")).rstrip(b"=").decode()
        return self.signed(
            STRANGERS_KEY, header={"jwk": {"kty": "RSA", "n": n, "e": "AQAB"}, "jku": "http://evil.test"}
        )

    def reworded(self) -> str:
        """Our signature under other claims."""
        head, _, signature = self.token.split(".")
        return f"{head}.{encoded({**self.claims, 'roles': ['admin']})}.{signature}"


NOW = int(time.time())
FORGERIES: dict[str, Callable[[Forger], str]] = {
    "alg none": lambda forger: forger.unsigned("none"),
    "alg None": lambda forger: forger.unsigned("None"),
    "alg confusion": lambda forger: forger.hmac_with_public_key(),
    "another RSA algorithm": lambda forger: forger.signed(algorithm="RS512"),
    "PSS with the right key": lambda forger: forger.signed(algorithm="PS256"),
    "a stranger's key": lambda forger: forger.signed(STRANGERS_KEY),
    "a stranger's key in the header": lambda forger: forger.with_own_key_inside(),
    "other claims": lambda forger: forger.reworded(),
    "no signature": lambda forger: forger.token.rsplit(".", 1)[0] + ".",
    "no kid": lambda forger: forger.signed(header={"kid": None}),
    "an unknown kid": lambda forger: forger.signed(header={"kid": "nobody"}),
    "a path as kid": lambda forger: forger.signed(header={"kid": "../../dev/null"}),
    "an ordinary JWT": lambda forger: forger.signed(header={"typ": "JWT"}),
    "no type": lambda forger: f"{encoded({**forger.header, 'typ': ''})}.{forger.token.split('.', 1)[1]}",
    "a critical extension": lambda forger: forger.signed(header={"crit": ["exp"]}),
    "expired": lambda forger: forger.signed(exp=NOW - 60),
    "not valid yet": lambda forger: forger.signed(nbf=NOW + 600),
    "another audience": lambda forger: forger.signed(aud="bank"),
    "no audience": lambda forger: forger.signed(aud=None),
    "another issuer": lambda forger: forger.signed(iss="https://users.evil.test"),
    "no issuer": lambda forger: forger.signed(iss=None),
    "no expiry": lambda forger: forger.signed(exp=None),
    "no id": lambda forger: forger.signed(jti=None),
    "no subject": lambda forger: forger.signed(sub=None),
    "a list as subject": lambda forger: f"{encoded(forger.header)}.{encoded({'sub': []})}.AAAA",
    "roles in a string": lambda forger: forger.signed(roles="admin"),
    "too long": lambda forger: forger.signed(padding="x" * 5000),
    "three dots": lambda forger: forger.token + ".x",
    "nothing": lambda forger: "..",
}


async def test_a_good_token_is_good_everywhere(users: Users, verifier: TokenVerifier) -> None:
    """The control: what all forgeries are made from passes, and so does our own signature under the same claims."""
    person = await users.person()
    forger = Forger(person.access, users.parts.ring.active().private)
    for token in (person.access, forger.signed()):
        assert (await verifier.verify(token)).subject == person.id
        assert (await users.call("GET", "/users/me", token)).status_code == 200
        assert await users.is_active(token)


async def test_no_forgery_passes_anywhere(users: Users, verifier: TokenVerifier) -> None:
    """Refused by the verifier of all services, 401 as a bearer token here, inactive when a service asks."""
    person = await users.person()
    forger = Forger(person.access, users.parts.ring.active().private)
    for name, forge in FORGERIES.items():
        token = forge(forger)
        with pytest.raises(InvalidToken):
            pytest.fail(f"{name} passes: {await verifier.verify(token)}")
        answer = await users.call("GET", "/users/me", token)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (
            401,
            'Bearer realm="shop", error="invalid_token"',
        ), name
        assert (await users.introspect(token)).json() == {"active": False}, name


async def test_a_header_of_identity_is_believed_only_when_the_gateway_signed_it(users: Users) -> None:
    """Plain, by a stranger, for another service: 401; and so are a token and a header that name different users."""
    ada, eve = await users.person(), await users.person()
    ours, strange = parse_keys(f"k1={IDENTITY_KEY}"), parse_keys(f"k1={'x' * 32}")
    identity = Identity(ada.id, frozenset({"admin"}), frozenset(), "user")
    good = sign(identity, ours, "users")
    assert (await users.call("GET", "/users/me", headers={"X-Identity": good})).json()["id"] == ada.id
    for header in (ada.id, "", sign(identity, strange, "users"), sign(identity, ours, "orders"), "a.b.c"):
        assert (await users.call("GET", "/users/me", headers={"X-Identity": header})).status_code == 401
    assert (await users.call("GET", "/users/me", eve.access, headers={"X-Identity": good})).status_code == 401
