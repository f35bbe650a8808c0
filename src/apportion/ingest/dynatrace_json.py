"""A Dynatrace answer as a table of points: an export, or pages of the Metrics API v2.

An export has ``timeframe`` and ``metrics``; an answer of the API has the same under ``result``.
Both hold, for each metric and each set of dimensions, timestamps in milliseconds and values.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from apportion.findings import visible
from apportion.ingest.dynatrace_pages import Page, page_of
from apportion.ingest.inspected import Limits, RefusedError
from apportion.model.values import show

SCHEMA = pa.schema(
    [
        ("metricId", pa.string()),
        ("labels", pa.string()),
        ("unit", pa.string()),
        ("timestamp", pa.string()),
        ("value", pa.string()),
    ]
)
"""One row a point. ``labels`` is JSON, ``value`` null where there was no measurement."""

_LONG_SLOTS = re.compile(r"[0-9]*[dwMqy]")
_LONGEST_SAID = 300
_EXAMPLE = 'An example: {"timeframe": {...}, "metrics": [{"metricId": "...", "data": [...]}]}.'


@dataclass(slots=True)
class Points:
    """The points of a file. ``ends`` says that timestamps mark the ends of their slots."""

    table: pa.Table
    ends: bool
    pages: tuple[Page, ...]


@dataclass(slots=True)
class _Columns:
    """Columns that grow series by series, and what they tell about the timestamps."""

    zone: ZoneInfo
    series: list[tuple[str, str, str | None]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    timestamps: list[str] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)
    starts_seen: bool = False
    ends_seen: bool = False
    long_slots: bool = False
    pages: list[Page] = field(default_factory=list)


def read_points(path: Path, zone: ZoneInfo, limits: Limits) -> Points:
    """Read a file's points. Raises ``RefusedError``."""
    document = _load(path, limits)
    columns = _Columns(zone)
    for number, page in enumerate(document if isinstance(document, list) else [document]):
        where = f"page {number + 1}, " if isinstance(document, list) else ""
        _read_page(page, where, columns)
    lengths = np.array(columns.lengths, dtype=np.int64)
    index = pa.array(np.repeat(np.arange(lengths.size), lengths))
    told = [pa.array([each[part] for each in columns.series], pa.string()) for part in range(3)]
    try:
        measured = [
            pa.array(columns.timestamps, pa.string()),
            pa.array(columns.values, pa.string()),
        ]
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        raise RefusedError(
            "wrong_type",
            "Some timestamp or value is neither a number nor null.",
            "Timestamps are milliseconds, values are numbers or null.",
        ) from None
    table = pa.table([*(column.take(index) for column in told), *measured], schema=SCHEMA)
    ends = columns.ends_seen or columns.long_slots
    return Points(table, ends and not columns.starts_seen, tuple(columns.pages))


def _load(path: Path, limits: Limits) -> Any:
    size = path.stat().st_size
    if size > limits.json:
        raise RefusedError(
            "unsafe_file",
            f"The file has {size:,} bytes; at most {limits.json:,} of JSON are read.",
            "Ask Dynatrace for fewer days at a time.",
        )
    try:
        # Numbers stay text, so that no digit is lost before they become decimals.
        return json.loads(
            path.read_text("utf-8-sig"),
            parse_float=str,
            parse_int=str,
            parse_constant=lambda word: word,
            object_pairs_hook=_each_key_once,
        )
    except UnicodeDecodeError as error:
        raise RefusedError(
            "unreadable_file",
            f"The file is not UTF-8: byte {error.start}.",
            "Save it as UTF-8.",
        ) from None
    except json.JSONDecodeError as error:
        raise RefusedError(
            "unreadable_file",
            f"The file is not JSON: {error.msg} at column {error.colno}.",
            "Download the answer again.",
            error.lineno,
        ) from None
    except RecursionError:
        raise RefusedError(
            "unsafe_file", "The JSON is nested too deeply.", "Download the answer again."
        ) from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counted.items() if count > 1)
        raise RefusedError(
            "duplicate_key",
            f"The key {show(twice)} is given twice in one object.",
            "Keep one of the two.",
        )
    return held


def _read_page(page: Any, where: str, columns: _Columns) -> None:
    if not isinstance(page, Mapping):
        raise RefusedError("wrong_type", f"{where}expected a JSON object.", _EXAMPLE)
    if page.get("error"):
        raise _told_error(page["error"], where)
    key = next((key for key in ("metrics", "result") if key in page), None)
    if key is None:
        has = ", ".join(map(repr, list(page)[:8])) or "nothing"
        raise RefusedError(
            "missing_key", f"{where}neither 'metrics' nor 'result' is there, but {has}.", _EXAMPLE
        )
    frame = _timeframe(page.get("timeframe"))
    columns.long_slots |= bool(_LONG_SLOTS.fullmatch(str(page.get("resolution", ""))))
    for metric_place, metric in enumerate(_listed(page[key], f"{where}{key}")):
        place = f"{where}{key}[{metric_place}]"
        name = metric.get("metricId") if isinstance(metric, Mapping) else None
        if not isinstance(metric, Mapping) or not isinstance(name, str) or not name:
            raise RefusedError("missing_key", f"{place} has no 'metricId'.", _EXAMPLE)
        unit = metric.get("unit")
        for series_place, series in enumerate(_listed(metric.get("data"), f"{place}.data")):
            at = f"{place}.data[{series_place}]"
            _read_series(
                series, at, (name, unit if isinstance(unit, str) else None), frame, columns
            )
    columns.pages.append(page_of(page, page[key]))


def _told_error(given: Any, where: str) -> RefusedError:
    """What Dynatrace answered in place of metrics, in its own words."""
    told = given if isinstance(given, Mapping) else {"message": given}
    code = _words(told.get("code"))
    said = [_words(told.get("message")), *_violations(told.get("constraintViolations"))]
    words = "; ".join(text for text in said if text)[:_LONGEST_SAID] or "no more is said"
    return RefusedError(
        "unreadable_file",
        f"{where}Dynatrace answered with an error{f' {code}' if code else ''} in place of "
        f"metrics: {words.rstrip('.')}.",
        "Mend the token or the query, and ask again; nothing is wrong with the file itself.",
    )


def _violations(given: Any) -> Iterator[str]:
    """What is wrong with single parameters of the query."""
    for each in given if isinstance(given, list) else []:
        if isinstance(each, Mapping):
            yield " ".join(_words(each[name]) for name in ("path", "message") if each.get(name))


def _words(given: Any) -> str:
    text = "" if given is None else given if isinstance(given, str) else json.dumps(given)
    return " ".join(visible(text[:_LONGEST_SAID]).split())[:_LONGEST_SAID]


def _read_series(
    series: Any,
    place: str,
    metric: tuple[str, str | None],
    frame: tuple[int, int] | None,
    columns: _Columns,
) -> None:
    if not isinstance(series, Mapping):
        raise RefusedError("wrong_type", f"{place} is not an object.", _EXAMPLE)
    timestamps = _listed(series.get("timestamps"), f"{place}.timestamps")
    values = _listed(series.get("values"), f"{place}.values")
    if len(timestamps) != len(values):
        raise RefusedError(
            "invalid_value",
            f"{place} has {len(timestamps)} timestamps and {len(values)} values.",
            "Download the answer again.",
        )
    columns.series.append((metric[0], _labels(series, place), metric[1]))
    columns.lengths.append(len(timestamps))
    columns.timestamps.extend(timestamps)
    columns.values.extend(values)
    bounds = [text for text in (*timestamps[:1], *timestamps[-1:]) if _is_moment(text)]
    if len(bounds) == 2:
        _look(int(bounds[0]), int(bounds[1]), frame, columns)


def _is_moment(text: object) -> bool:
    return isinstance(text, str) and text.isdecimal() and len(text) <= 14


def _look(first: int, last: int, frame: tuple[int, int] | None, columns: _Columns) -> None:
    """See whether timestamps mark the beginnings or the ends of slots.

    A point at the beginning of the time asked for can only be the beginning of its slot, one at
    its end only the end. Where the time asked for is not told, midnights are looked at: slots of
    whole days begin at one and end at another.
    """
    if frame is not None:
        columns.starts_seen |= first <= frame[0]
        columns.ends_seen |= last >= frame[1]
        return
    begins, ends = (_is_midnight(moment, columns.zone) for moment in (first, last))
    columns.starts_seen |= begins and not ends
    columns.ends_seen |= ends and not begins


def _is_midnight(milliseconds: int, zone: ZoneInfo) -> bool:
    if milliseconds % 1000:
        return False
    moment = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(milliseconds=milliseconds)
    return moment.astimezone(zone).time() == datetime.min.time()


def _timeframe(given: Any) -> tuple[int, int] | None:
    """The time asked for, in milliseconds, if it is told in a way that can be read."""
    if not isinstance(given, Mapping):
        return None
    bounds = []
    for names in (("start", "from"), ("end", "to")):
        text = next((given[name] for name in names if name in given), None)
        if _is_moment(text):
            bounds.append(int(str(text)))
            continue
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))
        bounds.append(int(moment.timestamp() * 1000))
    return bounds[0], bounds[1]


def _listed(value: Any, place: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise RefusedError("wrong_type", f"{place} is not a list.", _EXAMPLE)
    return value


def _labels(series: Mapping[str, Any], place: str) -> str:
    named = series.get("dimensionMap") or series.get("dimensions") or {}
    if isinstance(named, list):
        named = {f"dimension{number}": value for number, value in enumerate(named, start=1)}
    if not isinstance(named, Mapping):
        raise RefusedError(
            "wrong_type", f"{place}.dimensions is neither list nor object.", _EXAMPLE
        )
    return json.dumps(dict(_texts(named)), sort_keys=True, ensure_ascii=False)


def _texts(named: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in named.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str):
            yield name, value
        elif value is not None:
            yield name, json.dumps(value, sort_keys=True, ensure_ascii=False)
