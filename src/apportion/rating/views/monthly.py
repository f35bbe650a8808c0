"""What an account used and owes in each month of a financial year (`B11`)."""

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.rating.calendar import financial_year
from apportion.rating.views.asking import billed_channels, require_account, require_year

_MONTHLY = """
    SELECT list_extract(?::VARCHAR[], period) AS month, channel AS notification_type, rate,
           sum(notifications_sent)::BIGINT AS notifications_sent,
           sum(chargeable_units)::BIGINT AS chargeable_units,
           sum(free_allowance_used)::BIGINT AS free_allowance_used,
           sum(charged_units)::BIGINT AS charged_units,
           sum(cost)::DECIMAL(38, 12) AS cost
    FROM charges WHERE account = ? AND year = ? AND list_contains(?::VARCHAR[], channel)
    GROUP BY period, channel, rate ORDER BY period, channel, rate
"""
_ALL = """
    SELECT account, list_extract(?::VARCHAR[], period) AS month, channel AS notification_type,
           rate,
           sum(notifications_sent)::BIGINT AS notifications_sent,
           sum(chargeable_units)::BIGINT AS chargeable_units,
           sum(free_allowance_used)::BIGINT AS free_allowance_used,
           sum(charged_units)::BIGINT AS charged_units,
           sum(cost)::DECIMAL(38, 12) AS cost
    FROM charges WHERE year = ? AND list_contains(?::VARCHAR[], channel)
    GROUP BY account, period, channel, rate ORDER BY account, period, channel, rate
"""


def monthly(
    connection: duckdb.DuckDBPyConnection, model: Model, account: str, year: int
) -> pa.Table:
    """A row per month, channel and rate, in that order; channels not billed are left out.

    ``month`` is the name of the month. Raises ``UsageError`` (``unknown_account``,
    ``invalid_argument``).
    """
    require_account(model, account)
    names = financial_year(model.settings).month_names()
    given = [names, account, require_year(year), billed_channels(model)]
    return connection.sql(_MONTHLY, params=given).to_arrow_table()


def all_monthly(connection: duckdb.DuckDBPyConnection, model: Model, year: int) -> pa.Table:
    """The monthly views of all accounts that have usage, in order of account."""
    names = financial_year(model.settings).month_names()
    given = [names, require_year(year), billed_channels(model)]
    return connection.sql(_ALL, params=given).to_arrow_table()
