"""The proof of a result, from its tables and its model alone."""

from collections.abc import Sequence
from datetime import date

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.reconcile.evidence import lay_out
from apportion.reconcile.figures import (
    final_by_day,
    final_cost_centres,
    infrastructure_nodes,
    partial_cost_centres,
    totals,
)
from apportion.reconcile.graph_size import graph_size
from apportion.reconcile.invariants import run_checks
from apportion.reconcile.reasons import reasons_kept
from apportion.reconcile.reconciliation import Reconciliation


def reconcile(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    currency: str,
    scale: int,
    *,
    has_costs: bool,
    warnings: pa.Table | None = None,
    dimensions: Sequence[str] | None = None,
    only: Sequence[str] = (),
) -> Reconciliation:
    """Prove a result and sum it up (`A17` to `A25`).

    ``connection`` has the views ``allocations`` (node, date, dimension, currency, direct,
    indirect, holistic, given, retained) and ``contributions`` (source, receiver, date, dimension,
    currency, amount), and, if ``has_costs``, ``costs`` (node, date, dimension, amount, and
    maybe currency): the recorded lines. Amounts have ``scale`` decimals. Rows outside ``start`` to
    ``end``, both included, do not count. ``warnings`` are those of the run (code, policy,
    source), which tell why cost was kept and whether the period is known to be empty.
    ``dimensions`` are those that the run was restricted to, if it was. Of a result of several,
    ``only`` some can be proved and summed up, for each stands alone; none means all.

    Nothing is raised for a result that does not hold: the answer lists what is wrong. Temporary
    names that begin with ``proof_`` are used on the connection while this runs.
    """
    with lay_out(
        connection,
        model,
        start,
        end,
        currency,
        scale,
        has_costs=has_costs,
        warnings=warnings,
        dimensions=dimensions,
        only=only,
    ) as evidence:
        checks, violations = run_checks(evidence)
        reasons = reasons_kept(evidence)
        figures = totals(evidence, reasons)
        return Reconciliation(
            start_date=start,
            end_date=end,
            currency=currency,
            raw_infrastructure_cost=figures.raw,
            product_direct_cost=figures.product_direct,
            allocated_product_cost=figures.allocated,
            allocated_from_infrastructure=figures.from_infrastructure,
            final_cost_centre_cost=figures.final,
            partial_cost_centre_residual=figures.residual,
            unallocated_cost=figures.unallocated,
            unallocated_by_reason=figures.unallocated_by_reason,
            coverage_percent=figures.coverage(),
            conservation_delta=figures.delta,
            left_out=evidence.left_out,
            final_cost_centres=final_cost_centres(evidence),
            partial_cost_centres=partial_cost_centres(evidence),
            infrastructure_nodes=infrastructure_nodes(evidence, reasons),
            invariant_violations=violations,
            violation_count=sum(check.violations for check in checks),
            checks=checks,
            graph=graph_size(model, evidence.windows),
            product_costs=evidence.sums.product_costs(scale),
            final_cost_centres_by_day=final_by_day(evidence),
        )
