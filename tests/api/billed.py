"""A small notification service in a workspace, with accounts whose names could do harm."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from billing import SERVICE, row, table

import apportion as ap

ODD = (
    "a/b",
    "a/b/monthly",
    "=1+1",
    "-2+3",
    "@SUM(A1)",
    "Größe & <b>",
    "50%",
    "what?#",
    "a b",
    "..-up",
    "'; DROP TABLE charges; --",
)
"""Ids of accounts that mean something to a path, a spreadsheet, a page or a database."""

FORMULA = '=HYPERLINK("http://x","pay here")'
YEAR = 2023
FIRST, LAST = date(2023, 4, 1), date(2024, 3, 31)


def billed_workspace(folder: Path) -> ap.Workspace:
    """Two ratings: the second after a price that rose and a day that was counted anew."""
    odd = [
        {"id": each, "name": FORMULA, "organisation": "camden", "reference": FORMULA,
         "contact_names": "<script>alert(1)</script>", "purchase_order": "+1"}
        for each in ODD
    ]  # fmt: skip
    _declare(folder, accounts=[*SERVICE["accounts"], *odd])
    days = [date(2023, month, 3) for month in (4, 5, 9)] + [date(2024, 2, 29)]
    rows = [row(day, units, "renewals") for day, units in zip(days, (7, 8, 9, 10), strict=True)]
    rows += [row(day, 4, each) for each in ODD for day in days[:2]]
    rows += [row(days[0], 5, "visas", channel="email"), row(days[0], 3, "visas", rate_multiplier=2)]
    rows += [row(days[1], 2, "visas", rate_multiplier=12, international=True, template="=1")]
    rows += [row(days[0], 6, "renewals", provider="firetext"), row(days[3], 9, "parking")]
    _ingest(folder, *rows)
    rates = [*SERVICE["rates"], {"channel": "sms", "valid_from": "2023-09-01", "rate": "0.0237"}]
    _declare(folder, accounts=[*SERVICE["accounts"], *odd], rates=rates)
    return _ingest(folder, row(days[1], 20, "renewals"))


def _declare(folder: Path, **changed: Any) -> None:
    (folder / "model").mkdir(parents=True, exist_ok=True)
    lists = {**SERVICE, **changed}
    settings = {"name": "Ping", "currency": lists.pop("currency")}
    (folder / "apportion.yaml").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model" / "service.yaml").write_text(json.dumps(lists, default=str), encoding="utf-8")


def _ingest(folder: Path, *rows: dict[str, Any]) -> ap.Workspace:
    workspace = ap.Workspace(os.fspath(folder), now=lambda: datetime.now(UTC))
    file = folder / "units.parquet"
    pq.write_table(table(*rows), file)
    workspace.ingest("billable", file)
    workspace.rate()
    return workspace
