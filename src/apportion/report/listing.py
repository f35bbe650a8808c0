"""A listing: rows that answer a question, under filters, with the totals of all of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa

from apportion.findings import Finding, UsageError
from apportion.model import Model
from apportion.model.spelling import did_you_mean
from apportion.reconcile.exact import minus, zero
from apportion.report.column import Column, Kind
from apportion.report.figures import Figures
from apportion.report.node_figures import balanced
from apportion.report.paging import page, small_page


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are asked for. No names mean all; no ``limit`` means all rows.

    ``after`` is the place after which to go on, as an earlier listing of the same question gave it
    in ``following``; empty means from the first row.
    """

    start: date
    end: date
    nodes: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    limit: int | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows in the order in which they are to be read.

    ``rows`` is an Arrow table with ``columns``, cut at the limit; ``total_rows`` and ``totals`` are
    those of all rows under the filters. Amounts are decimals of ``scale`` places in ``currency``.

    ``following`` is the place from which ``Wanted.after`` goes on, empty where no row follows. It
    is made of texts: the last row's date as ISO and its names, in the order of the rows, where
    there may be millions of them; otherwise the number of rows that stand before. It stays good
    for as long as the same runs answer the same question.

    ``node_totals`` is what the one node that they are ``about`` ``received`` in all and has
    ``given``, of rows whose amounts have no total; empty of other listings.
    """

    name: str
    start: date
    end: date
    currency: str
    columns: tuple[Column, ...]
    rows: pa.Table
    total_rows: int
    totals: Mapping[str, Decimal]
    following: tuple[str, ...] = ()
    node_totals: Mapping[str, Decimal] = field(default_factory=dict)
    about: tuple[str, ...] = ()

    @property
    def scale(self) -> int:
        """The decimals of the amounts."""
        return scale_of(self.rows.schema)

    def amounts_shown(self) -> dict[str, list[int]]:
        """Each amount column rounded for people, as counts of the figures' smallest step.

        Where the rows were cut, a summed column has one figure more: that of all other rows.
        """
        figures = Figures(self.currency, self.scale)
        exact = {
            column.name: self.rows[column.name].to_pylist()
            for column in self.columns
            if column.kind is Kind.AMOUNT
        }
        cut = self.total_rows > self.rows.num_rows
        shown = {
            name: figures.rounded([*exact[name], *([minus(total, *exact[name])] if cut else [])])
            for name, total in self.totals.items()
        }
        lone = exact.keys() - shown.keys()
        if lone >= {"indirect", "given"}:
            return shown | balanced(figures, exact, shown)
        if self.node_totals and not cut and "receiver" in self.rows.column_names:
            # They stand over a sentence of what the node received and gave on, and sum to it.
            return shown | {name: self._by_receiver(figures, exact[name]) for name in lone}
        return shown | {
            name: [figures.rounded([amount])[0] for amount in exact[name]] for name in lone
        }

    def _by_receiver(self, figures: Figures, exact: Sequence[Decimal]) -> list[int]:
        """Amounts of one node's edges: those into it sum to their total, and those out of it."""
        shown = [0] * len(exact)
        into = [name in self.about for name in self.rows["receiver"].to_pylist()]
        for side in (True, False):
            places = [place for place, each in enumerate(into) if each is side]
            rounded = figures.rounded([exact[place] for place in places])
            for place, each in zip(places, rounded, strict=True):
                shown[place] = each
        return shown


def scale_of(schema: pa.Schema) -> int:
    """The most decimals of any column."""
    return max((each.type.scale for each in schema if pa.types.is_decimal(each.type)), default=0)


# A share of sums is a quotient of floats, off in its last digits: 94 % was 0.9399999999999998, so
# it is given with twelve. Shares of one day are quotients of whole numbers, given as recorded.
_VIEWS = """
CREATE OR REPLACE TEMP MACRO report_digits(number) AS CASE WHEN number = 0 THEN number ELSE
    round(number, CAST(11 - floor(log10(abs(nullif(number, 0)))) AS INTEGER)) END;
CREATE OR REPLACE TEMP MACRO report_share(part, whole) AS
    report_digits(CAST(part AS DOUBLE) / nullif(CAST(whole AS DOUBLE), 0));

CREATE OR REPLACE TEMP VIEW report_allocations AS
SELECT CAST(node AS VARCHAR) AS node, date, CAST(dimension AS VARCHAR) AS dimension,
       CAST(currency AS VARCHAR) AS currency, direct, indirect, holistic, given, retained
FROM allocations
WHERE date BETWEEN getvariable('report_start') AND getvariable('report_end')
  AND (len(getvariable('report_nodes')) = 0
       OR list_contains(getvariable('report_nodes'), CAST(node AS VARCHAR)))
  AND (len(getvariable('report_dimensions')) = 0
       OR list_contains(getvariable('report_dimensions'), CAST(dimension AS VARCHAR)));

CREATE OR REPLACE TEMP VIEW report_contributions AS
SELECT CAST(source AS VARCHAR) AS source, CAST(receiver AS VARCHAR) AS receiver, date,
       CAST(dimension AS VARCHAR) AS dimension, CAST(currency AS VARCHAR) AS currency, share, amount
FROM contributions
WHERE date BETWEEN getvariable('report_start') AND getvariable('report_end')
  AND (len(getvariable('report_nodes')) = 0
       OR list_contains(getvariable('report_nodes'), CAST(source AS VARCHAR))
       OR list_contains(getvariable('report_nodes'), CAST(receiver AS VARCHAR)))
  AND (len(getvariable('report_dimensions')) = 0
       OR list_contains(getvariable('report_dimensions'), CAST(dimension AS VARCHAR)));
"""

_DROP = """
DROP VIEW report_allocations;
DROP VIEW report_contributions;
DROP MACRO report_share;
DROP MACRO report_digits;
RESET VARIABLE report_start;
RESET VARIABLE report_end;
RESET VARIABLE report_nodes;
RESET VARIABLE report_dimensions;
"""


@contextmanager
def filtered(
    connection: duckdb.DuckDBPyConnection, wanted: Wanted, **tables: pa.Table
) -> Iterator[None]:
    """Put ``report_allocations`` and ``report_contributions`` on a connection for a while.

    They are the rows under the filters; a node's contributions are those it gives and gets.
    ``tables`` are further tables that a query reads, by their names.
    """
    for name, value in (("start", wanted.start), ("end", wanted.end)):
        connection.execute(_SET[name], [value])
    for name, names in (("nodes", wanted.nodes), ("dimensions", wanted.dimensions)):
        connection.execute(_SET[name], [list(names)])
    for name, table in tables.items():
        connection.register(name, table)
    connection.execute(_VIEWS)
    try:
        yield
    finally:
        connection.execute(_DROP)
        for name in tables:
            connection.unregister(name)


_SET = {
    "start": "SET VARIABLE report_start = CAST(? AS DATE)",
    "end": "SET VARIABLE report_end = CAST(? AS DATE)",
    "nodes": "SET VARIABLE report_nodes = CAST(? AS VARCHAR[])",
    "dimensions": "SET VARIABLE report_dimensions = CAST(? AS VARCHAR[])",
}


def list_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Sequence[Column],
    sql: str,
    wanted: Wanted,
    currency: str,
    key: Sequence[str] = (),
) -> Listing:
    """Take the rows of a query over the views of ``filtered``, cut at the limit.

    The query gives ``columns``, and its rows in the order in which they are to be read. Where
    there may be millions, ``key`` names the columns of that order, the date first; no two rows have
    the same, and the query need not sort. Raises ``UsageError`` where ``wanted.after`` is no place.
    """
    relation = connection.sql(sql)
    summed = [column.name for column in columns if column.summed]
    sums = ", ".join(["count(*)", *map("sum({0})".format, summed)])
    total_rows, *totals = relation.aggregate(sums).fetchall()[0]
    found, following = page(relation, key, wanted) if key else small_page(relation, wanted)
    rows = found.select([column.name for column in columns])
    nothing = zero(scale_of(rows.schema))
    return Listing(
        name,
        wanted.start,
        wanted.end,
        currency,
        tuple(columns),
        rows,
        total_rows,
        {
            each: nothing if total is None else total
            for each, total in zip(summed, totals, strict=True)
        },
        following,
    )


# Of the node's own rows: who may not see to whom it gave on still sees how much.
_NODE_TOTALS = "SELECT sum(indirect), sum(given) FROM report_allocations"


def with_node_totals(
    connection: duckdb.DuckDBPyConnection, found: Listing, wanted: Wanted
) -> Listing:
    """Rows of edges; of one node with what it received in all and gave on.

    The connection has the views of ``filtered``.
    """
    if len(wanted.nodes) != 1:
        return found
    nothing = zero(found.scale)
    sums = connection.execute(_NODE_TOTALS).fetchall()[0]
    received, given = (nothing if each is None else each for each in sums)
    return replace(found, node_totals={"received": received, "given": given}, about=wanted.nodes)


def require_known(connection: duckdb.DuckDBPyConnection, model: Model, wanted: Wanted) -> None:
    """Refuse names that nothing bears: an empty answer would be taken for a figure.

    Raises ``UsageError`` with a finding per unknown name.
    """
    nodes = {node.id for node in model.nodes}
    if not nodes.issuperset(wanted.nodes):
        nodes |= _names(connection, "SELECT DISTINCT CAST(node AS VARCHAR) FROM allocations")
    dimensions = set(wanted.dimensions)
    if dimensions:
        distinct = "SELECT DISTINCT CAST(dimension AS VARCHAR) FROM allocations"
        dimensions = _names(connection, distinct)
    findings = [
        *unknown("node", wanted.nodes, nodes),
        *unknown("dimension", wanted.dimensions, dimensions),
    ]
    if findings:
        raise UsageError(findings)


def _names(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    return {str(row[0]) for row in connection.execute(sql).fetchall()}


def unknown(kind: str, asked: Sequence[str], known: set[str]) -> Iterator[Finding]:
    """A finding for each name asked for that is none of those that are known."""
    for name in asked:
        if name not in known:
            listed = sorted(known)
            few = f"There are: {', '.join(map(repr, listed))}." if 0 < len(known) <= 10 else ""
            yield Finding(
                "unknown_name",
                f"There is no {kind} {name!r}.",
                remedy=did_you_mean(name, listed) or few,
                details={kind: name},
            )
