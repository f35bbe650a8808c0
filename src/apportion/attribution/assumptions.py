"""What a run assumed beside days without usage, and how much money each assumption moved.

The money is summed from the run's own rows, so it is exact: what a source gave, on the days and
along the edges that an assumption is about, or what it kept where the edges say `retain`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from apportion.attribution.graph import Integers
from apportion.attribution.plan import POLICIES
from apportion.attribution.problem import Problem
from apportion.findings import Finding, Severity
from apportion.tables import every_day, from_ordinal, ordinal

_NAMED = 5

_ALONG = """
    CREATE OR REPLACE TEMP VIEW assumed_along AS
    SELECT e.source, e.receiver, e.metric, e.series, e.policy, c.date, c.amount
    FROM contributions c
    JOIN assumed_variant v ON v.dimension = CAST(c.dimension AS VARCHAR)
    JOIN assumed_edge e ON e.variant = v.variant AND e.source = CAST(c.source AS VARCHAR)
        AND e.receiver = CAST(c.receiver AS VARCHAR) AND c.date BETWEEN e.first AND e.last
"""
_MOVED = {
    "zero_usage": """
        SELECT f.place, c.date, c.amount FROM assumed_along c
        JOIN assumed_day f USING (source, series, policy, date) WHERE NOT f.kept
        UNION ALL
        SELECT place, a.date, a.retained FROM (
            SELECT DISTINCT f.place, f.source, f.date, v.dimension FROM assumed_day f
            JOIN assumed_edge e ON e.source = f.source AND e.series = f.series
                AND e.policy = f.policy AND f.date BETWEEN e.first AND e.last
            JOIN assumed_variant v USING (variant) WHERE f.kept
        ) wanted JOIN allocations a ON CAST(a.node AS VARCHAR) = wanted.source
            AND a.date = wanted.date AND CAST(a.dimension AS VARCHAR) = wanted.dimension
        UNION ALL
        SELECT DISTINCT place, date, 0 FROM assumed_day
    """,
    "missing_usage": """
        SELECT p.place, c.date, c.amount FROM assumed_along c
        JOIN assumed_place p USING (source, receiver, metric) WHERE p.code = 'missing_usage'
    """,
    "receiver_without_usage": """
        SELECT p.place, c.date, c.amount FROM assumed_along c
        JOIN assumed_place p USING (source, metric)
        ANTI JOIN assumed_day f USING (source, series, date)
        WHERE p.code = 'receiver_without_usage'
    """,
    "unmapped_cost": """
        SELECT p.place, a.date, a.direct FROM allocations a
        JOIN assumed_place p ON CAST(a.node AS VARCHAR) = p.source
        WHERE p.code = 'unmapped_cost' AND a.direct <> 0
    """,
}
"""What each kind moved: the place of a finding, a day, and an amount; in several rows."""

_SUMMED = """
    SELECT place, date, sum(amount) AS amount FROM ({moved}) AS moved (place, date, amount)
    GROUP BY place, date ORDER BY place, date
"""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The warnings of a run, and on which days they hold.

    ``by_day`` has the ``place`` of a finding, a ``date`` that it concerns, and the ``amount`` that
    it moved then, null where that is not known. It has no row of what is not known by day.
    """

    findings: tuple[Finding, ...]
    by_day: pa.Table


_BY_DAY = pa.schema(
    [("place", pa.int64()), ("date", pa.date32()), ("amount", pa.decimal128(38, 9))]
)


def with_money(
    connection: duckdb.DuckDBPyConnection,
    problem: Problem,
    findings: Sequence[Finding],
    no_usage: Integers,
) -> Assumptions:
    """The findings, those that moved money with ``amount`` and ``currency`` in their details.

    ``connection`` has the run's ``allocations`` and ``contributions``; ``no_usage`` has the rows
    of ``SliceFlow.no_usage``. One amount can be in several findings, since a metric that has no
    row at all is also one that has none on any day.
    """
    by_day = [_BY_DAY.empty_table(), _stretches(findings)]
    kinds = sorted({each.code for each in findings} & _MOVED.keys())
    totals: dict[int, tuple[Decimal, int]] = {}
    if kinds:
        _lay_out(connection, problem, findings, no_usage)
        moved = " UNION ALL ".join(_MOVED[kind] for kind in kinds)
        found = connection.sql(_SUMMED.format(moved=moved)).to_arrow_table()
        by_day.append(found.cast(_BY_DAY))
        connection.register("assumed_moved", found)
        summed = connection.sql("SELECT place, sum(amount), count(*) FROM assumed_moved GROUP BY 1")
        totals = {place: (amount, days) for place, amount, days in summed.fetchall()}
    currency = problem.costs.currency
    told = (
        each if each.code not in _MOVED else _with_amount(each, currency, totals.get(place))
        for place, each in enumerate(findings)
    )
    return Assumptions(tuple(told), pa.concat_tables(by_day))


def _stretches(findings: Sequence[Finding]) -> pa.Table:
    """The days that findings tell themselves, without money."""
    days = [
        (place, day)
        for place, each in enumerate(findings)
        for first, last in each.details.get("stretches", ())
        for day in every_day(date.fromisoformat(first), date.fromisoformat(last))
    ]
    rows = {"place": [place for place, _ in days], "date": [day for _, day in days]}
    return pa.table({**rows, "amount": [None] * len(days)}, schema=_BY_DAY)


def _lay_out(
    connection: duckdb.DuckDBPyConnection,
    problem: Problem,
    findings: Sequence[Finding],
    no_usage: Integers,
) -> None:
    """Put on the connection what the queries of ``_MOVED`` read."""
    about = [(place, each) for place, each in enumerate(findings) if each.code in _MOVED]
    named = {
        name: pa.array([each.details.get(name, "") for _, each in about], pa.string())
        for name in ("source", "receiver", "metric")
    }
    codes = pa.array([each.code for _, each in about], pa.string())
    places = pa.array([place for place, _ in about], pa.int64())
    connection.register("assumed_place", pa.table({"place": places, "code": codes, **named}))
    if {each.code for _, each in about} == {"unmapped_cost"}:
        return
    connection.register("assumed_variant", _variants(problem))
    connection.register("assumed_edge", _edges(problem, set(named["source"].to_pylist())))
    connection.register("assumed_day", _days(problem, findings, no_usage))
    connection.execute(_ALONG)


def _with_amount(finding: Finding, currency: str, moved: tuple[Decimal, int] | None) -> Finding:
    """The finding with its money, and on how many days that was."""
    amount, days = moved or (Decimal(0), 0)
    told = {"days": days, "amount": format(amount, "f"), "currency": currency}
    return replace(finding, details={**finding.details, **told})


def _variants(problem: Problem) -> pa.Table:
    names = problem.costs.dimensions
    rows = [
        (names[dimension], number)
        for number, variant in enumerate(problem.variants)
        for dimension in variant.dimensions.tolist()
    ]
    return pa.table(
        {
            "dimension": pa.array([row[0] for row in rows], pa.string()),
            "variant": pa.array([row[1] for row in rows], pa.int64()),
        }
    )


def _edges(problem: Problem, sources: set[str]) -> pa.Table:
    """The edges of these sources that read usage, per variant, with the days they are active."""
    chosen = np.array([name in sources for name in problem.nodes], dtype=np.bool_)[problem.source]
    series_of_use = np.array(problem.uses.series, dtype=np.int64)
    policy_of_use = np.array(
        [problem.uses.policy(use) for use in range(len(problem.uses.uses))], dtype=np.int64
    )
    parts = []
    for number, variant in enumerate(problem.variants):
        rows = np.flatnonzero(chosen & (series_of_use[variant.use] >= 0))
        parts.append((np.full(rows.size, number), rows, variant.use[rows]))
    variants, edges, uses = (np.concatenate(each) for each in zip(*parts, strict=True))
    nodes = pa.array(problem.nodes, pa.string())
    metrics = pa.array([each.metric for each in problem.uses.all_series], pa.string())
    model = problem.model
    return pa.table(
        {
            "variant": variants,
            "source": nodes.take(pa.array(problem.source[edges])),
            "receiver": nodes.take(pa.array(problem.receiver[edges])),
            "first": [model.edges[edge].active_from or date.min for edge in edges.tolist()],
            "last": [model.edges[edge].active_to or date.max for edge in edges.tolist()],
            "series": series_of_use[uses],
            "metric": metrics.take(pa.array(series_of_use[uses])),
            "policy": policy_of_use[uses],
        }
    )


def _days(problem: Problem, findings: Sequence[Finding], no_usage: Integers) -> pa.Table:
    """Sources and days without usage, each with the place of the finding that tells of them."""
    told = {
        (each.details["source"], each.details["metric"], each.details["policy"]): place
        for place, each in enumerate(findings)
        if each.code == "zero_usage"
    }
    rows = np.unique(no_usage, axis=0)
    kinds, kind = np.unique(rows[:, :3], axis=0, return_inverse=True)
    places = [
        told[problem.nodes[source], problem.figures.series[series].metric, str(POLICIES[policy])]
        for source, series, policy in kinds.tolist()
    ]
    kept = np.array([POLICIES[policy] == "retain" for policy in rows[:, 2].tolist()], np.bool_)
    nodes = pa.array(problem.nodes, pa.string())
    return pa.table(
        {
            "place": np.array(places, dtype=np.int64)[kind.reshape(-1)],
            "source": nodes.take(pa.array(rows[:, 0])),
            "series": rows[:, 1],
            "policy": rows[:, 2],
            "date": pa.array(rows[:, 3].astype(np.int32)).cast(pa.date32()),
            "kept": kept,
        }
    )


def receivers_without_usage(problem: Problem, costly: npt.NDArray[np.bool_]) -> list[Finding]:
    """One warning per source and metric where some receivers have rows and others none (`A29`).

    ``costly`` tells of each node whether it had cost.
    """
    figures, count = problem.figures, len(problem.nodes)
    if not figures.series or not problem.variants:
        return []
    index = {name: position for position, name in enumerate(figures.metrics)}
    metric_of_series = np.array([index[each.metric] for each in figures.series])
    series_of_use = np.array(problem.uses.series, dtype=np.int64)
    edges = problem.model.edges
    active = np.array(
        [
            (each.active_from is None or each.active_from <= problem.end)
            and (each.active_to is None or each.active_to >= problem.start)
            for each in edges
        ],
        dtype=np.bool_,
    )
    found = []
    for variant in problem.variants:
        series = series_of_use[variant.use]
        rows = np.flatnonzero(active & (series >= 0) & costly[problem.source])
        keys = metric_of_series[series[rows]], problem.source[rows], problem.receiver[rows]
        found.append(np.stack(keys, axis=1))
    distinct = np.unique(np.concatenate(found), axis=0)
    has_row = np.isin(distinct[:, 0] * count + distinct[:, 2], figures.seen)
    groups, group = np.unique(distinct[:, :2], axis=0, return_inverse=True)
    group = group.reshape(-1)
    with_rows = np.bincount(group, has_row, len(groups))
    all_rows = np.bincount(group, minlength=len(groups))
    partly = (with_rows > 0) & (with_rows < all_rows)
    silent: dict[int, list[int]] = {}
    for row in np.flatnonzero(partly[group] & ~has_row).tolist():
        silent.setdefault(int(group[row]), []).append(int(distinct[row, 2]))
    return [
        _silent(problem, int(groups[each, 1]), figures.metrics[int(groups[each, 0])], receivers)
        for each, receivers in silent.items()
    ]


def _silent(problem: Problem, source: int, metric: str, receivers: Sequence[int]) -> Finding:
    names = [problem.nodes[receiver] for receiver in receivers]
    named = ", ".join(map(repr, names[:_NAMED]))
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    have, they = ("has", "it") if len(names) == 1 else ("have", "they")
    return Finding(
        "receiver_without_usage",
        f"{named}{more} {have} no row of {metric!r} in the period, while other receivers of "
        f"{problem.nodes[source]!r} have; {problem.nodes[source]!r} was shared as if {they} had "
        "used nothing.",
        remedy="Bring the usage in, or leave the edge out if nothing was used.",
        severity=Severity.WARNING,
        details={
            "source": problem.nodes[source],
            "receiver": names[0] if len(names) == 1 else "",
            "receivers": tuple(names),
            "metric": metric,
            "days": (problem.end - problem.start).days + 1,
        },
    )


def months_without_cost(problem: Problem) -> list[Finding]:
    """A warning where whole months of the period hold no cost while others do (`A29`)."""
    first, last = ordinal(problem.start), ordinal(problem.end)
    every = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]")
    days = problem.costs.day[(problem.costs.day >= first) & (problem.costs.day <= last)]
    billed = np.unique(days.astype("datetime64[D]").astype("datetime64[M]"))
    empty = np.setdiff1d(every, billed)
    if billed.size == 0 or empty.size == 0:
        return []
    cuts = np.flatnonzero(np.diff(empty.astype(np.int64)) > 1) + 1
    stretches = [
        f"{each[0]}" if each.size == 1 else f"{each[0]} to {each[-1]}"
        for each in np.split(empty, cuts)
    ]
    named = ", ".join(stretches[:_NAMED])
    more = f" and {len(stretches) - _NAMED:,} more" if len(stretches) > _NAMED else ""
    months = np.unique(every).size
    of = (
        f"1 of the {months:,} months" if empty.size == 1 else f"{empty.size:,} of {months:,} months"
    )
    return [
        Finding(
            "months_without_cost",
            f"In {of} from {from_ordinal(first)} to {from_ordinal(last)} there is no cost at all: "
            f"{named}{more}.",
            remedy="Bring the bills of these months in, or choose a period that has them.",
            severity=Severity.WARNING,
            details={
                "months": tuple(map(str, empty)),
                "days": int(np.isin(every, empty).sum()),
                "stretches": _days_of_months(every, empty, first),
            },
        )
    ]


def _days_of_months(
    every: npt.NDArray[np.datetime64], empty: npt.NDArray[np.datetime64], first: int
) -> tuple[tuple[str, str], ...]:
    """The stretches of days that lie in some months; ``every`` is the month of each day."""
    lacking = np.flatnonzero(np.isin(every, empty)) + first
    parts = np.split(lacking, np.flatnonzero(np.diff(lacking) > 1) + 1)
    return tuple(
        (str(from_ordinal(int(each[0]))), str(from_ordinal(int(each[-1])))) for each in parts
    )
