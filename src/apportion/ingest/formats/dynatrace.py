"""Dynatrace metrics as JSON: an export, or answers of the Metrics API v2.

Each metric has a name and a rule for how points make a day: ``sum``, ``mean`` or ``max``. Four
metrics of services are known; ``metrics`` in the model names others, or these anew. A metric id
with transformations behind it (``:splitBy(...)``) is the metric before them. Dimensions become
labels; ``metric_nodes`` in the model says which node a label set belongs to.

The files of one command speak together for each metric of their source, from the first to the last
of its days there: a later command's days take the place of the earlier one's wholly, whichever
nodes, label sets and hours each holds. So all answers of one day belong in one command. There a
point, which is its metric, its dimensions and its timestamp, counts once however often it is told;
told with two values, the files are refused.

Days are those of the workspace's time zone. A point belongs to the day of its timestamp, unless
the file shows that its timestamps mark the ends of slots: a point at the end of the ``timeframe``
and none at its start, series that end at a midnight and do not begin at one, or, where neither
tells, a ``resolution`` of a day or more. Then a point at midnight belongs to the day before.

Values are taken as they stand. Only where the file names a unit of time (``MicroSecond``) and the
metric is kept in milliseconds are they converted. Shares do not depend on the unit.

Transformations that make another figure of a metric (``:rate(1h)``, ``:percentile(95)``, ``:avg``
behind one whose points are summed) need a rule of their own in ``metrics``, under the whole id. An
answer of which pages are missing is read, with a warning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyRelation,
    Expression,
    FunctionExpression,
    SQLExpression,
)

from apportion.derive.mapping import Fields, choose
from apportion.findings import Finding, IngestError, Place, Severity
from apportion.ingest import cells
from apportion.ingest.acceptance import Accepted, accept
from apportion.ingest.connection import connect
from apportion.ingest.decimals import VALUE_DECIMALS, shown
from apportion.ingest.dynatrace_again import AGAIN, marked
from apportion.ingest.dynatrace_json import SCHEMA, Points, read_points
from apportion.ingest.dynatrace_pages import Page, page_findings
from apportion.ingest.dynatrace_selectors import overlapping_selectors
from apportion.ingest.first_reading import Layout
from apportion.ingest.incoming import (
    Context,
    FileReport,
    Format,
    Incoming,
    IngestReport,
    Kind,
)
from apportion.ingest.inspected import Column, Holds, RefusedError, SafeFile, Shape
from apportion.ingest.metric_days import days_of_metric, summed
from apportion.ingest.plain import speaks_for
from apportion.ingest.safe_reading import inspect, private_folder
from apportion.ingest.usage_rows import LABELS, usage_rows
from apportion.ingest.words import count_of
from apportion.model import MetricRule, Model
from apportion.model.spelling import did_you_mean

KNOWN = (
    MetricRule("builtin:service.requestCount.total", "http_requests", "sum", "count"),
    MetricRule("builtin:service.response.time", "http_duration_ms", "mean", "ms"),
    MetricRule("builtin:service.cpu.time", "cpu_time_ms", "sum", "ms"),
    MetricRule("builtin:service.errors.total", "error_count", "sum", "count"),
    MetricRule("builtin:service.errors.total.count", "error_count", "sum", "count"),
)
"""Metrics that need no rule in the model."""

_MOST = 20
_MAP = "map(varchar, varchar)"


@dataclass(frozen=True, slots=True)
class _Read:
    """Files turned into points, and what was noted."""

    files: tuple[SafeFile, ...]
    ends: tuple[bool, ...]
    pages: tuple[tuple[str, Page], ...]


def read(paths: Sequence[Path], context: Context) -> Incoming:
    """Read metrics. Raises ``IngestError`` with all findings."""
    rules = metric_rules(context.model)
    zone = context.model.settings.time_zone
    with private_folder() as folder:
        points = _flatten(inspect(paths, folder, context), folder, context, ZoneInfo(zone))
        with connect(folder, points.files) as connection:
            files = marked(connection, points.files, points.ends, folder)
            layouts = [
                _layout(file, zone, ends=ends)
                for file, ends in zip(files, points.ends, strict=True)
            ]
            accepted = accept(connection, layouts, context, folder)
            again = _told_again(accepted)
            groups = _placed(accepted, context.model).to_arrow_table()
    accepted = replace(accepted, files=_less_told_again(accepted.files, again))
    return _incoming(groups, accepted, points, rules, context)


def metric_rules(model: Model) -> Mapping[str, MetricRule]:
    """All rules by metric id; the model's own come before those known."""
    return {rule.id: rule for rule in (*KNOWN, *model.metrics)}


def rule_for(metric: str, rules: Mapping[str, MetricRule]) -> MetricRule | None:
    """The rule of a metric id, whatever transformations follow it.

    >>> rules = {rule.id: rule for rule in KNOWN}
    >>> rule_for("builtin:service.cpu.time:splitBy():sum", rules).name
    'cpu_time_ms'
    """
    if metric in rules:
        return rules[metric]
    rule = _before_transformations(metric, rules)
    return rule if rule is not None and not _changing(metric, rule) else None


def _before_transformations(metric: str, rules: Mapping[str, MetricRule]) -> MetricRule | None:
    fitting = [rule for name, rule in rules.items() if metric.startswith(f"{name}:")]
    return max(fitting, key=lambda rule: len(rule.id), default=None)


_KEEPING = frozenset(
    {"splitBy", "filter", "merge", "names", "parents", "sort", "limit", "default", "auto", "value"}
)
"""Transformations after which a point says the same, of the same, of fewer, or of more together."""

_AGGREGATIONS = {"sum": {"sum"}, "mean": {"avg"}, "max": {"max"}}
"""By how points make a day, the aggregations of Dynatrace that lead to the same figure."""


def _changing(metric: str, rule: MetricRule) -> str:
    """The first transformation that makes another figure of the metric, or nothing."""
    keeping = _KEEPING | _AGGREGATIONS.get(rule.day, set())
    depth, parts = 0, [""]
    for character in metric.removeprefix(rule.id):
        depth += (character == "(") - (character == ")")
        if character == ":" and depth == 0:
            parts.append("")
        parts[-1] += character
    return next((part for part in parts if part and part[1:].split("(")[0] not in keeping), "")


def _flatten(files: Sequence[SafeFile], folder: Path, context: Context, zone: ZoneInfo) -> _Read:
    """Write each file's points to a table that is then read like any other file."""
    found: list[SafeFile] = []
    ends: list[bool] = []
    pages: list[tuple[str, Page]] = []
    findings: list[Finding] = []
    columns = tuple(Column(name, place, Holds.TEXT) for place, name in enumerate(SCHEMA.names))
    for index, file in enumerate(files):
        try:
            points = _points(file, zone, context)
        except RefusedError as refused:
            findings.append(refused.finding(file.name))
            continue
        path = folder / f"points_{index}"
        pq.write_table(points.table, path)
        found.append(SafeFile(file.name, path, Shape.PARQUET, columns))
        ends.append(points.ends)
        pages += [(file.name, page) for page in points.pages]
    if findings:
        raise IngestError(findings)
    return _Read(tuple(found), tuple(ends), tuple(pages))


def _points(file: SafeFile, zone: ZoneInfo, context: Context) -> Points:
    if file.shape is not Shape.JSON:
        raise RefusedError(
            "unsupported_file",
            f"The file holds {file.shape}; Dynatrace metrics are read from JSON.",
            "Ask for application/json. Figures of other kinds are read by the format `usage`.",
        )
    return read_points(file.path, zone, context.limits)


def _layout(file: SafeFile, zone: str, *, ends: bool) -> Layout:
    metric, labels, unit, moment, value = file.columns[: len(SCHEMA)]
    again = file.find(AGAIN)
    return Layout(
        file,
        (
            cells.text("metric_id", metric),
            cells.text("unit", unit, default=""),
            _day_cell(moment, zone, ends=ends),
            _labels_cell(labels),
            cells.text(AGAIN, again, default="") if again else cells.constant(AGAIN, ""),
        ),
        cells.number("number", value, VALUE_DECIMALS, required=False),
        key="metric_id",
        largest=True,
        unit="point",
    )


def _day_cell(column: Column, zone: str, *, ends: bool) -> cells.Cell:
    earlier = " - 1" if ends else ""
    # Fewer digits are a moment before 1974: seconds, taken for milliseconds.
    moment = SQLExpression(
        f"case when regexp_full_match({column.id}, '[0-9]{{12,13}}') then "
        f"cast(make_timestamp_ms(cast({column.id} as bigint){earlier}) as timestamptz) end"
    )
    local = FunctionExpression("timezone", ConstantExpression(zone), moment)
    check = cells.Check(
        "day",
        column,
        "invalid_value",
        "expected milliseconds since 1970, such as 1704067200000",
        "Timestamps are in UTC, in milliseconds and not in seconds.",
        SQLExpression("day is null"),
    )
    return cells.Cell("day", local.cast("date"), ColumnExpression("day"), (check,), column)


def _labels_cell(column: Column) -> cells.Cell:
    return cells.Cell("labels", ColumnExpression(column.id), ColumnExpression("labels"))


def _told_again(accepted: Accepted) -> pa.Table:
    """Of points that count already, how many there are in each file and what they sum to."""
    keys = "file, metric_id"
    return (
        accepted.groups.filter(f"{AGAIN} <> ''")
        .aggregate(f"{keys}, sum(amount) as amount, cast(sum(lines) as bigint) as lines", keys)
        .to_arrow_table()
    )


def _less_told_again(files: Sequence[FileReport], again: pa.Table) -> tuple[FileReport, ...]:
    reports = list(files)
    for row in again.to_pylist():
        file, count, metric = reports[row["file"]], row["lines"], row["metric_id"]
        left = Decimal(file.totals[metric]) - row["amount"]
        counted = file.rejections.get("duplicate_key", 0) + count
        reports[row["file"]] = replace(
            file,
            accepted=file.accepted - count,
            rejected=file.rejected + count,
            rejections={**file.rejections, "duplicate_key": counted},
            totals={**file.totals, metric: shown(left)},
        )
    return tuple(reports)


def _placed(accepted: Accepted, model: Model) -> DuckDBPyRelation:
    """Days of series with their node, which is null where no rule takes the label set."""
    known = accepted.groups.filter(f"{AGAIN} = ''").select(
        "*", SQLExpression(f"cast(cast(labels as json) as {_MAP})").alias("label_map")
    )
    chosen = choose(model.metric_nodes, Fields({"metricId": "metric_id"}, {"label": "label_map"}))
    canonical: Expression = SQLExpression(LABELS.format("label_map"))
    columns = [ColumnExpression(name) for name in ("file", "metric_id", "unit", "day")]
    placed = known.select(
        *columns,
        canonical.alias("labels"),
        chosen.node.alias("node"),
        ColumnExpression("amount"),
        ColumnExpression("largest"),
        ColumnExpression("lines"),
        ColumnExpression("blanks"),
    )
    keys = "file, metric_id, unit, day, labels, node"
    return placed.aggregate(
        f"{keys}, sum(amount) as amount, max(largest) as largest, "
        "cast(sum(lines) as bigint) as lines, cast(sum(blanks) as bigint) as blanks",
        keys,
    ).order(keys)


def _incoming(
    groups: pa.Table,
    accepted: Accepted,
    points: _Read,
    rules: Mapping[str, MetricRule],
    context: Context,
) -> Incoming:
    source = context.source or FORMAT.name
    taken, left = _split(groups, rules)
    findings = [
        *accepted.findings,
        *page_findings(points.pages),
        *_left_out(left, rules, context.model),
        *overlapping_selectors(taken, context.model.metrics),
    ]
    rows_in = [days_of_metric(rows, rule, source) for rows, rule in taken if rows.num_rows]
    if not any(rows.num_rows for rows in rows_in):
        message = "No point of the files became usage."
        remedy = "Check the period asked for, and `metrics:` and `metric_nodes:` in the model."
        nothing = Finding("check_saw_no_rows", message, Place(points.files[0].name), remedy)
        raise IngestError([nothing, *findings])
    files = _less_left_out(accepted.files, left)
    made = summed(pa.concat_tables(rows_in))
    # Days on which a series was never measured have points and no row.
    skipped = sum(_lines(rows) for rows, _ in taken) - _lines(made)
    rows = usage_rows(made, files, context.model, skipped)
    report = IngestReport(
        FORMAT.name,
        Kind.USAGE,
        files,
        notes=_notes(files, points, groups, taken),
        findings=(*findings, *rows.findings),
    )
    return Incoming(Kind.USAGE, rows.table, speaks_for(rows.table, context), report)


_Left = list[tuple[str, pa.Table]]
_Taken = list[tuple[pa.Table, MetricRule]]


def _split(groups: pa.Table, rules: Mapping[str, MetricRule]) -> tuple[_Taken, _Left]:
    """Groups by metric with their rule, and those that nothing names, with the reason."""
    taken: _Taken = []
    left: _Left = []
    for metric in sorted(pc.unique(groups["metric_id"]).to_pylist()):
        rows = groups.filter(pc.equal(groups["metric_id"], metric))
        rule = rule_for(metric, rules)
        if rule is None:
            left.append((metric, rows))
            continue
        placed = pc.is_valid(rows["node"])
        taken.append((rows.filter(placed), rule))
        without = rows.filter(pc.invert(placed))
        if without.num_rows:
            left.append(("", without))
    return taken, left


def _less_left_out(files: Sequence[FileReport], left: _Left) -> tuple[FileReport, ...]:
    reports = []
    for index, file in enumerate(files):
        count = sum(_lines(rows.filter(pc.equal(rows["file"], index))) for _, rows in left)
        rejections = {**file.rejections, "rejected_lines": count} if count else file.rejections
        reports.append(
            replace(
                file,
                accepted=file.accepted - count,
                rejected=file.rejected + count,
                rejections=rejections,
            )
        )
    return tuple(reports)


def _lines(rows: pa.Table) -> int:
    return pc.sum(rows["lines"]).as_py() or 0


def _left_out(left: _Left, rules: Mapping[str, MetricRule], model: Model) -> list[Finding]:
    plain = {metric: _before_transformations(metric, rules) for metric, _ in left}
    findings = [
        Finding(
            "rejected_lines",
            f"Left out {count_of(_lines(rows), 'point')} of {metric!r}, because "
            + (
                f"{_changing(metric, rule)!r} makes another figure of {rule.id!r}."
                if (rule := plain[metric])
                else "no rule names the metric."
            ),
            remedy=(did_you_mean(metric, rules) if rule is None else "")
            or f'Add under `metrics:` {{id: "{metric}", name: ..., day: sum}}, and ingest the file '
            "again.",
            severity=Severity.WARNING,
            details={"metric": metric},
        )
        for metric, rows in left
        if metric
    ]
    homeless = [rows for metric, rows in left if not metric]
    if homeless:
        findings.append(_homeless(pa.concat_tables(homeless), model))
    return findings


def _homeless(rows: pa.Table, model: Model) -> Finding:
    sets = rows.group_by("labels").aggregate([("lines", "sum")])
    first = sets.sort_by([("lines_sum", "descending"), ("labels", "ascending")])
    shown = "; ".join(first.slice(0, _MOST)["labels"].to_pylist())
    rule = "{when: {label: service, equals: ...}, node: ...}"
    why = "no rule takes" if model.metric_nodes else "the model has no `metric_nodes` for"
    return Finding(
        "rejected_lines",
        f"Left out {count_of(_lines(rows), 'point')}, because {why} "
        f"{count_of(sets.num_rows, 'label set')}, among them {shown}.",
        remedy=f"Add under `metric_nodes:` {rule}, and ingest the file again.",
        severity=Severity.WARNING,
        details={"label_sets": sets.num_rows},
    )


def _notes(
    files: Sequence[FileReport], points: _Read, groups: pa.Table, taken: _Taken
) -> tuple[str, ...]:
    notes = []
    again = {file.file: file.rejections.get("duplicate_key", 0) for file in files}
    count = sum(again.values())
    if count:
        told = ", ".join(f"{name}: {each:,}" for name, each in again.items() if each)
        notes.append(f"Counted once: {count_of(count, 'point')} told again, same value ({told}).")
    blanks = pc.sum(groups["blanks"]).as_py() or 0
    if blanks:
        notes.append(f"Skipped {count_of(blanks, 'point')} without a value.")
    moved = [file.name for file, ends in zip(points.files, points.ends, strict=True) if ends]
    if moved:
        notes.append(
            f"{', '.join(moved)}: timestamps mark the ends of slots, so a point at midnight "
            "belongs to the day before."
        )
    untold = sorted(
        {rule.id for rows, rule in taken if rule.unit == "ms" and "" in rows["unit"].to_pylist()}
    )
    if untold:
        notes.append(
            f"{', '.join(untold)}: the file names no unit, so values are taken to be milliseconds. "
            "Dynatrace measures in microseconds; shares are the same either way."
        )
    return tuple(notes)


FORMAT = Format(
    "dynatrace",
    Kind.USAGE,
    "Dynatrace metrics as JSON: an export, or answers of the Metrics API v2.",
    read,
)
