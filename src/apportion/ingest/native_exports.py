"""Providers' own exports, told by their columns, so that they are refused by name.

A file is one of them where it has all the columns of one of its marks, in whatever capitals. They
are not read: which of their columns is the cost, and of which day, differs from export to export.
Each provider writes the same bill as FOCUS too.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NativeExport:
    """An export: what it is, its marks (each a set of columns), and what to do instead.

    ``but`` is a column of the format that is read; where it is asked for, the file is not foreign.
    """

    what: str
    marks: tuple[frozenset[str], ...]
    way_out: str
    but: str = ""


def _marks(*marks: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(mark.split("|")) for mark in marks)


EXPORTS: Sequence[NativeExport] = (
    NativeExport(
        "an Oracle Cloud cost or usage report",
        _marks("lineitem/referenceno|lineitem/tenantid", "lineitem/intervalusagestart"),
        "Take the reports in the folder `FOCUS Reports` of the same bucket, and ingest them as "
        "`focus`.",
    ),
    NativeExport(
        "an AWS Cost and Usage Report",
        _marks("lineitem/usagestartdate", "lineitem/unblendedcost", "identity/lineitemid"),
        "Create an export of the type FOCUS under AWS Data Exports, and ingest it as `focus`.",
    ),
    NativeExport(
        "an AWS Cost and Usage Report (CUR 2.0, or one made for Athena)",
        _marks("line_item_usage_start_date|line_item_unblended_cost", "identity_line_item_id"),
        "Create an export of the type FOCUS under AWS Data Exports, and ingest it as `focus`.",
    ),
    NativeExport(
        "an Azure cost export (actual or amortized)",
        _marks(
            "metercategory|chargetype",
            "metercategory|meterid|quantity",
            "metercategory|effectiveprice",
            "metercategory|pretaxcost",
            "metercategory|costinbillingcurrency",
        ),
        "Create an export of the type `Cost and usage details (FOCUS)` under Cost Management, and "
        "ingest it as `focus`.",
    ),
    NativeExport(
        "a Google Cloud billing export",
        _marks(
            "billing_account_id|usage_start_time|cost",
            "billing account id|sku description",
            "billing_account_id|sku_id|cost",
            "billing_account_id|sku.id|cost",
        ),
        "Export the FOCUS view of the BigQuery billing data, and ingest it as `focus`.",
    ),
    NativeExport(
        "a bill in the FOCUS format",
        _marks("billedcost|chargeperiodstart|billingcurrency"),
        "Ingest it as `focus`.",
        but="BillingCurrency",
    ),
)


def native_export(names: Sequence[str], required: Collection[str]) -> NativeExport | None:
    """The export that a file with these columns is, unless it lacks merely what is ``required``."""
    columns = {name.strip().casefold() for name in names}
    return next(
        (
            export
            for export in EXPORTS
            if export.but not in required and any(mark <= columns for mark in export.marks)
        ),
        None,
    )
