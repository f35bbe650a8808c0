"""What moved between two ratings, for people and programs."""

from decimal import Decimal
from typing import Any

from apportion.cli.output import heading, put, say
from apportion.cli.tables import Head, table
from apportion.report.figures import rate_text
from apportion.report.usage_changes import Changes


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
