"""Usage before the first rate of its channel, refused before it is in the ledger (`B4`).

There it would stop every rating, and nobody could say which file it came from.
"""

import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding, IngestError, Place
from apportion.model import Model


def require_first_rates(rows: pa.Table, model: Model, where: Place) -> None:
    """Refuse rows of billed channels with units to charge on days without a rate.

    Raises ``IngestError`` (``missing_rate``), one finding for each channel.
    """
    first = model.first_rates
    findings = []
    for channel in model.channels:
        if not channel.billed or channel.id not in first:
            continue
        early = rows.filter(
            (pc.field("channel") == channel.id)
            & (pc.field("date") < first[channel.id])
            & (pc.field("billable_units") > 0)
        )
        if early.num_rows:
            one = early.sort_by([("date", "ascending"), ("account", "ascending")]).slice(0, 1)
            row = one.to_pylist()[0]
            others = early.num_rows - 1
            more = f", and {others:,} more such row{'s' * (others > 1)}" if others else ""
            findings.append(
                Finding(
                    "missing_rate",
                    f"{row['account']} has {row['billable_units']:,} units of {channel.id} on "
                    f"{row['date']}{more}; the first rate of {channel.id} is valid from "
                    f"{first[channel.id]}.",
                    where,
                    f"Add to rates: {{channel: {channel.id}, valid_from: {row['date']}, "
                    'rate: "..."}, or correct the date.',
                    details={"channel": channel.id, "date": row["date"]},
                )
            )
    if findings:
        raise IngestError(findings)
