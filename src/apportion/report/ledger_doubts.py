"""What the ledger tells of a model before a run: names that have no row, and days without a bill.

A misspelt metric is no error of the model, since its usage may still come in; but it moves money
from one product to another, so it is said as soon as the ledger can tell (`A29`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from apportion.findings import SETTINGS_FILE, Finding, Place, RunError, Severity
from apportion.ingest.mixed_units import mixed_units
from apportion.model import Edge, Model
from apportion.model.files import MODEL_FOLDER, read_settings
from apportion.model.spelling import did_you_mean, nearest
from apportion.model.types import StrategyUse

_METRICS = "SELECT metric, count(*) FROM usage GROUP BY metric"
_USAGE_NODES = "SELECT node, count(*) FROM usage GROUP BY node"
_LABELS = """
    WITH labelled AS (
        SELECT metric, labels, count(*) AS found FROM usage
        WHERE list_contains(?, metric) AND labels <> '{}' GROUP BY ALL
    ), each_label AS (
        SELECT metric, found, labels, unnest(json_keys(labels)) AS label FROM labelled
    )
    SELECT metric, label, json_extract_string(labels, '$."' || label || '"'), sum(found)
    FROM each_label WHERE NOT contains(label, '"') GROUP BY ALL
"""
_HOLES = """
    WITH billed AS (
        SELECT DISTINCT source, date FROM costs
    ), following AS (
        SELECT source, date, lead(date) OVER (PARTITION BY source ORDER BY date) AS next
        FROM billed
    ), daily AS (
        SELECT source FROM billed GROUP BY source
        HAVING 2 * count(*) > date_diff('day', min(date), max(date))
    )
    SELECT source, greatest(date + 1, $first), least(next - 1, $last)
    FROM following SEMI JOIN daily USING (source)
    WHERE next - date > 1 AND next > $first AND date < $last AND date + 1 <= $last
    ORDER BY source, date
"""
_UNITS = """
    SELECT metric, coalesce(unit, ''), count(*) FROM usage
    WHERE date BETWEEN ? AND ? AND list_contains(?, metric) GROUP BY ALL
"""
_MIXED_DAYS = """
    SELECT date FROM usage WHERE date BETWEEN ? AND ? AND metric = ?
    GROUP BY date HAVING count(DISTINCT coalesce(unit, '')) > 1 ORDER BY date
"""
_NAMED = 5
_MODEL_FILES = frozenset({".yaml", ".yml", ".csv", ".parquet"})
_FILTERED = frozenset({"eq", "in"})


def ignored_files(path: Path, counts: str = "") -> list[Finding]:
    """A warning where ``model/`` in a workspace's folder holds files and another folder counts.

    ``counts`` is the folder that does; where it is not given the settings are asked.
    """
    folder = path / MODEL_FOLDER
    if not counts:
        file = path / SETTINGS_FILE
        counts = str(read_settings(file, file.read_bytes()).settings.get("model_folder", ""))
        counts = counts or MODEL_FOLDER
    if counts == MODEL_FOLDER or not folder.is_dir():
        return []
    files = sorted(each for each in folder.iterdir() if each.suffix.lower() in _MODEL_FILES)
    if not files:
        return []
    others = " and others" if len(files) > 1 else ""
    return [
        Finding(
            "ignored_files",
            f"The model is read from {counts}/, as {SETTINGS_FILE} says; what is in "
            f"{MODEL_FOLDER}/ ({files[0].name}{others}) does not count.",
            Place(str(folder)),
            f"Change the files in {counts}/, put the model anew, or write model_folder: "
            f"{MODEL_FOLDER} in {SETTINGS_FILE}. Remove the folder that nobody needs.",
            Severity.WARNING,
        )
    ]


def judged(model: Model, folder: Path) -> tuple[Finding, ...]:
    """What is wrong or doubtful about a model that was read: one without nodes is an error."""
    if model.nodes:
        return (*model.warnings, *ignored_files(folder, model.settings.model_folder))
    return tuple(
        replace(each, severity=Severity.ERROR) if each.code == "check_saw_no_rows" else each
        for each in model.warnings
    )


def require_allowed(assumed: Sequence[Finding], *, strict: bool) -> None:
    """Raise ``RunError`` with all that a run assumes, where it is strict."""
    if not assumed or not strict:
        return
    count = len(assumed)
    refusal = Finding(
        "strict_refusal",
        f"Nothing was published: the run would have assumed {count:,} "
        f"{'thing' if count == 1 else 'things'}, and a strict run assumes nothing.",
        remedy="Mend what is named above, or run without --strict.",
    )
    raise RunError([*(replace(each, severity=Severity.ERROR) for each in assumed), refusal])


def days_without_bill(
    connection: duckdb.DuckDBPyConnection, start: date, end: date
) -> list[Finding]:
    """One warning per source that lacks days between days on which it has cost (`A29`).

    ``connection`` has the view ``costs`` with all days of the ledger. A source with cost on less
    than half of its days, such as one that bills once a month, lacks nothing.
    """
    holes: dict[str, list[tuple[date, date]]] = {}
    bounds = {"first": start, "last": end}
    for source, first, last in connection.execute(_HOLES, bounds).fetchall():
        if first <= last:
            holes.setdefault(source, []).append((first, last))
    return [_hole(source, found) for source, found in holes.items()]


def _hole(source: str, found: Sequence[tuple[date, date]]) -> Finding:
    days = sum((last - first).days + 1 for first, last in found)
    stretches = [f"{first}" if first == last else f"{first} to {last}" for first, last in found]
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return Finding(
        "days_without_bill",
        f"{source!r} has no line of cost on {'1 day' if days == 1 else f'{days:,} days'} between "
        f"days on which it has some: {', '.join(stretches[:_NAMED])}{more}.",
        remedy="Ask for the missing days and bring them in.",
        severity=Severity.WARNING,
        details={
            "source": source,
            "days": days,
            "stretches": tuple((str(first), str(last)) for first, last in found),
        },
    )


def has_usage(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a connection's view ``usage`` has any row."""
    return bool(connection.execute("SELECT 1 FROM usage LIMIT 1").fetchall())


def named_metrics(model: Model) -> set[str]:
    """The metrics that edges share by."""
    every = (use.parameters.series() for _, use in _uses(model))
    return {series.metric for series in every if series is not None}


def units_mixed(
    connection: duckdb.DuckDBPyConnection, start: date, end: date, metrics: Sequence[str]
) -> list[Finding]:
    """One warning for each metric that has usage in several units on days that shares look at.

    ``connection`` has the view ``usage``.
    """
    if not metrics:
        return []
    counts = connection.execute(_UNITS, [start, end, list(metrics)]).fetchall()
    found = []
    for each in mixed_units(counts, "row"):
        stretches = _days_with_units(connection, each, start, end)
        found.append(replace(each, details={**each.details, "stretches": stretches}))
    return found


def _days_with_units(
    connection: duckdb.DuckDBPyConnection, mixed: Finding, start: date, end: date
) -> tuple[tuple[str, str], ...]:
    """The days on which a metric has more than one unit; all, where each has one of its own."""
    asked = [start, end, mixed.details["metric"]]
    days = [str(day) for (day,) in connection.execute(_MIXED_DAYS, asked).fetchall()]
    return tuple((day, day) for day in days) or ((str(start), str(end)),)


def unseen_names(
    connection: duckdb.DuckDBPyConnection, model: Model, computed: Iterable[str] = ()
) -> list[Finding]:
    """Warnings of metrics, labels and values that edges name and the ledger has no row of.

    Also of nodes with usage that the model does not declare. ``connection`` has the view
    ``usage``; ``computed`` are metrics that are made of billable usage. None where the ledger has
    no usage at all: then nothing is known yet.
    """
    metrics: dict[str, int] = dict(connection.execute(_METRICS).fetchall())
    if not metrics:
        return []
    known = metrics.keys() | set(computed)
    unseen: dict[str, list[Edge]] = {}
    for edge, use in _uses(model):
        series = use.parameters.series()
        if series is not None and series.metric not in known:
            unseen.setdefault(series.metric, []).append(edge)
    return [
        *(_metric(name, edges, metrics) for name, edges in unseen.items()),
        *_labels(connection, model, metrics),
        *_nodes(connection, model),
    ]


def _uses(model: Model) -> Iterator[tuple[Edge, StrategyUse]]:
    for edge in model.edges:
        yield edge, edge.use
        for override in edge.overrides:
            yield edge, override.use


def _metric(name: str, edges: Sequence[Edge], known: Mapping[str, int]) -> Finding:
    one = edges[0]
    others = len({(each.source, each.receiver) for each in edges}) - 1
    more = "" if not others else f" and {others:,} other edge{'s' if others > 1 else ''}"
    share = "share" if others else "shares"
    return _unseen(
        f"The metric {name!r} has no row in the ledger; the edge {one.source!r} -> "
        f"{one.receiver!r}{more} {share} by it.",
        one.where,
        _meant(name, known),
        {"metric": name, "source": one.source, "receiver": one.receiver},
    )


def _labels(
    connection: duckdb.DuckDBPyConnection, model: Model, metrics: Mapping[str, int]
) -> Iterator[Finding]:
    filters: dict[tuple[str, str, tuple[str, ...]], Edge] = {}
    for edge, use in _uses(model):
        series = use.parameters.series()
        if series is None or series.segment_filter is None or series.metric not in metrics:
            continue
        chosen = series.segment_filter
        values = tuple(chosen.values) if str(chosen.operator) in _FILTERED else ()
        filters.setdefault((series.metric, chosen.label, values), edge)
    if not filters:
        return
    seen: dict[str, dict[str, dict[str, int]]] = {}
    wanted = sorted({metric for metric, _, _ in filters})
    for metric, label, value, count in connection.execute(_LABELS, [wanted]).fetchall():
        seen.setdefault(metric, {}).setdefault(label, {})[str(value)] = int(count)
    for (metric, label, values), edge in filters.items():
        labels = seen.get(metric, {})
        about = {"metric": metric, "source": edge.source, "receiver": edge.receiver}
        by = f"The edge {edge.source!r} -> {edge.receiver!r} filters"
        if label not in labels:
            counts = {name: sum(found.values()) for name, found in labels.items()}
            text = f"{by} {metric!r} by the label {label!r}, which no row of it bears."
            yield _unseen(text, edge.where, _meant(label, counts), {**about, "label": label})
            continue
        for value in values:
            if value not in labels[label]:
                yield _unseen(
                    f"{by} {metric!r} by {label} = {value!r}, which no row of it has.",
                    edge.where,
                    _meant(value, labels[label]),
                    {**about, "label": label, "value": value},
                )


def _nodes(connection: duckdb.DuckDBPyConnection, model: Model) -> Iterator[Finding]:
    declared = {node.id for node in model.nodes}
    rows = connection.execute(_USAGE_NODES).fetchall()
    strangers = {name: count for name, count in rows if name not in declared}
    if not strangers:
        return
    names = sorted(strangers)
    shown = [
        f"{name!r}{f' ({meant})' if (meant := did_you_mean(name, declared)) else ''}"
        for name in names[:_NAMED]
    ]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    count = sum(strangers.values())
    yield Finding(
        "unknown_node",
        f"The ledger has {count:,} usage {'row' if count == 1 else 'rows'} of nodes that the "
        f"model does not declare, which count nowhere: {', '.join(shown)}{more}.",
        remedy="Declare the nodes, or correct their names.",
        severity=Severity.WARNING,
        details={"nodes": tuple(names), "count": count},
    )


def _unseen(message: str, where: Place, remedy: str, details: Mapping[str, str]) -> Finding:
    return Finding("unseen_name", message, where, remedy, Severity.WARNING, details)


def _meant(name: str, known: Mapping[str, int]) -> str:
    """Ask whether a near name was meant, and say how many rows that one has."""
    near = nearest(name, known)
    if near is None:
        return "Bring its usage in, or correct the name."
    count = known[near]
    return f"Did you mean {near!r}, which has {count:,} {'row' if count == 1 else 'rows'}?"
