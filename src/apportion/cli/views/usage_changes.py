"""What moved between two ratings, for people and programs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from apportion.cli.csv_output import write_csv
from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, table
from apportion.cli.views.usage import rate_text
from apportion.ledger.record_rating import Rating

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


def put_json_rows(found: Changes) -> None:
    """One object: the ratings, what moved in all, and the rows, one a line."""
    head = {
        "since": found.before.run_id,
        "until": found.latest.run_id,
        "currency": found.latest.currency,
        "total_rows": found.rows.num_rows,
        "accounts": found.accounts,
        "cost_difference": format(found.cost, "f"),
    }
    sys.stdout.write(json.dumps(head)[:-1] + ', "rows": [')
    for place, row in enumerate(_rows(found)):
        sys.stdout.write((",\n" if place else "\n") + json.dumps(row, default=_text))
    sys.stdout.write("\n]}\n")


def _rows(found: Changes) -> Iterator[dict[str, Any]]:
    for batch in found.rows.to_batches(max_chunksize=_AT_ONCE):
        for row in batch.to_pylist():
            yield {**row, "difference": _difference(row["figure"], row["difference"])}


def _difference(figure: str, moved: Decimal | None) -> Decimal | None:
    """Cost with all its decimals, units as whole numbers."""
    return moved if moved is None or figure == "cost" else moved.quantize(Decimal(1))


def _text(value: Decimal) -> str:
    return format(value, "f")


def put_csv(found: Changes) -> None:
    """The rows with a header."""
    rows = ([*row.values(), found.latest.currency] for row in _rows(found))
    write_csv(sys.stdout, [*found.rows.column_names, "currency"], rows)


def show(found: Changes, limit: int | None) -> None:
    """A line for each figure that moved."""
    if found.before == found.latest:
        say(f"Rating {found.latest.run_id} is the latest, so there is nothing to compare it with.")
        return
    heading(f"From rating {found.before.run_id} to {found.latest.run_id}")
    say()
    if not found.rows.num_rows:
        say("No figure of any account moved.")
        return
    heads = [
        Head("Account"),
        Head("Year", whole=True),
        Head("Month", whole=True),
        Head("Type"),
        Head("Figure", whole=True),
        Head("Old", number=True),
        Head("New", number=True),
        Head("Difference", number=True),
    ]
    put(table(heads, [_shown(row) for row in found.rows.slice(0, limit).to_pylist()]))
    hidden = 0 if limit is None else max(found.rows.num_rows - limit, 0)
    if hidden:
        say(
            f"{found.rows.num_rows - hidden:,} of {found.rows.num_rows:,} rows are shown; "
            "--limit 0 shows all, --csv and --json give them to other programs."
        )
    accounts = "1 account" if found.accounts == 1 else f"{found.accounts:,} accounts"
    moved = "stayed the same" if not found.cost else f"moved by {_signed(found.cost)}"
    say(
        f"Figures of {accounts} moved; what is charged in all {moved}"
        f"{f' {found.latest.currency}' if found.cost else ''}. Costs are exact here, not rounded."
    )


def _shown(row: dict[str, Any]) -> list[str]:
    moved = row["difference"]
    return [
        row["account"],
        str(row["year"]),
        row["month"],
        row["notification_type"],
        _TITLES[row["figure"]],
        *(_texts(row["figure"], row[side]) for side in ("old", "new")),
        "" if moved is None else _signed(moved),
    ]


_TITLES = {
    "rate": "Rate",
    "notifications_sent": "Sent",
    "billable_units": "Billable",
    "chargeable_units": "Units",
    "free_allowance_used": "Free",
    "charged_units": "Charged",
    "cost": "Cost",
}


def _texts(figure: str, text: str) -> str:
    if not text:
        return "-"
    parts = text.split(", ") if figure == "rate" else [text]
    return ", ".join(rate_text(Decimal(part)) for part in parts)


def _signed(moved: Decimal) -> str:
    return ("+" if moved > 0 else "") + rate_text(moved)
