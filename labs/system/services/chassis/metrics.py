"""Metrics of HTTP as rate, errors and duration, and the one registry everything is exported from.

Refuses labels without bounds: a route is its template, an unknown method is OTHER.
"""

from functools import lru_cache

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

disable_created_metrics()  # type: ignore[no-untyped-call] # a second series per counter that nothing here reads

registry = REGISTRY
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

requests = Counter("http_requests_total", "HTTP requests answered.", ("method", "route", "status"))
duration = Histogram("http_request_duration_seconds", "Time to answer.", ("method", "route"), buckets=BUCKETS)
in_flight = Gauge("http_requests_in_flight", "HTTP requests being handled.")

# Looking a child up by labels takes a lock and builds strings; routes are few, so their children are kept.
_count = lru_cache(maxsize=4096)(requests.labels)
_time = lru_cache(maxsize=1024)(duration.labels)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    if method not in METHODS:
        method = "OTHER"
    _count(method, route, status).inc()
    _time(method, route).observe(seconds)


def exposition() -> bytes:
    """All metrics in the format Prometheus scrapes."""
    return generate_latest(registry)
