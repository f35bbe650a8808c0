"""Each account's volumes by channel (`B14`)."""

from datetime import date

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.rating.views.asking import naming, require_period

_ACCOUNTS = """
    SELECT account, any_value(name) AS name, any_value(organisation) AS organisation,
           channel AS notification_type,
           sum(notifications_sent)::BIGINT AS notifications_sent,
           sum(billable_units)::BIGINT AS billable_units,
           sum(chargeable_units)::BIGINT AS chargeable_units
    FROM charges LEFT JOIN named_accounts USING (account)
    WHERE date BETWEEN ? AND ? GROUP BY account, channel ORDER BY account, channel
"""


def accounts(
    connection: duckdb.DuckDBPyConnection, model: Model, start: date, end: date
) -> pa.Table:
    """A row per account and channel with usage, both ends of the period included.

    Raises ``UsageError`` (``invalid_argument``).
    """
    require_period(start, end)
    with naming(connection, model.account_index.values()):
        return connection.sql(_ACCOUNTS, params=[start, end]).to_arrow_table()
