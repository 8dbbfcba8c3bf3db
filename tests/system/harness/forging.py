"""Tokens that prove nothing, in every way that a forger, or a mistake of ours, could make them.

Refuses to leave one out because a library would not make it: those are put together by hand.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

STRANGERS_KEY = generate_private_key(public_exponent=65537, key_size=2048)


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


def _in(seconds: int) -> int:
    return int(time.time()) + seconds


FORGERIES: Mapping[str, Callable[[Forger], str]] = {
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
    "expired": lambda forger: forger.signed(exp=_in(-60)),
    "not valid yet": lambda forger: forger.signed(nbf=_in(600)),
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
