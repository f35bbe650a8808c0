"""A table of billable usage, read strictly (`B3`)."""

import pyarrow as pa

from apportion.findings import Finding, RunError
from apportion.model.billable_usage import LARGEST_MULTIPLIER, SCHEMA
from apportion.model.billing import LARGEST_COUNT
from apportion.tables import days, flags, require_columns, texts, wholes

WHAT = "billable usage"
REQUIRED = ("date", "account", "channel", "billable_units", "notifications_sent")


def usage_columns(table: pa.Table) -> pa.Table:
    """The columns of ``SCHEMA``, with what may be absent filled in.

    Without a provider or template they are empty, without a multiplier it is 1, and nothing is
    international. Raises ``RunError`` with what is wrong with each column: ``missing_key``,
    ``invalid_value``.
    """
    require_columns(table, WHAT, REQUIRED)
    findings: list[Finding] = []
    columns = []
    for name in SCHEMA.names:
        try:
            columns.append(_column(table, name))
        except RunError as error:
            findings.extend(error.findings)
    if findings:
        raise RunError(findings)
    return pa.table(columns, schema=SCHEMA)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    absent: dict[str, object] = {
        "provider": "",
        "template": "",
        "rate_multiplier": 1,
        "international": False,
    }
    if name not in table.column_names:
        return pa.repeat(pa.scalar(absent[name], SCHEMA.field(name).type), table.num_rows)
    if name == "date":
        return days(table, WHAT, name)
    if name == "international":
        return flags(table, WHAT, name)
    if name in ("billable_units", "notifications_sent"):
        return wholes(table, WHAT, name, LARGEST_COUNT)
    if name == "rate_multiplier":
        return wholes(table, WHAT, name, LARGEST_MULTIPLIER, absent=1)
    return texts(table, WHAT, name, absent="" if name in absent else None)
