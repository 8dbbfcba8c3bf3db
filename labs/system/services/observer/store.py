"""Keeps records in one SQLite file and finds them again. Refuses to grow: the oldest rows give way to new ones.

SQLite because it is there, needs no server, and a laptop holds a few hundred thousand rows easily. A real system would
take Loki, OpenSearch or a vendor: the price there is memory that a laptop does not have to spare.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from observer.records import Alert, Link, LogLine, LogQuery, Span, TraceQuery

SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
  id INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
  service TEXT NOT NULL, instance TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, start_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL, error INTEGER NOT NULL, attributes TEXT NOT NULL, events TEXT NOT NULL,
  links TEXT NOT NULL, UNIQUE (trace_id, span_id));
CREATE INDEX IF NOT EXISTS spans_by_service ON spans (service, start_us);
CREATE TABLE IF NOT EXISTS logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, service TEXT NOT NULL, instance TEXT NOT NULL,
  level TEXT NOT NULL, message TEXT NOT NULL, trace_id TEXT NOT NULL, span_id TEXT NOT NULL,
  correlation_id TEXT NOT NULL, fields TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS logs_by_trace ON logs (trace_id) WHERE trace_id != '';
CREATE INDEX IF NOT EXISTS logs_by_correlation ON logs (correlation_id) WHERE correlation_id != '';
CREATE INDEX IF NOT EXISTS logs_by_service ON logs (service, at_us);
CREATE TABLE IF NOT EXISTS alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_us INTEGER NOT NULL, status TEXT NOT NULL, name TEXT NOT NULL,
  labels TEXT NOT NULL, annotations TEXT NOT NULL, starts_at TEXT NOT NULL, ends_at TEXT NOT NULL);
"""
INSERT_SPAN = "INSERT OR IGNORE INTO spans VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # a retry adds nothing
INSERT_LOG = "INSERT INTO logs VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_ALERT = "INSERT INTO alerts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
AS_TEXT = "CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(value AS TEXT) END"
SPAN_COLUMNS = ["trace_id", "span_id", "parent_id", "service", "instance", "name", "kind", "start_us", "duration_us"]
LOG_COLUMNS = ["at_us", "service", "instance", "level", "message", "trace_id", "span_id", "correlation_id"]
ALERT_COLUMNS = ["received_us", "status", "name", "starts_at", "ends_at"]


class Store:
    """Rows of spans, logs and alerts. One connection behind a lock: calls may come from several threads."""

    def __init__(self, path: Path, *, max_spans: int, max_logs: int, max_alerts: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._limits = {"spans": max_spans, "logs": max_logs, "alerts": max_alerts}
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # Telemetry may lose its last second on a power cut; an fsync per batch would cost more than it saves.
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file; further calls fail."""
        with self._lock:
            self._connection.close()

    def check(self) -> None:
        """Prove that the file still answers. Raises: sqlite3.Error when it does not."""
        self._read("SELECT 1 FROM alerts LIMIT 1")

    def add_spans(self, spans: Iterable[Span]) -> None:
        """Keep spans; one that is already there (a repeated export) is left as it is."""
        rows = [
            (
                *(span.trace_id, span.span_id, span.parent_id, span.service, span.instance, span.name, span.kind),
                *(span.start_us, span.duration_us, span.error, _json(span.attributes), _json(span.events)),
                _json([[link.trace_id, link.span_id] for link in span.links]),
            )
            for span in spans
        ]
        self._write("spans", INSERT_SPAN, rows)

    def add_logs(self, lines: Iterable[LogLine]) -> None:
        """Keep log lines."""
        rows = [
            (
                *(line.at_us, line.service, line.instance, line.level, line.message),
                *(line.trace_id, line.span_id, line.correlation_id, _json(line.fields)),
            )
            for line in lines
        ]
        self._write("logs", INSERT_LOG, rows)

    def add_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep alerts, each notification as a row of its own: that it fired and that it resolved are two facts."""
        rows = [
            (
                *(alert.received_us, alert.status, alert.name, _json(alert.labels), _json(alert.annotations)),
                *(alert.starts_at, alert.ends_at),
            )
            for alert in alerts
        ]
        self._write("alerts", INSERT_ALERT, rows)

    def services(self) -> list[str]:
        """Names of the services that sent spans, sorted."""
        return [name for (name,) in self._read("SELECT DISTINCT service FROM spans ORDER BY service")]

    def operations(self, service: str) -> list[str]:
        """Names of the spans of a service, sorted."""
        return [
            name for (name,) in self._read("SELECT DISTINCT name FROM spans WHERE service = ? ORDER BY name", service)
        ]

    def trace(self, trace_id: str) -> list[Span]:
        """All spans of a trace by start time; empty when there is none."""
        return [
            _span(row) for row in self._read("SELECT * FROM spans WHERE trace_id = ? ORDER BY start_us, id", trace_id)
        ]

    def find_traces(self, query: TraceQuery) -> list[str]:
        """Ids of the newest traces with a span that matches, newest first."""
        where = ["start_us BETWEEN ? AND ?", "duration_us BETWEEN ? AND ?"]
        values: list[Any] = [query.start_us, query.end_us, query.min_duration_us, query.max_duration_us]
        for column, wanted in (("service", query.service), ("name", query.operation)):
            if wanted:
                where.append(f"{column} = ?")
                values.append(wanted)
        for key, wanted in query.tags.items():
            if key == "error":
                where.append("error = ?")
                values.append(wanted.lower() == "true")
            else:
                # json_each and not a JSON path: attribute names hold dots and whatever else a caller sends.
                where.append(f"EXISTS (SELECT 1 FROM json_each(attributes) WHERE key = ? AND {AS_TEXT} = ?)")
                values += [key, wanted]
        rows = self._read(
            f"SELECT trace_id, MAX(start_us) AS newest FROM spans WHERE {' AND '.join(where)}"
            " GROUP BY trace_id ORDER BY newest DESC LIMIT ?",
            *values,
            query.limit,
        )
        return [trace_id for trace_id, _ in rows]

    def find_logs(self, query: LogQuery) -> list[tuple[int, LogLine]]:
        """The newest matching lines with their row ids, oldest of them first."""
        where = ["at_us BETWEEN ? AND ?", "id > ?"]
        values: list[Any] = [query.since_us, query.until_us, query.after_id]
        exact = {"service": query.service, "level": query.level.upper()}
        exact |= {"trace_id": query.trace_id, "correlation_id": query.correlation_id}
        for column, wanted in exact.items():
            if wanted:
                where.append(f"{column} = ?")
                values.append(wanted)
        if query.text:
            where.append("(instr(lower(message), lower(?)) OR instr(lower(fields), lower(?)))")
            values += [query.text, query.text]
        rows = self._read(
            f"SELECT * FROM logs WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?", *values, query.limit
        )
        return [(row["id"], _log_line(row)) for row in reversed(rows)]

    def alerts(self, *, name: str = "", status: str = "", limit: int = 100) -> list[Alert]:
        """The newest notifications, newest first, with that alert name and status when given."""
        rows = self._read(
            "SELECT * FROM alerts WHERE (? = '' OR name = ?) AND (? = '' OR status = ?) ORDER BY id DESC LIMIT ?",
            *(name, name, status, status, limit),
        )
        return [_alert(row) for row in rows]

    def clear(self) -> None:
        """Forget everything: a lab starts with an empty page."""
        with self._lock, self._connection:
            for table in self._limits:
                self._connection.execute(f"DELETE FROM {table}")

    def _write(self, table: str, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._lock, self._connection:
            self._connection.executemany(statement, rows)
            newest = self._connection.execute(f"SELECT MAX(id) FROM {table}").fetchone()[0] or 0
            self._connection.execute(f"DELETE FROM {table} WHERE id <= ?", (newest - self._limits[table],))

    def _read(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _span(row: sqlite3.Row) -> Span:
    values = {name: row[name] for name in SPAN_COLUMNS}
    return Span(
        **values,
        error=bool(row["error"]),
        attributes=json.loads(row["attributes"]),
        events=json.loads(row["events"]),
        links=[Link(*pair) for pair in json.loads(row["links"])],
    )


def _log_line(row: sqlite3.Row) -> LogLine:
    values = {name: row[name] for name in LOG_COLUMNS}
    return LogLine(**values, fields=json.loads(row["fields"]))


def _alert(row: sqlite3.Row) -> Alert:
    values = {name: row[name] for name in ALERT_COLUMNS}
    return Alert(**values, labels=json.loads(row["labels"]), annotations=json.loads(row["annotations"]))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
