"""What moved between two ratings: every account, month and figure, old and new (`B18`)."""

import duckdb
import pyarrow as pa

from apportion.model import Model
from apportion.rating.calendar import financial_year

BEFORE = "charges_before"
"""The view of the rated rows that were shown before, beside that of ``charges``."""

_CHANGES = """
    WITH old AS (
        SELECT account, year, period, channel,
               string_agg(DISTINCT rate::VARCHAR, ', ' ORDER BY rate::VARCHAR) AS rates,
               sum(notifications_sent)::DECIMAL(38, 12) AS notifications_sent,
               sum(billable_units)::DECIMAL(38, 12) AS billable_units,
               sum(chargeable_units)::DECIMAL(38, 12) AS chargeable_units,
               sum(free_allowance_used)::DECIMAL(38, 12) AS free_allowance_used,
               sum(charged_units)::DECIMAL(38, 12) AS charged_units,
               sum(cost)::DECIMAL(38, 12) AS cost
        FROM charges_before GROUP BY account, year, period, channel
    ), new AS (
        SELECT account, year, period, channel,
               string_agg(DISTINCT rate::VARCHAR, ', ' ORDER BY rate::VARCHAR) AS rates,
               sum(notifications_sent)::DECIMAL(38, 12) AS notifications_sent,
               sum(billable_units)::DECIMAL(38, 12) AS billable_units,
               sum(chargeable_units)::DECIMAL(38, 12) AS chargeable_units,
               sum(free_allowance_used)::DECIMAL(38, 12) AS free_allowance_used,
               sum(charged_units)::DECIMAL(38, 12) AS charged_units,
               sum(cost)::DECIMAL(38, 12) AS cost
        FROM charges GROUP BY account, year, period, channel
    ), moved AS (
        SELECT account, year, period, channel, unnest([
            {place: 1, figure: 'notifications_sent', old: coalesce(old.notifications_sent, 0),
             new: coalesce(new.notifications_sent, 0)},
            {place: 2, figure: 'billable_units', old: coalesce(old.billable_units, 0),
             new: coalesce(new.billable_units, 0)},
            {place: 3, figure: 'chargeable_units', old: coalesce(old.chargeable_units, 0),
             new: coalesce(new.chargeable_units, 0)},
            {place: 4, figure: 'free_allowance_used', old: coalesce(old.free_allowance_used, 0),
             new: coalesce(new.free_allowance_used, 0)},
            {place: 5, figure: 'charged_units', old: coalesce(old.charged_units, 0),
             new: coalesce(new.charged_units, 0)},
            {place: 6, figure: 'cost', old: coalesce(old.cost, 0), new: coalesce(new.cost, 0)}
        ]) AS it
        FROM old FULL JOIN new USING (account, year, period, channel)
    ), listed AS (
        SELECT account, year, period, channel, it.place, it.figure,
               CASE it.figure WHEN 'cost' THEN it.old::VARCHAR
                   ELSE it.old::DECIMAL(38, 0)::VARCHAR END AS old,
               CASE it.figure WHEN 'cost' THEN it.new::VARCHAR
                   ELSE it.new::DECIMAL(38, 0)::VARCHAR END AS new,
               (it.new - it.old)::DECIMAL(38, 12) AS difference
        FROM moved WHERE it.old <> it.new
        UNION ALL
        SELECT account, year, period, channel, 0, 'rate', coalesce(old.rates, ''),
               coalesce(new.rates, ''), NULL
        FROM old FULL JOIN new USING (account, year, period, channel)
        WHERE old.rates IS DISTINCT FROM new.rates
    )
    SELECT account, year, list_extract(?::VARCHAR[], period) AS month,
           channel AS notification_type, figure, old, new, difference
    FROM listed ORDER BY account, year, period, channel, place
"""


def changes(connection: duckdb.DuckDBPyConnection, model: Model) -> pa.Table:
    """A row for each figure of an account's month and channel that differs.

    The connection has the views ``charges_before`` and ``charges``, both with rated rows. ``old``
    and ``new`` are text: whole numbers, decimals with nine places, or rates joined by commas.
    ``difference`` is new minus old; for rates there is none. What was not there counts as 0.
    """
    names = financial_year(model.settings).month_names()
    return connection.sql(_CHANGES, params=[names]).to_arrow_table()
