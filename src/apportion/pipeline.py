"""The line that data follows, each step one call. Nothing flows back.

Read ``attribute`` for the line in memory; ``apportion.workspace`` runs the same line between
ledger tables.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from apportion import database
from apportion.attribution.assumptions import (
    Assumptions,
    months_without_cost,
    receivers_without_usage,
    with_money,
)
from apportion.attribution.exceeding import shares_exceed_one
from apportion.attribution.graph import Integers
from apportion.attribution.notices import (
    missing_usage,
    no_cost,
    unmapped_cost,
    zero_usage,
)
from apportion.attribution.problem import Problem, prepare, usage_reach
from apportion.attribution.rows import (
    allocation_rows,
    allocation_schema,
    contribution_rows,
    contribution_schema,
    names_of,
)
from apportion.attribution.slices import CELLS, Offences, SliceFlow, require_conserved
from apportion.engines.local import compute
from apportion.findings import Finding, RunError, Severity, only_errors
from apportion.ledger.disk import Store
from apportion.ledger.views import input_views
from apportion.model import Model
from apportion.rating.metrics import metric_names
from apportion.report.ledger_doubts import days_without_bill, units_mixed
from apportion.report.missing_bills import missing_bills
from apportion.result import Result
from apportion.tables import as_table, days
from apportion.trace import trace_shares

_LOGGER = logging.getLogger("apportion.run")

Progress = Callable[[int, int], None]
"""Called with days done and days in all."""


@dataclass(frozen=True, slots=True)
class SliceRows:
    """The rows of one slice, in the canonical order."""

    days: int
    allocations: pa.RecordBatch
    contributions: pa.RecordBatch


@dataclass(slots=True)
class Assumed:
    """What the slices of a run report beside their rows, gathered as they pass."""

    no_usage: list[Integers] = field(default_factory=list)
    offences: list[Offences] = field(default_factory=list)
    costly: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    slow_splits: int = 0

    def told(
        self,
        problem: Problem,
        connection: duckdb.DuckDBPyConnection,
        others: Sequence[Finding] = (),
    ) -> Assumptions:
        """All warnings of the run and ``others``, with the money that each moved (`A29`).

        ``connection`` has the run's ``allocations`` and ``contributions``. Raises ``RunError``
        where something is no mere warning.
        """
        costly = np.zeros(len(problem.nodes), dtype=np.bool_)
        for each in self.costly:
            costly |= each
        rows = np.concatenate(self.no_usage) if self.no_usage else np.empty((0, 4), dtype=np.int64)
        findings = (
            *problem.findings,
            *no_cost(problem),
            *unmapped_cost(problem),
            *months_without_cost(problem),
            *shares_exceed_one(problem, self.offences),
            *zero_usage(problem, rows),
            *missing_usage(problem, costly),
            *receivers_without_usage(problem, costly),
            *others,
        )
        if only_errors(findings):
            raise RunError(findings)
        return with_money(connection, problem, findings, rows)


Billed = Callable[[date, date, Sequence[str]], pa.Table]
"""Gives the usage of some metrics that the ledger's billable usage is, for a stretch of days."""

_COSTS = """
    SELECT node, date, dimension, amount, currency FROM costs
    WHERE date BETWEEN ? AND ?
"""
_USAGE = """
    SELECT node, date, metric, value, labels FROM usage
    WHERE date BETWEEN ? AND ? AND metric IN (SELECT unnest(?::VARCHAR[]))
"""


def recorded_inputs(
    store: Store, pins: dict[str, int], model: Model, start: date, end: date, billed: Billed | None
) -> tuple[duckdb.DuckDBPyRelation, duckdb.DuckDBPyRelation, list[Finding]]:
    """The ledger's costs of a period, and the usage that its shares look at, not yet read.

    And what is known of days without a bill and of usage in several units.

    ``pins`` are the versions to read. Each is read when its turn comes, so that the rows of both
    are never held at once.
    """
    connection = database.connect()
    input_views(connection, store, pins)
    days, metrics = usage_reach(model)
    earliest = start - timedelta(days=days)
    usage = connection.sql(_USAGE, params=[earliest, end, metrics])
    wanted = sorted(set(metrics) & set(metric_names(model)))
    if billed and wanted:
        usage = usage.union(connection.from_arrow(billed(earliest, end, wanted)))
    doubts = [
        *days_without_bill(connection, start, end),
        *missing_bills(connection, start, end),
        *units_mixed(connection, earliest, end, metrics),
    ]
    return connection.sql(_COSTS, params=[start, end]), usage, doubts


def flow_rows(
    problem: Problem,
    assumed: Assumed,
    *,
    threads: int | None = None,
    cells: int = CELLS,
    on_progress: Progress | None = None,
) -> Iterator[SliceRows]:
    """Compute the problem slice by slice and give the rows, days ascending."""
    names = names_of(problem)
    total = (problem.end - problem.start).days + 1
    done = 0
    _LOGGER.info("Computing the flow: days=%s edges=%s", total, len(problem.model.edges))

    def finish(flow: SliceFlow) -> tuple[SliceFlow, SliceRows]:
        require_conserved(problem, flow)
        rows = SliceRows(
            flow.slice.days, allocation_rows(flow, names), contribution_rows(flow, names)
        )
        return flow, rows

    for flow, rows in compute(problem, finish, threads, cells):
        assumed.no_usage.append(flow.no_usage)
        assumed.offences.append(flow.offences)
        assumed.costly.append(flow.costly)
        assumed.slow_splits += flow.slow
        done += rows.days
        trace_shares(rows.contributions, problem)
        if on_progress:
            on_progress(done, total)
        yield rows


def attribute(
    model: Model,
    costs: Any,
    usage: Any = None,
    start: date | None = None,
    end: date | None = None,
    *,
    dimensions: Sequence[str] | None = None,
    currency: str = "",
    threads: int | None = None,
    cells: int = CELLS,
    on_progress: Progress | None = None,
) -> Result:
    """Let costs flow through the model, in memory.

    ``costs`` (node, date, dimension, amount, currency) and ``usage`` (node, date, metric, value,
    labels) are Arrow tables or anything with the Arrow C stream interface. Without ``start`` or
    ``end`` the period is that of the costs. ``threads`` and ``cells`` change speed only.

    Raises ``RunError`` with every finding; there is no partial result (`A26`).
    """
    table = as_table(costs, "costs")
    first, last = _period(table, start, end)
    problem = prepare(model, table, usage, first, last, dimensions, currency)
    assumed = Assumed()
    pieces = list(
        flow_rows(problem, assumed, threads=threads, cells=cells, on_progress=on_progress)
    )
    scale = problem.costs.scale
    result = Result(
        model,
        first,
        last,
        problem.costs.currency,
        scale,
        pa.Table.from_batches([each.allocations for each in pieces], allocation_schema(scale)),
        pa.Table.from_batches([each.contributions for each in pieces], contribution_schema(scale)),
        table,
        (),
        assumed.slow_splits,
        None if dimensions is None else tuple(dimensions),
    )
    return replace(result, findings=assumed.told(problem, result.connect()).findings)


def _period(table: pa.Table, start: date | None, end: date | None) -> tuple[date, date]:
    if start is not None and end is not None:
        return start, end
    if "date" not in table.column_names or table.num_rows == 0:
        raise RunError(
            [
                Finding(
                    "no_cost",
                    "The costs are empty, so they do not tell the period.",
                    remedy="Give start and end.",
                    severity=Severity.ERROR,
                )
            ]
        )
    bounds = pc.min_max(days(table, "costs", "date"))
    return start or bounds["min"].as_py(), end or bounds["max"].as_py()
