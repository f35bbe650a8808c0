"""The platform's volumes by day, provider and channel (`B14`)."""

from datetime import date

import duckdb
import pyarrow as pa

from apportion.rating.views.asking import require_period

_PROVIDERS = """
    SELECT date, provider, channel AS notification_type,
           sum(notifications_sent)::BIGINT AS notifications_sent,
           sum(billable_units)::BIGINT AS billable_units,
           sum(chargeable_units)::BIGINT AS chargeable_units,
           sum(chargeable_units::DECIMAL(19, 0) * rate)::DECIMAL(38, 12) AS cost
    FROM charges WHERE date BETWEEN ? AND ?
    GROUP BY date, provider, channel ORDER BY date, provider, channel
"""


def providers(connection: duckdb.DuckDBPyConnection, start: date, end: date) -> pa.Table:
    """A row per day, provider and channel, both ends of the period included.

    ``cost`` is that of all units at their rates, before any allowance. Raises ``UsageError``
    (``invalid_argument``).
    """
    require_period(start, end)
    return connection.sql(_PROVIDERS, params=[start, end]).to_arrow_table()
