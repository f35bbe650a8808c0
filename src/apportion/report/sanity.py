"""Whether the figures of a hierarchy can be right: each is summed again, another way, from rows.

Every check gives sentences that people understand, and none where all is well. A check never looks
at the figure that it checks: what the tree says is held against the rows, and what rows say of
what was kept against what they say came in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.reconcile.exact import minus, total
from apportion.reconcile.facts import UNMAPPED
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.hierarchy import ProductForest, ProductNode
from apportion.report.listing import Wanted, filtered

_NAMED = 3
"""Nodes that a sentence names; the others are counted."""

_BY_NODE = """
SELECT a.node, k.product, sum(a.direct), sum(a.retained), count(*)
FROM report_allocations AS a
LEFT JOIN report_kinds AS k ON k.node = a.node
GROUP BY a.node, k.product
ORDER BY a.node
"""

_BEYOND = """
SELECT DISTINCT node FROM report_allocations
WHERE holistic <> direct + indirect OR retained <> holistic - given
   OR given < least(holistic, 0) - getvariable('report_unit')
   OR given > greatest(holistic, 0) + getvariable('report_unit')
ORDER BY node
"""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the rows of all nodes say: direct and retained of each, and whether it is a product.

    ``product`` is none of nodes that the model does not declare.
    """

    direct: Mapping[str, Decimal]
    retained: Mapping[str, Decimal]
    product: Mapping[str, bool | None]
    beyond: tuple[str, ...]
    scale: int


def sanity(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: Wanted,
    found: ProductForest,
    scale: int,
    proof: Reconciliation | None = None,
) -> tuple[str, ...]:
    """What speaks against a hierarchy, in sentences; none where nothing does.

    ``proof`` is that of the same rows, as for ``hierarchy``. Where there is none, only some nodes
    are to be seen, and what needs all of them is not asked: that nothing is lost, and how much
    of infrastructure cost reached a product.
    """
    rows = _read(connection, model, wanted, scale)
    problems = [*_no_cost(rows, found), *_beyond(rows), *_strangers(rows), *_outside(found)]
    problems += _trees(found, scale)
    if not wanted.nodes:
        problems += _kept(rows, found)
    if proof is not None:
        problems += [*_conserved(rows, found), *_proven(found, proof), *_coverage(found)]
    return tuple(problems)


def _read(connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted, scale: int) -> _Rows:
    kinds = pa.table(
        {
            "node": pa.array([node.id for node in model.nodes], pa.string()),
            "product": pa.array([not node.is_infrastructure for node in model.nodes], pa.bool_()),
        }
    )
    everywhere = Wanted(wanted.start, wanted.end, dimensions=wanted.dimensions)
    with filtered(connection, everywhere, report_kinds=kinds):
        connection.execute("SET VARIABLE report_unit = ?", [Decimal((0, (1,), -scale))])
        rows = connection.execute(_BY_NODE).fetchall()
        beyond = tuple(row[0] for row in connection.execute(_BEYOND).fetchall())
        connection.execute("RESET VARIABLE report_unit")
    return _Rows(
        {row[0]: row[2] for row in rows},
        {row[0]: row[3] for row in rows},
        {row[0]: row[1] for row in rows},
        beyond,
        scale,
    )


def _no_cost(rows: _Rows, found: ProductForest) -> Iterator[str]:
    if not rows.direct:
        yield f"There is no cost at all from {found.start} to {found.end}."


def _beyond(rows: _Rows) -> Iterator[str]:
    """No node gives or keeps more than it had, and what it gives and keeps is what it had."""
    if rows.beyond:
        yield (
            f"{_listed(rows.beyond)}: what is given and kept on some day is not what there was "
            "to give and keep."
        )


def _strangers(rows: _Rows) -> Iterator[str]:
    names = [
        node
        for node, product in rows.product.items()
        if product is None and not node.startswith(UNMAPPED)
    ]
    if names:
        yield f"{_listed(names)}: there is cost of what the model does not declare."


def _outside(found: ProductForest) -> Iterator[str]:
    if found.outside:
        yield f"{_listed(found.outside)}: there is cost of products that stand in no hierarchy."


def _trees(found: ProductForest, scale: int) -> Iterator[str]:
    """What is shown for a product and all below it is the sum of what each of them keeps."""
    first: dict[str, ProductNode] = {}
    waiting = list(found.roots)
    while waiting:
        node = waiting.pop()
        if not node.again:
            first[node.id] = node
        waiting += node.children
    wrong = []
    for node in first.values():
        members, below = {node.id}, [node.id]
        while below:
            fresh = {child.id for child in first[below.pop()].children} - members
            members |= fresh
            below += fresh
        if node.subtree_cost != total((first[each].own_cost for each in members), scale):
            wrong.append(node.id)
    if wrong:
        yield f"{_listed(sorted(wrong))}: the parts do not sum to the whole that is shown."
    whole = total((node.own_cost for node in first.values()), scale)
    if whole != found.total_cost:
        yield (
            f"The products sum to {whole:f} {found.currency}, but their total says "
            f"{found.total_cost:f}."
        )


def _kept(rows: _Rows, found: ProductForest) -> Iterator[str]:
    """All that products keep is in the tree, or counts as unallocated as the settings say."""
    scale = rows.scale
    products = [amount for node, amount in rows.retained.items() if rows.product[node]]
    others = [amount for node, amount in rows.retained.items() if not rows.product[node]]
    shown = total((found.total_cost, found.summary.unallocated_cost), scale)
    kept = total((*products, *others), scale)
    if shown != kept:
        yield (
            f"All nodes together keep {kept:f} {found.currency}, but the hierarchy and what is "
            f"unallocated come to {shown:f}."
        )


def _conserved(rows: _Rows, found: ProductForest) -> Iterator[str]:
    """What came in, summed from bills alone, is what stayed somewhere."""
    whole = found.summary
    came_in = total(rows.direct.values(), rows.scale)
    went = total((whole.allocated_product_cost, whole.unallocated_cost), rows.scale)
    if came_in != went:
        yield (
            f"{came_in:f} {found.currency} came in, but {went:f} is allocated or unallocated: "
            f"{minus(came_in, went):f} is missing."
        )


def _proven(found: ProductForest, proof: Reconciliation) -> Iterator[str]:
    """The proof, which reads the recorded costs too, holds and has the same figures."""
    for name in (
        "allocated_product_cost",
        "raw_infrastructure_cost",
        "product_direct_cost",
        "unallocated_cost",
    ):
        shown, proved = getattr(found.summary, name), getattr(proof, name)
        if shown != proved:
            words = name.replace("_", " ")
            yield f"The {words} is {shown:f} {found.currency} here, and {proved:f} in the proof."
    if not proof.holds:
        count = len(proof.findings())
        violations = "1 violation" if count == 1 else f"{count:,} violations"
        yield f"The proof of the result fails: it has {violations}."


def _coverage(found: ProductForest) -> Iterator[str]:
    percent = found.summary.coverage_percent
    if percent is not None and percent > 100:
        yield f"Coverage is {percent:f} %: products have more of infrastructure than there was."


def _listed(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(map(repr, names[:_NAMED]))
    return f"{shown} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else shown
