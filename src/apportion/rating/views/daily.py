"""The platform's volumes by day and channel (`B14`)."""

from datetime import date

import duckdb
import pyarrow as pa

from apportion.rating.views.asking import require_period

_DAILY = """
    SELECT date, channel AS notification_type,
           sum(notifications_sent)::BIGINT AS notifications_sent,
           sum(billable_units)::BIGINT AS billable_units,
           sum(chargeable_units)::BIGINT AS chargeable_units
    FROM charges WHERE date BETWEEN ? AND ? GROUP BY date, channel ORDER BY date, channel
"""


def daily(connection: duckdb.DuckDBPyConnection, start: date, end: date) -> pa.Table:
    """A row per day and channel, both ends of the period included.

    Raises ``UsageError`` (``invalid_argument``).
    """
    require_period(start, end)
    return connection.sql(_DAILY, params=[start, end]).to_arrow_table()
