"""Log lines to an OTLP receiver over HTTP, in batches from a thread of its own.

Refuses to block whoever logs and to grow without bounds: with the receiver down the newest lines are dropped and
counted, and every line is on stdout anyway.
"""

import json
import logging
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from http.client import HTTPException

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from prometheus_client import Counter

MAX_QUEUED = 10_000
MAX_BATCH = 500
EVERY = 0.5
SEND_TIMEOUT = 3.0
MAX_PAUSE = 10.0

logger = logging.getLogger(__name__)
dropped = Counter("log_lines_dropped_total", "Log lines that were not sent to the OTLP receiver.")
Entry = tuple[float, Mapping[str, object]]

_SEVERITY = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 21}
_NOT_ATTRIBUTES = frozenset({"ts", "level", "service", "instance", "message", "trace_id", "span_id"})


class Sender:
    """A bounded queue and the thread that empties it."""

    def __init__(self, endpoint: str, service: str, instance: str) -> None:
        self._url = f"{endpoint}/v1/logs"
        self._resource = Resource(
            attributes=[_attribute("service.name", service), _attribute("service.instance.id", instance)]
        )
        # No proxy from the environment: the receiver is on our own network.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._queue: deque[Entry] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="log-sender", daemon=True)
        self._thread.start()

    def offer(self, created: float, line: Mapping[str, object]) -> None:
        """Queue a line; never waits. The lines before a failure explain it, so the newest are dropped, not those."""
        if len(self._queue) < MAX_QUEUED:
            self._queue.append((created, line))
        else:
            dropped.inc()

    def close(self, timeout: float) -> None:
        """Send what is queued, for at most this long."""
        self._closing.set()
        self._thread.join(timeout)

    def _work(self) -> None:
        pause = EVERY
        while not self._closing.wait(pause):
            pause = EVERY if self._drain() else min(pause * 2, MAX_PAUSE)
        self._drain()

    def _drain(self) -> bool:
        """Send until the queue is empty; what the receiver could not take stays queued."""
        while self._queue:
            batch = [self._queue[index] for index in range(min(MAX_BATCH, len(self._queue)))]
            if not self._send(batch):
                return False
            for _ in batch:
                self._queue.popleft()
        return True

    def _send(self, batch: Sequence[Entry]) -> bool:
        request = urllib.request.Request(
            self._url, encode(self._resource, batch), {"Content-Type": "application/x-protobuf"}
        )
        try:
            with self._opener.open(request, timeout=SEND_TIMEOUT):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 429 or error.code >= 500:
                return False
            dropped.inc(len(batch))  # it will not take them tomorrow either
            return True
        except (OSError, HTTPException):  # nobody there, or somebody who does not speak HTTP
            return False


def encode(resource: Resource, batch: Sequence[Entry]) -> bytes:
    """The body of an export request."""
    records = [_record(created, line) for created, line in batch]
    logs = ResourceLogs(resource=resource, scope_logs=[ScopeLogs(log_records=records)])
    return ExportLogsServiceRequest(resource_logs=[logs]).SerializeToString()


def _record(created: float, line: Mapping[str, object]) -> LogRecord:
    level = str(line["level"])
    return LogRecord(
        time_unix_nano=int(created * 1e9),
        severity_text=level,
        severity_number=_SEVERITY.get(level, 9),  # type: ignore[arg-type]
        body=_value(line["message"]),
        attributes=[_attribute(key, value) for key, value in line.items() if key not in _NOT_ATTRIBUTES],
        trace_id=bytes.fromhex(str(line["trace_id"])),
        span_id=bytes.fromhex(str(line["span_id"])),
    )


def _attribute(key: str, value: object) -> KeyValue:
    return KeyValue(key=_text(key), value=_value(value))


def _value(value: object) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=_text(value if isinstance(value, str) else json.dumps(value)))


def _text(value: str) -> str:
    # Protobuf strings are UTF-8; a lone surrogate must not cost the whole batch.
    return value.encode("utf-8", "replace").decode()
