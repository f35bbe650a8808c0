"""The lines of bills behind a node's direct cost, and the proof that they sum to it."""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from apportion.derive.node_lines import find_lines
from apportion.findings import Finding, Severity, UsageError
from apportion.ledger.bill_lines import BILL_LINES, OWN_COLUMNS
from apportion.ledger.disk import Store
from apportion.ledger.lines_of_node import (
    NodeRows,
    deliveries_behind,
    input_of_lines,
    kept_behind,
    rows_of_node,
)
from apportion.ledger.schemas import DATE, EXACT, TEXT, WHOLE
from apportion.model import Model
from apportion.reconcile.exact import minus, zero
from apportion.report.csv_text import Lines
from apportion.report.doubts import require_order
from apportion.report.listing import unknown


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Which lines are asked for. No days mean all of the node's, no dimensions all of them.

    ``top`` is how many of the largest are wanted of each currency. ``limit`` is how many lines at
    most are wanted of all, after as many as were ``skipped``.
    """

    node: str
    start: date | None = None
    end: date | None = None
    dimensions: tuple[str, ...] = ()
    top: int | None = None
    limit: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class LinesProof:
    """Both sides of one currency, each of the days and dimensions asked for.

    ``lines_cost`` is the exact sum of ``lines`` lines, ``direct_cost`` that of the ledger's rows
    made of them, ``difference`` the second less the first. A bill is rounded once, so rows differ
    from their lines by less than a unit of the ledger for each of ``roundings``: each charge that
    was rounded, and each that reaches beyond these days. ``allowed`` is that in money.

    ``not_kept`` is further direct cost, of ``not_kept_rows`` rows that an older program wrote
    without keeping their lines. ``sums`` is the part of ``lines_cost`` of which such rows, moved
    over by an upgrade, stand for the lines. ``others`` is the cost of the lines not shown.
    """

    currency: str
    lines: int
    lines_cost: Decimal
    direct_cost: Decimal
    difference: Decimal
    roundings: int
    allowed: Decimal
    not_kept: Decimal
    not_kept_rows: int
    sums: Decimal
    others: Decimal

    @property
    def holds(self) -> bool:
        """Whether the two sides differ by no more than rounding can make."""
        return abs(self.difference) <= self.allowed


@dataclass(frozen=True, slots=True)
class NodeLines:
    """Lines in the order of currency and size, and what they sum to.

    ``table`` has ``LINE``'s columns, and of a kept line's others those that are not wholly null.
    ``cost`` is the whole line's, ``cost_within`` what of it falls on the days asked for (`A2`).
    Both are exact. ``total_rows`` counts the lines of all pages. A node without direct cost in
    these days has no lines and no proofs; days that were not asked for are then not known.
    """

    node: str
    start: date | None
    end: date | None
    dimensions: tuple[str, ...]
    table: pa.Table
    total_rows: int
    proofs: tuple[LinesProof, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether all sums do."""
        return all(proof.holds for proof in self.proofs)


LINE = pa.schema(
    [
        ("day", DATE),
        ("currency", TEXT),
        ("cost", EXACT),
        ("cost_within", EXACT),
        ("dimension", TEXT),
        ("source", TEXT),
        ("delivery", TEXT),
        ("file", TEXT),
        ("line", WHOLE),
    ]
)
"""The columns that every line has; ``day`` is the one on which its charge begins."""

KEPT = tuple(name for name in BILL_LINES.schema.names if name not in OWN_COLUMNS)
"""The columns that a line has as its file said."""


def node_lines(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    model: Model,
    wanted: LinesWanted,
    seen: Collection[str] | None = None,
) -> NodeLines:
    """The lines behind a node's direct cost, as the ledger has it now.

    The connection is a fresh one. ``seen`` are the nodes that may be told of, None for all. Raises
    ``UsageError`` where nothing bears a name (``unknown_name``), or the days are in the wrong order
    (``invalid_argument``), ``LedgerError``.
    """
    require_order(wanted.start, wanted.end)
    lines_version = input_of_lines(connection, store)
    _require_known(connection, model, wanted, seen)
    found = rows_of_node(connection, wanted.node, wanted.start, wanted.end, wanted.dimensions)
    if found is None:
        about = wanted.node, wanted.start, wanted.end, wanted.dimensions
        return NodeLines(*about, LINE.empty_table(), 0, (), ())
    taken = deliveries_behind(connection, found.end, model.settings.cost_column)
    kept_behind(connection, store, taken, lines_version)
    days = found.start, found.end
    find_lines(connection, "kept", taken, model, wanted.node, days, wanted.dimensions)
    shown = _shown(connection, wanted)
    proofs = _proofs(connection, found, model.settings.scale)
    return NodeLines(
        wanted.node,
        found.start,
        found.end,
        wanted.dimensions,
        shown,
        sum(proof.lines for proof in proofs),
        proofs,
        tuple(_findings(wanted.node, found, proofs)),
    )


_NODES = "SELECT DISTINCT node FROM costs"
_DIMENSIONS = (
    "SELECT DISTINCT dimension FROM costs WHERE $seen IS NULL OR list_contains($seen, node)"
)


def _require_known(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    wanted: LinesWanted,
    seen: Collection[str] | None,
) -> None:
    nodes = {node.id for node in model.nodes} if seen is None else set(seen)
    if seen is None and wanted.node not in nodes:
        nodes |= {name for (name,) in connection.execute(_NODES).fetchall()}
    dimensions: set[str] = set()
    if wanted.dimensions:
        visible = {"seen": None if seen is None else sorted(seen)}
        dimensions = {name for (name,) in connection.execute(_DIMENSIONS, visible).fetchall()}
    findings = [
        *unknown("node", (wanted.node,), nodes),
        *unknown("dimension", wanted.dimensions, dimensions),
    ]
    if findings:
        raise UsageError(findings)


# Each page must cut the same order, so lines of one size are told apart by where they stand.
_PICKED = """
    CREATE TABLE picked AS
    SELECT * FROM (
        SELECT *, row_number() OVER size AS of_currency,
               row_number() OVER (ORDER BY currency, abs(cost_within) DESC, delivery, file, line,
                                           path, place) AS position
        FROM node_lines
        WINDOW size AS (PARTITION BY currency ORDER BY abs(cost_within) DESC, delivery, file, line,
                                                       path, place)
    )
    WHERE ($top IS NULL OR of_currency <= $top)
      AND position > $skipped AND ($limit IS NULL OR position <= $skipped + $limit)
"""
_WHOLE = """
    SELECT {own}, {kept} FROM picked JOIN kept USING (path, place) ORDER BY position
"""


def _shown(connection: duckdb.DuckDBPyConnection, wanted: LinesWanted) -> pa.Table:
    """The lines that are wanted, with all their columns."""
    cut = {"top": wanted.top, "skipped": wanted.skipped, "limit": wanted.limit}
    connection.execute(_PICKED, cut)
    own = ", ".join(f'picked."{name}"' for name in LINE.names)
    kept = ", ".join(f'kept."{name}"' for name in KEPT)
    whole = connection.sql(_WHOLE.format(own=own, kept=kept)).to_arrow_table()
    known = [name for name in KEPT if whole[name].null_count < whole.num_rows]
    return pa.table(
        {
            **{field.name: whole[field.name].cast(field.type) for field in LINE},
            **{name: whole[name].cast(BILL_LINES.schema.field(name).type) for name in known},
        }
    )


_SUMS = """
    SELECT currency, lines, cost, roundings, of_sums, cost - coalesce(cost_shown, 0)
    FROM (
        SELECT currency, count(*) AS lines, sum(cost_within) AS cost,
               coalesce(sum(cost_within) FILTER (delivery IN (
                   SELECT delivery FROM known_deliveries WHERE outcome = 'sums'
               )), 0)::DECIMAL(38, 24) AS of_sums,
               count(DISTINCT {charge}) + count(DISTINCT {charge}) FILTER (
                   day < {start} OR last_day > {end}) AS roundings
        FROM node_lines GROUP BY currency
    ) AS sums
    LEFT JOIN (
        SELECT currency, sum(cost_within) AS cost_shown FROM picked GROUP BY currency
    ) AS shown USING (currency)
"""
# What was summed before it was rounded, as cost_rows.py does.
_CHARGE = """
    (source, period, dimension, day, CASE WHEN spans THEN began END, CASE WHEN spans THEN ended END)
"""


def _proofs(
    connection: duckdb.DuckDBPyConnection, rows: NodeRows, scale: int
) -> tuple[LinesProof, ...]:
    days = {
        "start": str(duckdb.ConstantExpression(rows.start)),
        "end": str(duckdb.ConstantExpression(rows.end)),
    }
    found = connection.execute(_SUMS.format(charge=_CHARGE, **days)).fetchall()
    nothing = zero(EXACT.scale)
    sums = {currency: each for currency, *each in found}
    known = {currency: each for currency, *each in rows.sums}
    unit = Decimal((0, (1,), -scale))
    proofs = []
    for currency in sorted({*sums, *known}):
        lines, cost, roundings, of_sums, others = sums.get(
            currency, (0, nothing, 0, nothing, nothing)
        )
        direct, not_kept, not_kept_rows = known.get(currency, (zero(9), zero(9), 0))
        proofs.append(
            LinesProof(
                currency,
                lines,
                cost,
                direct,
                minus(direct, cost),
                roundings,
                roundings * unit,
                not_kept,
                not_kept_rows,
                of_sums,
                others,
            )
        )
    return tuple(proofs)


def _findings(node: str, rows: NodeRows, proofs: tuple[LinesProof, ...]) -> Iterator[Finding]:
    days = f"from {rows.start} to {rows.end}"
    for proof in proofs:
        about = {"node": node, "currency": proof.currency}
        if not proof.holds:
            told = {"lines_cost": proof.lines_cost, "direct_cost": proof.direct_cost}
            yield Finding(
                "lines_differ",
                f"The lines behind {node!r} {days} sum to {exact_text(proof.lines_cost)} "
                f"{proof.currency}, and its direct cost is {exact_text(proof.direct_cost)}. The "
                f"difference is {exact_text(proof.difference)}; rounding makes no more than "
                f"{exact_text(proof.allowed)}.",
                remedy="If the mapping, the nodes or the cost column were changed since, make the "
                f"costs anew with: apportion run --from {rows.start} --to {rows.end}",
                details={**about, **told},
            )
        without = minus(proof.not_kept, -proof.sums)
        if proof.not_kept_rows or proof.sums:
            yield Finding(
                "lines_not_kept",
                f"{exact_text(without)} {proof.currency} of the direct cost of {node!r} {days} "
                "came in when no lines were kept, so it is followed to sums of days alone.",
                remedy="Ingest its bills again to have their lines.",
                severity=Severity.WARNING,
                details={**about, "amount": without},
            )


def exact_text(amount: Decimal) -> str:
    """An amount with all its digits, without the zeros behind them.

    >>> exact_text(Decimal("1200.500000")), exact_text(Decimal("100.00")), exact_text(Decimal("-0"))
    ('1,200.5', '100', '0')
    """
    text = f"{amount:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def head(found: NodeLines) -> dict[str, Any]:
    """What was asked, and the sums, for programs."""
    return {
        "node": found.node,
        "start_date": found.start,
        "end_date": found.end,
        "total_rows": found.total_rows,
        "sums": [{**asdict(proof), "holds": proof.holds} for proof in found.proofs],
    }


_AT_ONCE = 10_000


def rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The lines for programs, a few at a time; tags and other cells are objects."""
    for batch in table.to_batches(max_chunksize=_AT_ONCE):
        yield from batch.to_pylist(maps_as_pydicts="strict")


def flat(table: pa.Table) -> Lines:
    """The lines as one table; tags and other cells are JSON texts."""
    cells = ([_cell(value) for value in row.values()] for row in rows(table))
    return table.column_names, cells


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value
