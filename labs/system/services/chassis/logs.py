"""Logs as one JSON object per line on stdout, and to an OTLP receiver when there is one.

Refuses to print a secret, whether it is known by its key or by its looks, and refuses to wait for the receiver.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import TextIO

from chassis import context, tracing
from chassis.log_export import Sender

REDACTED = "[redacted]"
MAX_TEXT = 16 * 1024
# Of what is logged as a structure: so deep, and so many of each level.
_DEPTH = 6
_ITEMS = 100
_SECRET_KEY = re.compile(
    r"passw|secret|token|authori[sz]ation|api[_-]?key|cookie|credential|private|identity_keys|service_keys?$"
    r"|encryption|(database|redis|events|amqp)_url$|dsn$|^x-identity$",
    re.IGNORECASE,
)
_HARMLESS_KEYS = frozenset({"token_type", "token_id"})
# Each branch begins with fixed text and runs forward only: a hostile string must not make a log line take seconds.
_SECRET_TEXT = re.compile(
    r"(?P<scheme>(?:bearer|basic)\s+)[^\s\"',;]{6,}"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9._-]+"
    r"|(?P<name>(?:passw(?:or)?d|secret|token|api[_-]?key|x-identity)[\"']?\s{0,4}[=:]\s{0,4})"
    r"(?:\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|[^\s\"'&,;})]+)"
    r"|(?P<url>://[^\s/:@]*:)[^\s/@]+(?=@)"
    r"|(?P<input>input_value=).{0,200}?(?=, input_type=)"
    # What PostgreSQL adds to a violated constraint: the row, with everything that was in it.
    r"|(?P<row>DETAIL:  ).*?(?=\n(?:HINT:|\[SQL|\s*\n)|\Z)"
    r"|\$argon2[a-z]{1,2}\$[^\s\"',]+"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
# Libraries are heard when something is wrong; at DEBUG some of them print what they send.
_LIBRARIES = ("aio_pika", "aiohttp", "aiormq", "asyncio", "opentelemetry", "sqlalchemy", "urllib3", "uvicorn")


# The values of this process' own secrets, the longest first: a password must not be cut out of the URL that holds it.
_known: tuple[str, ...] = ()


def hide(secrets: Iterable[str]) -> None:
    """Print none of these values, wherever they turn up and whatever they look like."""
    global _known  # noqa: PLW0603 - one log per process, and one set of secrets
    _known = tuple(sorted(secrets, key=len, reverse=True))


def redact(text: str) -> str:
    """The text without this process' secrets and what looks like one, and of bounded length."""
    for secret in _known:  # not one pattern for all: searching for a plain text is that much faster
        if secret in text:
            text = text.replace(secret, REDACTED)
    text = _SECRET_TEXT.sub(_replacement, text)
    return text if len(text) <= MAX_TEXT else f"{text[:1024]} [...] {text[1024 - MAX_TEXT :]}"


def _replacement(match: re.Match[str]) -> str:
    return (match[match.lastgroup] if match.lastgroup else "") + REDACTED


def _clean(key: str, value: object, depth: int = 0) -> object:
    if key not in _HARMLESS_KEYS and _SECRET_KEY.search(key):
        return REDACTED
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        # JSON has no infinity, and Python refuses to write an integer of thousands of digits.
        return value if abs(value) < 2**63 else redact(f"{value:g}" if isinstance(value, float) else hex(value))
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _members(value, depth + 1) if depth < _DEPTH else "[...]"
    return redact(str(value))


def _members(value: Mapping[object, object] | Iterable[object], depth: int) -> object:
    if isinstance(value, Mapping):
        items = islice(value.items(), _ITEMS)
        return {redact(str(name)): _clean(str(name), item, depth) for name, item in items}
    return [_clean("", item, depth) for item in islice(value, _ITEMS)]


def _bounded(cleaned: object) -> object:
    """A structure becomes text when it is too large to be one."""
    if not isinstance(cleaned, dict | list):
        return cleaned
    text = json.dumps(cleaned)
    return cleaned if len(text) <= MAX_TEXT else redact(text)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - the line is worth more than what is wrong with its arguments
        return f"{record.msg} (its arguments do not fit)"


class JsonHandler(logging.Handler):
    """Writes each record as one line, and offers it to the sender.

    The write is direct: a thread in between would cost more than it saves, and lose the last lines of a crash.
    """

    def __init__(self, service: str, instance: str, stream: TextIO, sender: Sender | None = None) -> None:
        super().__init__()
        self._service = service
        self._instance = instance
        self._stream = stream
        self.sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; ASCII only, so that no byte of it can forge a line or upset a terminal."""
        try:
            line = self.line(record)
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()
            if self.sender:
                self.sender.offer(record.created, line)
        except Exception:  # noqa: BLE001
            # stdout is gone, or something that is logged cannot even be turned into text. A request must not fail
            # because of that, and logging's own complaint would print the arguments unredacted.
            return

    def line(self, record: logging.LogRecord) -> dict[str, object]:
        """The line as a dictionary, without secrets."""
        trace_id, span_id = tracing.ids()
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "instance": self._instance,
            "message": redact(_message(record)),
            "logger": record.name,
            "trace_id": trace_id,
            "span_id": span_id,
            "correlation_id": context.correlation_id(),
        }
        for source in (context.log_fields(), vars(record)):
            for key, value in source.items():
                if key not in _STANDARD and key not in line:
                    line[key] = _bounded(_clean(key, value))
        if record.exc_info:
            line["exception"] = redact(logging.Formatter().formatException(record.exc_info))
        return line


def configure(
    *, service: str, instance: str, level: str = "INFO", otlp_endpoint: str = "", secrets: Iterable[str] = ()
) -> None:
    """Send everything that is logged in this process to stdout as JSON, without these values."""
    hide(secrets)
    sender = Sender(otlp_endpoint, service, instance) if otlp_endpoint else None
    root = logging.getLogger()
    root.handlers[:] = [JsonHandler(service, instance, sys.stdout, sender)]
    root.setLevel(level)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Nobody reads these three, and finding out the calling line costs more than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = logging.logAsyncioTasks = False  # type: ignore[attr-defined, unused-ignore]
    logging._srcfile = None  # documented in the logging cookbook under "Optimization"
    logging.captureWarnings(True)
    sys.excepthook = _uncaught


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("chassis").critical("the process ends: %s", kind.__name__, exc_info=(kind, error, trace))


def shutdown(timeout: float) -> None:
    """Send what is buffered, for at most ``timeout`` seconds: telemetry must not hold up a stop."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JsonHandler) and handler.sender:
            handler.sender.close(timeout)
