"""The shape of billable usage, whether it comes as a file or as a table (`B3`).

One row for each date, account, channel, provider, rate multiplier, international and template.
"""

from collections.abc import Mapping

import pyarrow as pa

LARGEST_MULTIPLIER = 10**6

KEY = (
    "date",
    "account",
    "channel",
    "provider",
    "rate_multiplier",
    "international",
    "template",
)
SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("account", pa.string()),
        ("channel", pa.string()),
        ("provider", pa.string()),
        ("rate_multiplier", pa.int64()),
        ("international", pa.bool_()),
        ("template", pa.string()),
        ("billable_units", pa.int64()),
        ("notifications_sent", pa.int64()),
    ]
)


def former_ids_table(former_ids: Mapping[str, str]) -> pa.Table:
    """The ids that accounts had before, and the one that each has ``now`` (`B21`)."""
    former, now = list(former_ids), list(former_ids.values())
    return pa.table({"former_id": pa.array(former, pa.string()), "now": pa.array(now, pa.string())})
