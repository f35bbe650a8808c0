"""What each account owes for days of one financial year, for invoicing (`B14`)."""

from datetime import date

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.rating.views.asking import billed_channels, naming, require_one_year

_CHARGES = """
    SELECT account, any_value(name) AS name, any_value(organisation) AS organisation,
           channel AS notification_type,
           any_value(allowance) AS allowance,
           coalesce(sum(free_allowance_used) FILTER (WHERE date < $start), 0)::BIGINT
               AS allowance_used_before,
           sum(free_allowance_used) FILTER (WHERE date >= $start)::BIGINT AS free_allowance_used,
           any_value(allowance) - sum(free_allowance_used)::BIGINT AS remaining_allowance,
           sum(notifications_sent) FILTER (WHERE date >= $start)::BIGINT AS notifications_sent,
           sum(chargeable_units) FILTER (WHERE date >= $start)::BIGINT AS chargeable_units,
           sum(charged_units) FILTER (WHERE date >= $start)::BIGINT AS charged_units,
           sum(cost) FILTER (WHERE date >= $start)::DECIMAL(38, 12) AS cost,
           any_value(contact_names) AS contact_names,
           any_value(contact_emails) AS contact_emails,
           any_value(reference) AS reference,
           any_value(purchase_order) AS purchase_order
    FROM charges LEFT JOIN named_accounts USING (account)
    WHERE year = $year AND date <= $end AND list_contains($billed::VARCHAR[], channel)
    GROUP BY account, channel HAVING count(*) FILTER (WHERE date >= $start) > 0
    ORDER BY account, channel
"""


def charges(
    connection: duckdb.DuckDBPyConnection, model: Model, start: date, end: date
) -> pa.Table:
    """A row per account and billed channel with usage in the period, both ends included.

    What of the allowance was used earlier in the year is taken into account and shown. Raises
    ``UsageError`` (``invalid_argument``) where the period is not inside one financial year.
    """
    year = require_one_year(model, start, end)
    given = {"start": start, "end": end, "year": year, "billed": billed_channels(model)}
    with naming(connection, model.account_index.values()):
        return connection.sql(_CHARGES, params=given).to_arrow_table()
