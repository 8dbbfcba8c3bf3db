"""A published key set (RFC 7517), read. Refuses each key that is not an RSA signature key of 2048 bits or more."""

import logging
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

log = logging.getLogger(__name__)

KeySet = Mapping[str, RSAPublicKey]
_SMALLEST = 2048
_MOST_KEYS = 32


def parse(document: object) -> dict[str, RSAPublicKey]:
    """kid -> key. A key we cannot use is left out: one broken entry must not lock everybody out."""
    entries = document.get("keys") if isinstance(document, dict) else None
    keys: dict[str, RSAPublicKey] = {}
    for entry in (entries if isinstance(entries, list) else [])[:_MOST_KEYS]:
        key = _usable(entry)
        if key is not None:
            keys[entry["kid"]] = key
    return keys


def _usable(entry: Any) -> RSAPublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    # The type is checked before the key is read: an "oct" entry would turn the key set into a list of HMAC secrets.
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        key = RSAAlgorithm.from_jwk({name: entry[name] for name in ("kty", "n", "e")})
    except (jwt.PyJWTError, ValueError, KeyError, TypeError):
        log.warning("a published key does not parse", extra={"kid": entry["kid"]})
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= _SMALLEST else None
