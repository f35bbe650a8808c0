"""What each account of an organisation used and owes in a financial year (`B13`)."""

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.rating.allowance import Meter, UnitsUsed, resolve
from apportion.rating.views.asking import accounts_of, billed_channels, require_year

_ASKED = "asked_meters"
_ASKED_KIND = pa.schema(
    [
        ("account", pa.string()),
        ("name", pa.string()),
        ("notification_type", pa.string()),
        ("allowance", pa.int64()),
        ("first", pa.bool_()),
    ]
)
_ORGANISATION = """
    SELECT asked.account, any_value(asked.name) AS name, asked.notification_type,
           any_value(allowance) AS allowance,
           any_value(allowance) - coalesce(sum(used.free_allowance_used)::BIGINT, 0)
               AS remaining_allowance,
           coalesce(sum(used.notifications_sent)::BIGINT, 0) AS notifications_sent,
           coalesce(sum(used.chargeable_units)::BIGINT, 0) AS chargeable_units,
           coalesce(sum(used.charged_units)::BIGINT, 0) AS charged_units,
           coalesce(sum(used.cost), 0)::DECIMAL(38, 12) AS cost,
           CASE WHEN any_value(asked.first) THEN coalesce(any_value(emails.sent), 0) ELSE 0 END
               AS emails_sent
    FROM asked_meters asked
    LEFT JOIN (
        SELECT account, channel, free_allowance_used, notifications_sent, chargeable_units,
               charged_units, cost
        FROM charges WHERE year = $year AND list_contains($accounts::VARCHAR[], account)
    ) used ON used.account = asked.account AND used.channel = asked.notification_type
    LEFT JOIN (
        SELECT account, sum(notifications_sent)::BIGINT AS sent
        FROM charges
        WHERE year = $year AND list_contains($accounts::VARCHAR[], account)
          AND NOT list_contains($billed::VARCHAR[], channel)
        GROUP BY account
    ) emails ON emails.account = asked.account
    GROUP BY asked.account, asked.notification_type
    ORDER BY asked.account, asked.notification_type
"""
_USED = """
    SELECT account, channel, year, sum(chargeable_units)::BIGINT FROM charges
    WHERE year = ? AND list_contains(?::VARCHAR[], account) GROUP BY account, channel, year
"""


def organisation(
    connection: duckdb.DuckDBPyConnection, model: Model, organisation: str, year: int
) -> pa.Table:
    """A row per account and billed channel; accounts without usage have zeros.

    ``emails_sent`` counts what went out by channels that are not billed, in the first row of each
    account. Raises ``UsageError`` (``unknown_organisation``, ``invalid_argument``).
    """
    members = accounts_of(model, organisation)
    billed = billed_channels(model)
    ids = [account.id for account in members]
    used = units_used(connection, model, ids, require_year(year) - 1)
    rows = [
        {
            "account": account.id,
            "name": account.name,
            "notification_type": channel,
            "allowance": resolve(model, Meter(account.id, channel, year), used).units,
            "first": place == 0,
        }
        for account in members
        for place, channel in enumerate(billed or [""])
    ]
    connection.register(_ASKED, pa.Table.from_pylist(rows, schema=_ASKED_KIND))
    try:
        given = {"year": year, "accounts": ids, "billed": billed}
        return connection.sql(_ORGANISATION, params=given).to_arrow_table()
    finally:
        connection.unregister(_ASKED)


def units_used(
    connection: duckdb.DuckDBPyConnection, model: Model, accounts: list[str], year: int
) -> UnitsUsed:
    """What accounts used in a year, where the high-volume rule asks for it (`B5`)."""
    if model.settings.high_volume_threshold is None:
        return {}
    rows = connection.execute(_USED, [year, accounts]).fetchall()
    return {Meter(account, channel, of): units for account, channel, of, units in rows}
