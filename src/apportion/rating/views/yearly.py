"""What an account used and owes in a financial year, channels that cost nothing too (`B12`)."""

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.rating.views.asking import require_account, require_year

_YEARLY = """
    SELECT channel AS notification_type, rate,
           sum(notifications_sent)::BIGINT AS notifications_sent,
           sum(chargeable_units)::BIGINT AS chargeable_units,
           sum(free_allowance_used)::BIGINT AS free_allowance_used,
           sum(charged_units)::BIGINT AS charged_units,
           sum(cost)::DECIMAL(38, 12) AS cost
    FROM charges WHERE account = ? AND year = ?
    GROUP BY channel, rate ORDER BY channel, rate
"""


def yearly(
    connection: duckdb.DuckDBPyConnection, model: Model, account: str, year: int
) -> pa.Table:
    """A row per channel and rate, in that order.

    Raises ``UsageError`` (``unknown_account``, ``invalid_argument``).
    """
    require_account(model, account)
    return connection.sql(_YEARLY, params=[account, require_year(year)]).to_arrow_table()
