"""What moved between two ratings."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from apportion.ledger.record_rating import Rating
from apportion.report.csv_text import Lines

_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Changes:
    """The figures that moved, and the two ratings that they moved between."""

    before: Rating
    latest: Rating
    rows: pa.Table

    @property
    def cost(self) -> Decimal:
        """How much all costs together rose."""
        costs = self.rows.filter(pc.equal(self.rows["figure"], "cost"))["difference"]
        return pc.sum(costs).as_py() or Decimal("0.000000000")

    @property
    def accounts(self) -> int:
        """How many accounts have a figure that moved."""
        return int(pc.count_distinct(self.rows["account"]).as_py())


def head(found: Changes) -> dict[str, Any]:
    """The ratings, and what moved in all."""
    return {
        "since": found.before.run_id,
        "until": found.latest.run_id,
        "currency": found.latest.currency,
        "total_rows": found.rows.num_rows,
        "accounts": found.accounts,
        "cost_difference": found.cost,
    }


def rows(found: Changes) -> Iterator[dict[str, Any]]:
    """A row for each figure that moved."""
    for batch in found.rows.to_batches(max_chunksize=_AT_ONCE):
        yield from map(_plain, batch.to_pylist())


def difference_texts(rows: pa.Table) -> pa.Table:
    """The rows with differences as texts, which are as long as each figure asks."""
    texts = [_text(_plain(row)["difference"]) for row in rows.to_pylist()]
    place = rows.column_names.index("difference")
    return rows.set_column(place, "difference", pa.array(texts, pa.string()))


def _text(moved: Decimal | None) -> str | None:
    return None if moved is None else format(moved, "f")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "difference": _difference(row["figure"], row["difference"])}


def _difference(figure: str, moved: Decimal | None) -> Decimal | None:
    """Cost with all its decimals, units as whole numbers."""
    return moved if moved is None or figure == "cost" else moved.quantize(Decimal(1))


def flat(found: Changes) -> Lines:
    """The rows as a table; a column tells the currency."""
    cells = ([*row.values(), found.latest.currency] for row in rows(found))
    return [*found.rows.column_names, "currency"], cells
