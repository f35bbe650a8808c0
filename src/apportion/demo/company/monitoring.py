"""What the monitoring system measured: a metric file as Dynatrace's API gives it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from apportion.demo.company.profiles import PROFILES, YEAR
from apportion.demo.days import ORDINARY, Integers, pattern, stream, window
from apportion.demo.figures import figures

_POINTS_A_DAY = 4
_HOUR = 3_600_000
# How much of a day's requests fall into each quarter of it, and how slow it is then, in percent.
_PARTS = np.array([6, 29, 37, 28], dtype=np.int64)
_SLOWNESS = np.array([82, 99, 113, 106], dtype=np.int64)


def write_monitoring(folder: Path, seed: int) -> Path:
    """Write ``dynatrace-2024.json``: each service's requests and response times by six hours."""
    services = figures("company", "services.csv")
    requests = [_requests(service, seed) for service in services]
    slowness = [_microseconds(service, seed) for service in services]
    document = {
        "timeframe": {
            "from": f"{YEAR.first.isoformat()}T00:00:00Z",
            "to": f"{(YEAR.last + timedelta(days=1)).isoformat()}T00:00:00Z",
        },
        "resolution": "6h",
        "metrics": [
            _metric("builtin:service.requestCount.total", "Count", services, requests, requests),
            _metric("builtin:service.response.time", "MicroSecond", services, requests, slowness),
        ],
    }
    path = folder / f"dynatrace-{YEAR.first.year}.json"
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def _metric(
    identifier: str,
    unit: str,
    services: list[dict[str, str]],
    requests: list[Integers],
    values: list[Integers],
) -> dict[str, Any]:
    """A metric's series. A service has points only where it was called."""
    data = []
    for service, called, measured in zip(services, requests, values, strict=True):
        points = np.flatnonzero(called)
        data.append(
            {
                "dimensions": _dimensions(service),
                "timestamps": _timestamps()[points].tolist(),
                "values": measured[points].tolist(),
            }
        )
    return {"metricId": identifier, "unit": unit, "data": data}


def _dimensions(service: dict[str, str]) -> dict[str, str]:
    name = service["service"]
    return {
        "dt.entity.service": f"SERVICE-{crc32(name.encode()):08X}",
        "service": name,
        "segment": service["segment"],
    }


def _timestamps() -> Integers:
    """The middle of each quarter of each day, in milliseconds since 1970."""
    first = YEAR.first
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) * 1000
    return start + np.arange(YEAR.count * _POINTS_A_DAY, dtype=np.int64) * 6 * _HOUR + 3 * _HOUR


def _requests(service: dict[str, str], seed: int) -> Integers:
    weights = pattern(
        YEAR,
        PROFILES[service["profile"]],
        int(service["growth_percent"]),
        stream(seed, "requests", service["service"], service["segment"]),
        window(service),
    )
    daily = int(service["daily_requests"]) * weights // ORDINARY
    return (daily[:, None] * _PARTS // 100).reshape(-1)


def _microseconds(service: dict[str, str], seed: int) -> Integers:
    random = stream(seed, "slowness", service["service"], service["segment"])
    stray = random.integers(920, 1_090, (YEAR.count, _POINTS_A_DAY))
    return (int(service["milliseconds"]) * _SLOWNESS * stray // 100).reshape(-1)
