"""What the server counts, for OpenMetrics; the worker processes' counts are one."""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names where worker processes keep what they count."""

_REGISTRY = CollectorRegistry()
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_REQUESTS = Counter(
    "apportion_requests",
    "Requests by method, resource and status.",
    ("method", "route", "status"),
    registry=_REGISTRY,
)
_SECONDS = Histogram(
    "apportion_request_seconds",
    "How long requests took, by resource.",
    ("route",),
    registry=_REGISTRY,
    buckets=_BUCKETS,
)
_REMEMBERED = Counter(
    "apportion_answers",
    "Questions, by whether the answer was remembered.",
    ("remembered",),
    registry=_REGISTRY,
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    known = method if method in _METHODS else "other"
    _REQUESTS.labels(known, route, status).inc()
    _SECONDS.labels(route).observe(seconds)


def count_remembered(*, hit: bool) -> None:
    """Count a question."""
    _REMEMBERED.labels("yes" if hit else "no").inc()


def open_metrics() -> tuple[bytes, str]:
    """All counts of all workers as OpenMetrics, and the media type."""
    registry = _REGISTRY
    if os.environ.get(FOLDER_VARIABLE):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text: bytes = generate_open_metrics(registry)  # type: ignore[no-untyped-call]
    return text, OPEN_METRICS
