"""What belongs to the request or message at hand: its correlation id and the fields of its log lines.

Refuses to carry anything a handler should take as a parameter: identity, connections and settings are passed.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch

_correlation: ContextVar[str] = ContextVar("correlation_id", default="")
# The dictionary is shared by everything that runs for one request, threads included, so that a field bound deep
# inside still shows in the access line written outside.
_fields: ContextVar[dict[str, object] | None] = ContextVar("log_fields", default=None)


def correlation_id() -> str:
    """The id of what is being handled; empty outside of any request or message."""
    return _correlation.get()


def accept(offered: str | None) -> str:
    """The caller's correlation id when it is harmless in logs and headers, a new one otherwise."""
    if offered and _ACCEPTED(offered):
        return offered
    return secrets.token_hex(16)


@contextmanager
def bind(correlation_id: str) -> Iterator[None]:
    """Everything inside is logged, sent and published under this correlation id."""
    correlation = _correlation.set(correlation_id)
    fields = _fields.set({})
    try:
        yield
    finally:
        _fields.reset(fields)
        _correlation.reset(correlation)


def bind_log(**fields: object) -> None:
    """Add fields to all later log lines of the request or message at hand."""
    current = _fields.get()
    if current is None:
        _fields.set(dict(fields))
    else:
        current.update(fields)


def log_fields() -> dict[str, object]:
    """The fields bound so far."""
    return _fields.get() or {}
