"""API keys between services: who calls is known, and two keys per caller rotate without an outage.

Refuses to know any key: only hashes are configured, so a leaked environment of the callee opens nothing. Plain SHA-256
is right here and wrong for passwords: a key is 256 random bits, nothing can be guessed, and each request is checked.
"""

import hashlib
import hmac
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader

from chassis.problems import Problem

API_KEY = APIKeyHeader(
    name="X-Api-Key", scheme_name="ServiceKey", auto_error=False, description="The key of a calling service"
)


def hash_key(key: str) -> str:
    """What is configured where the key is accepted."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def parse_callers(text: str) -> dict[str, tuple[str, ...]]:
    """`gateway=sha256:<hex>,sha256:<hex>;orders=sha256:<hex>` as caller -> hashes."""
    callers: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, _, hashes = part.partition("=")
        if not name or name in callers:
            raise ValueError("each caller is name=sha256:<hex>, and names differ")
        callers[name] = tuple(_hex(one.strip()) for one in hashes.split(","))
    return callers


def _hex(text: str) -> str:
    kind, _, value = text.partition(":")
    if kind != "sha256" or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError("a key hash is sha256: and 64 lowercase hex digits")
    return value


def caller_of(key: str, callers: Mapping[str, tuple[str, ...]]) -> str | None:
    """Whose key this is. All hashes are compared, in constant time: how long it takes says nothing."""
    given, found = hash_key(key), None
    for name, hashes in callers.items():
        for known in hashes:
            if hmac.compare_digest(given, known):
                found = name
    return found


def caller_required(*names: str) -> Callable[..., Awaitable[str]]:
    """A dependency that lets these services in and gives the caller's name. Needs `api.state.callers`."""

    async def caller(request: Request, key: Annotated[str | None, Security(API_KEY)]) -> str:
        name = caller_of(key, request.app.state.callers) if key else None
        if name is None:
            raise Problem(401, "A service key is required", headers={"WWW-Authenticate": 'ApiKey realm="services"'})
        if name not in names:
            raise Problem(403, "This service may not call this", detail=f"{name} is known but not allowed here")
        return name

    return caller


def main() -> None:
    """Print a fresh key for one service, once, and the hash for those whom it calls."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m chassis.identity.service_keys NAME")
    key = secrets.token_urlsafe(32)
    print(f"SERVICE_KEY={key}\nSERVICE_KEYS={sys.argv[1]}=sha256:{hash_key(key)}")  # noqa: T201


if __name__ == "__main__":
    main()
