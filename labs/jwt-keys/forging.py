"""Makes tokens as an attacker would, and some as only users could, and tries them at every door.

The lab runs with a sealing key that is known here, so the real signing key can be read from users' table: only with
that can one see whether a token is refused for its audience or its age and not for its signature alone. `sound` is the
control: a token that is made in the same way and has nothing wrong with it.

Refuses to write anything anywhere: keys are read by a role that may only read. Stays with the standard library, as it
runs where the services' own libraries need not be.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from tutor.labs.asking import Answer, NoAnswer, send
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach

DOORS = {"gateway": "/api/orders", "orders": "/orders", "users": "/users/me"}
SECONDS = 10.0

_KEY = (
    "SELECT kid, private_key FROM signing_keys"
    " WHERE signs_from <= now() AND (signs_until IS NULL OR signs_until > now()) ORDER BY signs_from DESC LIMIT 1"
)
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


async def forgeries(reach: Reach, token: str, secret: str, sealing: str) -> dict[str, Any]:
    """Forged tokens by what is wrong with them; `token` is a real one, whose claims they take over."""
    kid, n, e, d = await _signing_key(reach, b64decode(sealing))
    now, real = int(time.time()), _part(token, 1)
    claims = {**real, "jti": uuid.uuid4().hex, "iat": now, "nbf": now, "exp": now + 240}
    admin = {**claims, "roles": ["admin"]}
    header = {"alg": "RS256", "typ": "at+jwt", "kid": kid}

    def signed(changed: Mapping[str, Any], without: str = "") -> str:
        body = {name: value for name, value in {**claims, **changed}.items() if name != without}
        return _rs256(header, {**body, "jti": uuid.uuid4().hex}, n, d)

    first, _, last = token.split(".")
    return {
        "sound": signed({}),
        "shared": _hs256({"alg": "HS256", "typ": "at+jwt"}, admin, secret.encode()),
        "unsigned": f"{_packed({**header, 'alg': 'none'})}.{_packed(admin)}.",
        "tampered": f"{first}.{_packed({**real, 'roles': ['admin']})}.{last}",
        "audience": signed({"aud": "warehouse"}),
        "issuer": signed({"iss": "https://users.elsewhere.test"}),
        "expired": signed({"iat": now - 900, "nbf": now - 900, "exp": now - 60}),
        "endless": signed({}, without="exp"),
        "confused": [
            _hs256({**header, "alg": "HS256", **named}, admin, key)
            for key in _public_forms(kid, n, e)
            for named in ({}, {"kid": ""})
        ],
    }


async def at_every_door(reach: Reach, tokens: list[str]) -> dict[str, Any]:
    """How each door answers to these tokens: how often with which status."""
    return {
        part: _counted([(await _asked(reach, part, DOORS[part], token)).status for token in tokens]) for part in DOORS
    }


async def header(reach: Reach, token: str) -> dict[str, Any]:
    """What the header of a token says, and whether the key that it names is published."""
    said = _part(token, 0)
    return {**said, "published": said.get("kid") in await _published(reach)}


def _field(answer: Answer, name: str) -> Any:
    if answer.status != 200 or not isinstance(answer.data, dict) or name not in answer.data:
        raise CannotLook(f"users gave no {name}: HTTP {answer.status}", "users")
    return answer.data[name]


async def _published(reach: Reach) -> list[Any]:
    answer = await _asked(reach, "users", "/.well-known/jwks.json")
    return [key.get("kid") for key in _field(answer, "keys")]


async def _asked(
    reach: Reach, part: str, path: str, token: str = "", *, body: Any = None, port: str = "http"
) -> Answer:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "GET" if body is None else "POST"
    request = reach.http().build_request(method, f"{reach.url(part, port)}{path}", headers=headers, json=body)
    try:
        return await send(reach.http(), request, SECONDS)
    except NoAnswer as trouble:
        raise CannotLook(f"{part} {trouble}", part) from None


def _counted(statuses: list[int]) -> dict[str, int]:
    return {str(status): statuses.count(status) for status in sorted(set(statuses))}


# ------------------------------------------------------------------------------------------------------------- tokens
def _b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _packed(value: Mapping[str, Any]) -> str:
    return _b64(json.dumps(value, separators=(",", ":")).encode())


def _part(token: str, number: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token."""
    try:
        text = token.split(".")[number]
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, IndexError):
        raise CannotLook("users issues something that is no JWT", "users") from None
    return found if isinstance(found, dict) else {}


def _hs256(header: Mapping[str, Any], claims: Mapping[str, Any], key: bytes) -> str:
    text = f"{_packed(header)}.{_packed(claims)}"
    return f"{text}.{_b64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def _rs256(header: Mapping[str, Any], claims: Mapping[str, Any], n: int, d: int) -> str:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.1)."""
    text, size = f"{_packed(header)}.{_packed(claims)}", (n.bit_length() + 7) // 8
    hashed = _SHA256 + hashlib.sha256(text.encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(hashed) - 3) + b"\x00" + hashed
    return f"{text}.{_b64(pow(int.from_bytes(padded), d, n).to_bytes(size))}"


def _public_forms(kid: str, n: int, e: int) -> list[bytes]:
    """What somebody may hold in hand who holds `the public key`: DER, PEM, JWK, the bare number."""
    bare = _der(0x30, _integer(n) + _integer(e))
    whole = _der(0x30, bytes.fromhex("300d06092a864886f70d0101010500") + _der(0x03, b"\x00" + bare))
    lines = [b64encode(whole).decode(), b64encode(bare).decode()]
    pems = []
    for text, name in zip(lines, ("PUBLIC KEY", "RSA PUBLIC KEY"), strict=True):
        body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
        pems.append(f"-----BEGIN {name}-----\n{body}\n-----END {name}-----")
    modulus = _b64(n.to_bytes((n.bit_length() + 7) // 8))
    jwk = {"e": _b64(e.to_bytes(3)), "kty": "RSA", "n": modulus}
    jwks = [
        json.dumps(one, separators=pair) for one in (jwk, {**jwk, "kid": kid}) for pair in ((",", ":"), (", ", ": "))
    ]
    texts = [*lines, *pems, *(f"{pem}\n" for pem in pems), *jwks, modulus]
    return [whole, bare, *(text.encode() for text in texts)]


# ---------------------------------------------------------------------------------------------------------------- keys
async def _signing_key(reach: Reach, sealing: bytes) -> tuple[str, int, int, int]:
    """The key that signs now: its id, modulus and both exponents."""
    import asyncpg

    try:
        connection = await asyncpg.connect(
            reach.dsn("users").replace("postgresql+asyncpg://", "postgresql://"), timeout=SECONDS, ssl="prefer"
        )
        try:
            row = await connection.fetchrow(_KEY, timeout=SECONDS)
        finally:
            connection.terminate()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotLook(f"users' keys cannot be read: {error!s:.200}", "users-db") from None
    if row is None:
        raise CannotLook("users has no signing key yet", "users")
    content = _opened(sealing, row["private_key"])
    try:
        numbers = _numbers(content)
    except (IndexError, ValueError):
        raise CannotLook("users' signing key cannot be opened; is KEY_ENCRYPTION_KEY another one?", "users") from None
    return row["kid"], numbers[1], numbers[2], numbers[3]


def _numbers(der: bytes) -> list[int]:
    """Version, modulus, exponents of an RSA key in PKCS #8 (RFC 5958) around PKCS #1 (RFC 8017)."""
    outer = _elements(_elements(der)[0][1])
    if len(outer) < 3 or outer[2][0] != 0x04:
        raise ValueError("no PKCS #8")
    inner = _elements(_elements(outer[2][1])[0][1])
    return [int.from_bytes(content) for tag, content in inner if tag == 0x02]


def _elements(der: bytes) -> list[tuple[int, bytes]]:
    """The elements of a DER sequence, each with its tag."""
    found, at = [], 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            width = size & 0x7F
            size, at = int.from_bytes(der[at : at + width]), at + width
        found.append((tag, der[at : at + size]))
        at += size
    return found


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def _opened(key: bytes, sealed: bytes) -> bytes:
    """AES-256-GCM without its tag: whether it was the right key, the content shows (NIST SP 800-38D, 7.2)."""
    nonce, content = sealed[:12], sealed[12:-16]
    rounds = _round_keys(key)
    opened = bytearray()
    for number, at in enumerate(range(0, len(content), 16), start=2):
        stream = _block(rounds, nonce + number.to_bytes(4))
        opened += bytes(a ^ b for a, b in zip(content[at : at + 16], stream, strict=False))
    return bytes(opened)


def _times_two(byte: int) -> int:
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def _boxed() -> bytes:
    """The S-box of FIPS 197, from its definition: the inverse in GF(2^8), then an affine map."""
    powers = [1]
    while len(powers) < 255:
        powers.append(powers[-1] ^ _times_two(powers[-1]))
    place = {value: at for at, value in enumerate(powers)}
    box = bytearray()
    for byte in range(256):
        inverse = powers[-place[byte] % 255] if byte else 0
        turned = [(inverse << by | inverse >> (8 - by)) & 0xFF for by in range(5)]
        box.append(turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ turned[4] ^ 0x63)
    return bytes(box)


_BOX = _boxed()


def _round_keys(key: bytes) -> list[bytes]:
    words, constant = [key[at : at + 4] for at in range(0, 32, 4)], 1
    while len(words) < 60:
        word = words[-1]
        if len(words) % 8 == 0:
            word = bytes(_BOX[byte] for byte in word[1:] + word[:1])
            word, constant = bytes([word[0] ^ constant]) + word[1:], _times_two(constant)
        elif len(words) % 8 == 4:
            word = bytes(_BOX[byte] for byte in word)
        words.append(bytes(a ^ b for a, b in zip(words[-8], word, strict=True)))
    return [b"".join(words[at : at + 4]) for at in range(0, 60, 4)]


def _block(rounds: list[bytes], block: bytes) -> bytes:
    state = bytes(a ^ b for a, b in zip(block, rounds[0], strict=True))
    for number, key in enumerate(rounds[1:], start=1):
        moved = bytes(_BOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16))
        mixed = moved if number == 14 else b"".join(_mixed(moved[at : at + 4]) for at in range(0, 16, 4))
        state = bytes(a ^ b for a, b in zip(mixed, key, strict=True))
    return state


def _mixed(column: bytes) -> bytes:
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(column[at] ^ every ^ _times_two(column[at] ^ column[(at + 1) % 4]) for at in range(4))
