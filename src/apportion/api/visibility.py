"""What a viewer sees who is limited to products: those products, and totals of them alone.

Results and charges are narrowed where they are opened, so that no question can read past it: the
views of their connections hold the rows that may be seen, and their model the names.
"""

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
from fastapi import Request

from apportion.access import Principal
from apportion.model import Edge, Model, NodeType
from apportion.recorded_charges import RecordedCharges
from apportion.recorded_result import RecordedResult

Products = frozenset[str]

_TABLE = "CREATE TABLE visible (id VARCHAR PRIMARY KEY)"
_ROWS = "INSERT INTO visible SELECT unnest(CAST(? AS VARCHAR[]))"

# A share, with what was carried, would tell what all of the source cost.
_OF_RESULT = """
ALTER VIEW allocations RENAME TO all_allocations;
ALTER VIEW contributions RENAME TO all_contributions;
ALTER VIEW costs RENAME TO all_costs;
ALTER VIEW warnings RENAME TO all_warnings;
ALTER VIEW reconciliations RENAME TO all_reconciliations;
CREATE VIEW allocations AS
    SELECT * FROM all_allocations WHERE CAST(node AS VARCHAR) IN (SELECT id FROM visible);
CREATE VIEW contributions AS
    SELECT * REPLACE (CAST(NULL AS DOUBLE) AS share) FROM all_contributions
    WHERE CAST(receiver AS VARCHAR) IN (SELECT id FROM visible);
CREATE VIEW costs AS
    SELECT * FROM all_costs WHERE CAST(node AS VARCHAR) IN (SELECT id FROM visible);
CREATE VIEW warnings AS SELECT * FROM all_warnings WHERE false;
CREATE VIEW reconciliations AS SELECT * FROM all_reconciliations WHERE false
"""
_OF_USAGE = """
ALTER VIEW usage RENAME TO all_usage;
CREATE VIEW usage AS
    SELECT * FROM all_usage WHERE CAST(node AS VARCHAR) IN (SELECT id FROM visible)
"""


def products_of(request: Request) -> Products | None:
    """The products that who asks is limited to, or None where there is no limit."""
    principal: Principal = request.state.principal
    return principal.products


@dataclass(frozen=True)
class NarrowedResult(RecordedResult):
    """A result of which the rows of some products can be seen; ``model`` holds those alone."""

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection whose views hold what can be seen."""
        connection = super().connect()
        connection.execute(_TABLE)
        connection.execute(_ROWS, [[node.id for node in self.model.nodes]])
        connection.execute(_OF_RESULT)
        return connection

    @property
    def assumed(self) -> tuple[int, Decimal, str]:
        """Nothing: it would tell of what cannot be seen."""
        return 0, Decimal(0), self.currency

    @property
    def no_cost(self) -> tuple[str, ...]:
        """Nothing, for the same reason."""
        return ()

    def connect_usage(self) -> duckdb.DuckDBPyConnection:
        """The same with the usage of what can be seen."""
        connection = super().connect_usage()
        connection.execute(_OF_USAGE)
        return connection


@dataclass(frozen=True)
class NarrowedCharges(RecordedCharges):
    """Charges of which the rows of some accounts can be seen; ``model`` holds those alone."""

    def show(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Put the rows that can be seen on a connection, as a view of some name."""
        hidden, visible = f"all_{name}", f"visible_{name}"
        super().show(connection, hidden)
        ids = pa.table({"id": pa.array([each.id for each in self.model.accounts], pa.string())})
        connection.from_arrow(ids).create(visible)
        rows = connection.view(hidden).set_alias("charged")
        seen = rows.join(connection.table(visible), "charged.account = id", how="semi")
        seen.create_view(name)


def narrowed_result(result: RecordedResult, products: Products | None) -> RecordedResult:
    """The result as somebody sees it who is limited to products; None is no limit."""
    if products is None:
        return result
    said = {each.name: getattr(result, each.name) for each in fields(RecordedResult)}
    return NarrowedResult(**{**said, "model": narrowed_model(result.model, products)})


def narrowed_charges(charges: RecordedCharges, products: Products | None) -> RecordedCharges:
    """The charges as somebody sees them who is limited to products; None is no limit."""
    if products is None:
        return charges
    model = narrowed_model(charges.model, products)
    return NarrowedCharges(charges.store, model, charges.rating)


def narrowed_model(model: Model, products: Products) -> Model:
    """The model without the names of anything else than these products, and their accounts.

    All that is part of a product is seen with it. Ids that are no product's of the model show
    nothing. Of edges there remain those by which the products give on, which decides what they
    keep; to whom is left out. Such a model answers questions and is for no run.
    """
    below = _with_parts(model, products)
    kept = [node for node in model.nodes if node.id in below and node.type is NodeType.PRODUCT]
    seen = {node.id for node in kept}
    nodes = tuple(
        replace(node, part_of=tuple(each for each in node.part_of if each in seen)) for node in kept
    )
    accounts = tuple(each for each in model.accounts if each.product in seen)
    owners = {each.organisation for each in accounts}
    billed = {each.id for each in accounts}
    return replace(
        model,
        nodes=nodes,
        edges=tuple(_giving(model, edge) for edge in model.edges if edge.source in seen),
        mapping=(),
        metrics=(),
        metric_nodes=(),
        organisations=tuple(each for each in model.organisations if each.id in owners),
        accounts=accounts,
        allowances=tuple(each for each in model.allowances if each.account in billed),
        warnings=(),
    )


def _with_parts(model: Model, products: Products) -> Products:
    """The products of the model among these and all below them, each once."""
    parts = defaultdict[str, list[str]](list)
    for node in model.nodes:
        for parent in node.part_of:
            parts[parent].append(node.id)
    roots = {node.id for node in model.nodes if node.type is NodeType.PRODUCT} & products
    found, waiting = set(roots), list(roots)
    while waiting:
        fresh = set(parts[waiting.pop()]) - found
        found |= fresh
        waiting += fresh
    return frozenset(found)


def _giving(model: Model, edge: Edge) -> Edge:
    """The edge to nobody, on the days on which it leads to somebody."""
    archived = model.node(edge.receiver).archived_on
    if archived is None:
        return replace(edge, receiver="", overrides=())
    last = archived - timedelta(days=1)
    return replace(edge, receiver="", overrides=(), active_to=min(edge.active_to or last, last))
