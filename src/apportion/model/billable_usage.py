"""The shape of billable usage, whether it comes as a file or as a table (`B3`).

One row for each date, account, channel, provider, rate multiplier, international and template.
"""

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
