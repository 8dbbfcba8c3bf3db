"""Logs as one JSON object per line on stdout, and to an OTLP receiver when there is one.

Refuses to print a secret, whether it is known by its key or by its looks, and refuses to wait for the receiver.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timezone

from chassis import context, tracing

REDACTED = "[redacted]"
_DEPTH = 6
_SECRET_KEY = re.compile(
    r"passw|secret|token|authori[sz]ation|api[_-]?key|cookie|credential|private|signature|identity_keys|service_keys?$"
    r"|encryption|(database|redis|events|amqp)_url$|dsn$|otp$|^x-identity$",
    re.IGNORECASE,
)
_SAFE_KEY = frozenset({"token_type", "token_id"})
_SECRET_TEXT = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}"
    r"|\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*"
    r"|(?P<name>\b[\w-]*(?:password|passwd|secret|token|api[_-]?key|x-identity)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


def redact(text: str) -> str:
    """The text without what looks like a secret."""
    return _SECRET_TEXT.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    return (match["scheme"] or match["name"] or match["url"] or "") + REDACTED


def _clean(key: str, value: object, depth: int = 0) -> object:
    if key not in _SAFE_KEY and _SECRET_KEY.search(key):
        return REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact(value)
    if depth < _DEPTH and isinstance(value, Mapping):
        return {str(name): _clean(str(name), item, depth + 1) for name, item in value.items()}
    if depth < _DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item, depth + 1) for item in value]
    return redact(str(value))


class Formatter(logging.Formatter):
    """Turns a record into the fields of a line."""

    def __init__(self, service: str, instance: str) -> None:
        super().__init__()
        self._service = service
        self._instance = instance

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """The line as a dictionary, without secrets."""
        trace_id, span_id = tracing.ids()
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "instance": self._instance,
            "message": redact(record.getMessage()),
            "logger": record.name,
            "trace_id": trace_id,
            "span_id": span_id,
            "correlation_id": context.correlation_id(),
        }
        for source in (context.log_fields(), vars(record)):
            for key, value in source.items():
                if key not in _STANDARD and key not in line:
                    line[key] = _clean(key, value)
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return line

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; ASCII, so that no byte of it can break a terminal or a collector."""
        return json.dumps(self.fields(record))


def configure(*, service: str, instance: str, level: str = "INFO", otlp_endpoint: str = "") -> None:
    """Send everything that is logged in this process to stdout as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Formatter(service, instance))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)


def shutdown(timeout: float) -> None:
    """Send what is buffered, for at most ``timeout`` seconds."""
    _ = time.monotonic() + timeout
