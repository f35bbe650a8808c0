"""Usage: a table of measured values to integer figures per series, node and day.

Only the ratio of figures within one series matters, so each series is brought to the smallest
integers that keep its ratios. A series whose figures do not fit in 64 bits is kept in unbounded
integers, and the sources that read it take the slow path.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from apportion.amounts.columns import arrow_to_units
from apportion.attribution.series_figures import series_figures, wide_figures
from apportion.attribution.strategy import SegmentFilter, Series
from apportion.attribution.sums import Codes, Integers, combine, encode
from apportion.findings import Finding, Place, RunError, Severity
from apportion.tables import days, decimals, ordinal, plain_column, require_columns, texts

USAGE_DECIMALS = 9
_DECIMALS = (0, 3, 6, 9)
"""Of which each metric's values are kept with the fewest that lose nothing."""
_DAYS = 2**22


@dataclass(frozen=True, slots=True)
class UsageFigures:
    """Figures of many series, in parallel arrays sorted by ``day`` and ``pair``.

    ``pair`` is series x number of nodes + node, both as indices; ``value`` > 0. The series in
    ``wide`` have their figures in ``wide_values``, by day and pair. ``seen`` holds metric x number
    of nodes + node for every metric and node that has any row in the period, ``metric_of_series``
    each series' position in ``metrics``.
    """

    series: tuple[Series, ...]
    nodes: int
    day: Integers
    pair: Integers
    value: Integers
    wide: frozenset[int]
    wide_values: Mapping[tuple[int, int], int]
    metrics: tuple[str, ...]
    metric_of_series: Integers
    seen: Integers
    findings: tuple[Finding, ...] = ()

    def exact(self, series: int, node: int, day: int) -> int:
        """One figure, in unbounded integers."""
        pair = series * self.nodes + node
        if series in self.wide:
            return self.wide_values.get((day, pair), 0)
        low, high = np.searchsorted(self.day, [day, day + 1])
        position = int(low + np.searchsorted(self.pair[low:high], pair))
        found = position < high and self.pair[position] == pair
        return int(self.value[position]) if found else 0

    def dense(self, pairs: Integers, first: int, count: int) -> Integers:
        """Figures of ``count`` days by the wanted pairs, which are sorted; 0 where none is."""
        grid = np.zeros((count, pairs.size), dtype=np.int64)
        low, high = np.searchsorted(self.day, [first, first + count])
        position = np.searchsorted(pairs, self.pair[low:high])
        inside = position < pairs.size
        inside[inside] = pairs[position[inside]] == self.pair[low:high][inside]
        rows = (self.day[low:high] - first)[inside]
        grid[rows, position[inside]] = self.value[low:high][inside]
        return grid


@dataclass(frozen=True, slots=True)
class _Rows:
    """Usage rows of known nodes and wanted metrics, as integers."""

    node: Integers
    day: Integers
    metric: Integers
    label_set: Integers
    value: pa.ChunkedArray


def read_usage(
    table: pa.Table | None,
    start: date,
    end: date,
    node_ids: Sequence[str],
    series: Sequence[Series],
) -> UsageFigures:
    """Read the figures that the series need for ``start`` to ``end``, both included.

    ``table`` has ``node``, ``date``, ``metric``, ``value`` and optionally ``labels`` (a map, or
    JSON text). Negative rows are taken as nothing, with a warning; repeated rows and label sets
    are summed (`A12`).

    Raises ``RunError``: ``missing_key``, ``invalid_value``.
    """
    metrics = tuple(sorted({each.metric for each in series}))
    metric_of = _positions(metrics, series)
    nothing = _no_usage(series, len(node_ids), metrics, metric_of)
    if table is None or not series:
        return nothing
    require_columns(table, "usage", ("node", "date", "metric", "value"))
    reach = max(each.window_days for each in series) - 1
    chosen, labels, chosen_findings = _rows(table, start, end, reach, node_ids, metrics)
    if chosen.node.size == 0:
        return nothing
    values, wide_metrics = _integers(chosen.value, chosen.metric, len(metrics))
    in_period = chosen.day >= ordinal(start)
    seen = np.unique(chosen.metric[in_period] * len(node_ids) + chosen.node[in_period])
    period = ordinal(start), ordinal(end)
    parts: list[tuple[Integers, Integers, Integers]] = []
    wide: dict[int, Mapping[tuple[int, int], int]] = {}
    by_metric = np.argsort(chosen.metric, kind="stable")
    edges = np.searchsorted(chosen.metric[by_metric], np.arange(len(metrics) + 1))
    parsed = cache(_parsed)
    for index, (one, metric) in enumerate(zip(series, metric_of.tolist(), strict=True)):
        mine = by_metric[edges[metric] : edges[metric + 1]]
        if one.segment_filter is not None:
            mine = mine[_passing(one.segment_filter, labels.names, chosen.label_set[mine], parsed)]
        pair = index * len(node_ids) + chosen.node[mine]
        own = values[mine]
        figures = (
            wide_figures(one, chosen.day[mine], pair, own)
            if metric in wide_metrics
            else series_figures(one, chosen.day[mine], pair, own.astype(np.int64), period)
        )
        if isinstance(figures, Mapping):
            wide[index] = figures
        else:
            parts.append(figures)
    day, pair, value = _in_order(parts)
    return UsageFigures(
        tuple(series),
        len(node_ids),
        day,
        pair,
        value,
        frozenset(wide),
        {key: figure for figures in wide.values() for key, figure in figures.items()},
        metrics,
        metric_of,
        seen,
        chosen_findings,
    )


def _positions(metrics: Sequence[str], series: Sequence[Series]) -> Integers:
    """The position of each series' metric."""
    number = {metric: index for index, metric in enumerate(metrics)}
    return np.array([number[each.metric] for each in series], dtype=np.int64)


def _no_usage(
    series: Sequence[Series], nodes: int, metrics: tuple[str, ...], metric_of: Integers
) -> UsageFigures:
    none = np.empty(0, dtype=np.int64)
    return UsageFigures(
        tuple(series), nodes, none, none, none, frozenset(), {}, metrics, metric_of, none
    )


def _rows(
    table: pa.Table,
    start: date,
    end: date,
    reach: int,
    node_ids: Sequence[str],
    metrics: tuple[str, ...],
) -> tuple[_Rows, Codes, tuple[Finding, ...]]:
    day = days(table, "usage", "date").cast(pa.int32()).to_numpy().astype(np.int64)
    node = texts(table, "usage", "node")
    metric = texts(table, "usage", "metric")
    # Arrow gives null for a text that is not in the list.
    node_index = pc.fill_null(pc.index_in(node, pa.array(node_ids, pa.string())), -1).to_numpy()
    metric_index = pc.fill_null(pc.index_in(metric, pa.array(metrics, pa.string())), -1).to_numpy()
    wanted = (metric_index >= 0) & (day >= ordinal(start) - reach) & (day <= ordinal(end))
    keep = np.flatnonzero(wanted & (node_index >= 0))
    part = table.select([name for name in ("value", "labels") if name in table.column_names])
    if keep.size < part.num_rows:
        part = part.take(pa.array(keep))
    value, cut = _measures(part)
    labels = encode(_label_texts(part))
    findings = [
        *_strangers(node, wanted & (node_index < 0)),
        *_rounded(cut),
    ]
    rows = _Rows(
        node_index[keep].astype(np.int64),
        day[keep],
        metric_index[keep].astype(np.int64),
        labels.codes,
        value,
    )
    rows, negative = _without_negatives(rows, node_ids, metrics)
    return rows, labels, (*findings, *negative)


def _measures(table: pa.Table) -> tuple[pa.ChunkedArray, int]:
    """Values with nine decimals, and how many had to be rounded to them."""
    column = plain_column(table, "value")
    if pa.types.is_floating(column.type):
        # Below half of the last decimal a float is nothing, and its text would not fit.
        tiny = pc.less(pc.abs(column), 5e-10)
        table = table.set_column(
            table.column_names.index("value"),
            "value",
            pc.if_else(tiny, pa.scalar(0, column.type), column),
        )
    exact = decimals(table, "usage", "value", 30, floats=True, wide=True)
    if exact.type.scale <= USAGE_DECIMALS:
        return exact.cast(pa.decimal128(38, USAGE_DECIMALS)), 0
    kept = pc.round(exact, ndigits=USAGE_DECIMALS, round_mode="half_towards_infinity")
    cut = pc.sum(pc.not_equal(kept, exact)).as_py() or 0
    return kept.cast(pa.decimal128(38, USAGE_DECIMALS)), cut


def _rounded(cut: int) -> list[Finding]:
    if not cut:
        return []
    return [
        Finding(
            "rounded_usage",
            f"{cut} usage values had more than {USAGE_DECIMALS} decimals and were rounded.",
            severity=Severity.WARNING,
            details={"count": cut},
        )
    ]


def _strangers(node: pa.ChunkedArray, mask: npt.NDArray[np.bool_]) -> list[Finding]:
    count = int(mask.sum())
    if not count:
        return []
    names = sorted(pc.unique(node.filter(pa.array(mask))).to_pylist())
    return [
        Finding(
            "unknown_node",
            f"{count} usage rows are of nodes the model does not declare: "
            f"{', '.join(names[:5])}{' and more' if len(names) > 5 else ''}; they count nowhere.",
            remedy="Declare the nodes, or leave their usage out.",
            severity=Severity.WARNING,
            details={"nodes": tuple(names), "count": count},
        )
    ]


def _label_texts(table: pa.Table) -> pa.ChunkedArray:
    if "labels" not in table.column_names:
        return pa.chunked_array([pa.repeat(pa.scalar("{}"), table.num_rows)])
    column = plain_column(table, "labels")
    if pa.types.is_nested(column.type):
        return pc.fill_null(_as_json(column), "{}")
    filled = texts(table, "usage", "labels", absent="{}")
    return pc.if_else(pc.equal(filled, ""), "{}", filled)


_ENTRIES = (
    "map_from_entries(list_distinct(list_transform({}, "
    "lambda e: struct_pack(key := e.key, value := e.value))))"
)


def _as_json(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Maps, records, or lists of keys and values as JSON; a key may repeat its value."""
    # Only maps need it, and it costs a tenth of a second.
    import duckdb  # noqa: PLC0415

    from apportion import database  # noqa: PLC0415

    is_a = pa.types
    if is_a.is_map(column.type):
        # The query engine takes no map in which a key is there twice.
        parts = [("key", column.type.key_type), ("value", column.type.item_type)]
        column = column.cast(pa.list_(pa.struct(parts)))
    labels = "labels" if is_a.is_struct(column.type) else _ENTRIES.format("labels")
    relation = database.connect().from_arrow(pa.table({"labels": column}))
    try:
        read = duckdb.SQLExpression(f"cast(to_json({labels}) as varchar)")
        return relation.select(read).to_arrow_table().column(0)
    except duckdb.Error:
        raise RunError(
            [
                Finding(
                    "invalid_value",
                    f"The column 'labels' of the usage table holds {column.type}, or a key with "
                    "two values.",
                    Place("<usage>"),
                    'Give JSON texts such as {"env": "prod"}, maps, records, or lists of records '
                    "with a key and a value; each key once.",
                )
            ]
        ) from None


def _without_negatives(
    rows: _Rows, node_ids: Sequence[str], metrics: Sequence[str]
) -> tuple[_Rows, list[Finding]]:
    negative = pc.less(rows.value, pa.scalar(0).cast(rows.value.type)).to_numpy()
    if not negative.any():
        return rows, []
    nothing = pa.scalar(0).cast(rows.value.type)
    value = pc.if_else(pa.array(negative), nothing, rows.value)
    places = np.unique(
        combine(
            [
                (rows.metric[negative], len(metrics)),
                (rows.node[negative], len(node_ids)),
                (rows.day[negative], _DAYS),
            ]
        )
        // _DAYS,
        return_counts=True,
    )
    findings = [
        Finding(
            "negative_usage",
            f"{metrics[pair // len(node_ids)]!r} of {node_ids[pair % len(node_ids)]!r} is negative "
            f"in {'1 row, which counts' if count == 1 else f'{count:,} rows, which count'} as "
            "nothing.",
            severity=Severity.WARNING,
            details={
                "receiver": node_ids[pair % len(node_ids)],
                "metric": metrics[pair // len(node_ids)],
                "days": count,
            },
        )
        for pair, count in zip(places[0].tolist(), places[1].tolist(), strict=True)
    ]
    return _Rows(rows.node, rows.day, rows.metric, rows.label_set, value), findings


def _passing(
    chosen: SegmentFilter,
    names: Sequence[str],
    label_set: Integers,
    parsed: Callable[[str], dict[str, str]],
) -> npt.NDArray[np.bool_]:
    """For each row, whether it counts. Every label set of the rows is tested once."""
    sets, own = np.unique(label_set, return_inverse=True)
    passes = [chosen.passes(parsed(names[each])) for each in sets.tolist()]
    return np.array(passes, dtype=np.bool_)[own]


def _parsed(text: str) -> dict[str, str]:
    try:
        labels = json.loads(text)
    except ValueError:
        labels = None
    if not isinstance(labels, dict):
        raise RunError(
            [
                Finding(
                    "invalid_value",
                    f"The labels {text[:60]!r} of the usage table are not a JSON object.",
                    remedy='Write labels as {"name": "value"}.',
                )
            ]
        )
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in labels.items()
        if value is not None
    }


def _integers(
    value: pa.ChunkedArray, metric: Integers, count: int
) -> tuple[npt.NDArray[Any], frozenset[int]]:
    """Values as integers, each metric with as few decimals as it has; which do not fit 64 bits."""
    decimals_of = np.zeros(count, dtype=np.int64)
    for fewer, more in pairwise(_DECIMALS):
        kept = pc.equal(pc.round(value, ndigits=fewer), value).to_numpy()
        np.maximum.at(decimals_of, metric[~kept], more)
    result: npt.NDArray[Any] = np.zeros(len(value), dtype=np.int64)
    beyond = np.zeros(len(value), dtype=np.bool_)
    for places in _DECIMALS:
        mine = np.flatnonzero(decimals_of[metric] == places)
        part = value.take(pa.array(mine))
        result[mine], beyond[mine] = arrow_to_units(part.cast(pa.decimal128(38, places)), places)
    wide = np.unique(metric[beyond])
    if wide.size:
        result = result.astype(object)
        mine = np.flatnonzero(np.isin(metric, wide))
        exact = zip(value.take(pa.array(mine)), decimals_of[metric[mine]].tolist(), strict=True)
        result[mine] = [int(each.as_py().scaleb(places)) for each, places in exact]
    return result, frozenset(wide.tolist())


def _in_order(
    parts: Sequence[tuple[Integers, Integers, Integers]],
) -> tuple[Integers, Integers, Integers]:
    if not parts:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    day, pair, value = (np.concatenate([part[column] for part in parts]) for column in range(3))
    order = np.lexsort((pair, day))
    return day[order], pair[order], value[order]
