"""What the engine says of an example, and what it is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa

from apportion.examples.types import FIGURES, Given, Part, Row
from apportion.findings import ApportionError, Finding, ModelError
from apportion.model import Model
from apportion.pipeline import attribute
from apportion.reconcile.hierarchy import roll_up
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.listing import Wanted
from apportion.report.products import products
from apportion.result import Result

_TEXTS = pa.string()
_COSTS = pa.schema(
    [
        ("node", _TEXTS),
        ("date", pa.date32()),
        ("dimension", _TEXTS),
        ("amount", _TEXTS),
        ("currency", _TEXTS),
    ]
)
_USAGE = pa.schema(
    [
        ("node", _TEXTS),
        ("date", pa.date32()),
        ("metric", _TEXTS),
        ("value", _TEXTS),
        ("labels", _TEXTS),
    ]
)
_OF_NODE = """
SELECT coalesce(sum(direct), 0), coalesce(sum(indirect), 0), coalesce(sum(holistic), 0),
       coalesce(sum(given), 0), coalesce(sum(retained), 0)
FROM allocations
WHERE node = $node AND date BETWEEN $first AND $last
  AND ($dimension IS NULL OR dimension = $dimension)
"""
_OF_EDGE = """
SELECT coalesce(sum(amount), 0)
FROM contributions
WHERE source = $source AND receiver = $receiver AND date BETWEEN $first AND $last
  AND ($dimension IS NULL OR dimension = $dimension)
"""
_NEIGHBOURS = """
SELECT source, receiver, sum(amount) AS amount
FROM contributions
WHERE (source = $node OR receiver = $node) AND date BETWEEN $first AND $last
  AND ($dimension IS NULL OR dimension = $dimension)
GROUP BY source, receiver
HAVING sum(amount) <> 0
ORDER BY abs(sum(amount)) DESC, source, receiver
"""


@dataclass(frozen=True)
class Figures:
    """The figures of a run that succeeded."""

    result: Result

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The result's views."""
        return self.result.connect()

    @cached_property
    def proof(self) -> Reconciliation:
        """The reconciliation."""
        return self.result.reconciliation()

    def of_node(self, node: str, figure: str, part: Part) -> Decimal:
        """One of ``FIGURES``, summed."""
        row = self.connection.execute(_OF_NODE, {"node": node, **self._bounds(part)}).fetchall()
        return Decimal(row[0][FIGURES.index(figure)])

    def of_edge(self, source: str, receiver: str, part: Part) -> Decimal:
        """What a source gave to a receiver, summed."""
        ends = {"source": source, "receiver": receiver}
        return Decimal(
            self.connection.execute(_OF_EDGE, {**ends, **self._bounds(part)}).fetchall()[0][0]
        )

    def neighbours(self, node: str, part: Part) -> list[tuple[str, str, Decimal]]:
        """Source, receiver and amount of what a node got and gave, the largest first."""
        return self.connection.execute(_NEIGHBOURS, {"node": node, **self._bounds(part)}).fetchall()

    def _bounds(self, part: Part) -> dict[str, Any]:
        first, last = part.first or self.result.start, part.last or self.result.end
        return {"first": first, "last": last, "dimension": part.dimension}

    @cached_property
    def subtrees(self) -> Mapping[str, Decimal]:
        """What each product and all that is part of it cost (`A25`)."""
        rolled = roll_up(self.result.model, self.proof.product_costs, self.result.scale)
        return {row.id: row.subtree for row in rolled.rows}

    @cached_property
    def shown(self) -> Mapping[str, str]:
        """What each product costs as reports show it, without thousands separators (`A3`)."""
        result = self.result
        wanted = Wanted(result.start, result.end)
        found = products(self.connection, result.model, wanted, result.currency, result.scale)
        return {line.id: line.own_shown.replace(",", "") for line in found.lines}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an example: no ``figures`` where it was refused, or had no costs.

    ``findings`` are those of the run and, unless it is the user's own, of the model.
    """

    model: Model | None
    figures: Figures | None
    findings: tuple[Finding, ...]


def answer(given: Given, own_model: Callable[[], Model]) -> Answer:
    """Let the engine answer. Raises what ``own_model`` raises, where that one is meant."""
    about: tuple[Finding, ...] = ()
    if given.model is None:
        model = own_model()
    else:
        try:
            model = Model.from_dict(given.model)
        except ModelError as error:
            return Answer(None, None, error.findings)
        about = model.warnings
    if given.costs is None:
        return Answer(model, None, about)
    try:
        result = attribute(
            model,
            _table(given.costs, _COSTS),
            _table(given.usage, _USAGE),
            given.first,
            given.last,
            dimensions=given.dimensions,
            currency=given.currency,
            threads=1,
        )
    except ApportionError as error:
        return Answer(model, None, (*about, *error.findings))
    return Answer(model, Figures(result), (*about, *result.findings))


def _table(rows: tuple[Row, ...], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
