"""Opaque strings that prove something: made from 256 random bits, kept only as a hash.

The prefix says what a string is, to the service and to scanners that look for leaked secrets in repositories. There
is no dot in them: that is how everybody tells them from a JWT.

Refuses a slow hash: nothing can be guessed here, and it is computed for each request.
"""

import hashlib
import secrets

ACCESS = "shop_at_"
REFRESH = "shop_rt_"
LONGEST = 4096


def new(prefix: str) -> str:
    """A fresh one; it is shown once and never stored."""
    return prefix + secrets.token_urlsafe(32)


def digest(string: str) -> bytes:
    """What is stored in its place, and looked up."""
    return hashlib.sha256(string.encode("utf-8", "surrogatepass")).digest()
