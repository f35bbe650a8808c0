"""What invoices say in whole coins: the one rounding of charges for people (`A3`, `B15`).

The lines of an account's financial year, each of a month, a channel and a rate, are rounded
together, such that they sum to the rounded cost of the year. Whatever shows charges adds these
lines up, so that no page differs by a coin from the paper that a customer gets.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from apportion.amounts.units import RATE_DECIMALS
from apportion.model import Model
from apportion.rating.calendar import financial_year
from apportion.rating.views.asking import billed_channels
from apportion.report.figures import Figures

# Decimals become integers by their digits, since a product of two would be a float beyond 38.
_INVOICED = """
    WITH lines AS (
        SELECT account, year, period, channel, rate,
               replace(sum(cost)::DECIMAL(38, 12)::VARCHAR, '.', '')::HUGEINT AS units,
               replace(coalesce(sum(cost) FILTER (WHERE asked), 0)::DECIMAL(38, 12)::VARCHAR,
                       '.', '')::HUGEINT AS asked_units,
               count(*) FILTER (WHERE asked) AS asked_rows, count(*) AS all_rows
        FROM (
            SELECT *, date BETWEEN $start AND $end AND NOT list_contains($uncovered::DATE[], date)
                AS asked
            FROM charges
            WHERE year BETWEEN $first_year AND $last_year
              AND list_contains($billed::VARCHAR[], channel)
              AND (len($accounts::VARCHAR[]) = 0 OR list_contains($accounts::VARCHAR[], account))
        )
        GROUP BY account, year, period, channel, rate
    ), floors AS (
        SELECT *, (units % $step::HUGEINT + $step::HUGEINT) % $step::HUGEINT AS lost FROM lines
    ), ranked AS (
        SELECT *, sum(units) OVER of_year AS whole, sum(units - lost) OVER of_year AS floored,
               row_number() OVER (
                   PARTITION BY account, year ORDER BY lost DESC, period, channel, rate
               ) AS place
        FROM floors WINDOW of_year AS (PARTITION BY account, year)
    )
    SELECT account, year, period, channel, rate,
           CASE WHEN asked_rows = all_rows
                THEN (units - lost) // $step::HUGEINT
                     + (place <= rounded(whole, $step) - floored // $step::HUGEINT)::INTEGER
                ELSE rounded(asked_units, $step) END::VARCHAR AS coins
    FROM ranked WHERE asked_rows > 0
    ORDER BY account, year, period, channel, rate
"""
_ROUNDED = """
    CREATE OR REPLACE TEMP MACRO rounded(units, step) AS
    sign(units)::HUGEINT * ((abs(units)::HUGEINT + step::HUGEINT // 2) // step::HUGEINT)
"""


def invoiced(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    *,
    accounts: Sequence[str] = (),
    uncovered: Sequence[date] = (),
) -> pa.Table:
    """The lines of a period, both ends included, with ``coins``: counts of the smallest coin.

    A line whose days are only partly asked for, or partly ``uncovered``, is rounded by itself.
    No ``accounts`` mean all. The connection has the view ``charges``.
    """
    calendar = financial_year(model.settings)
    given = {
        "start": start,
        "end": end,
        "uncovered": list(uncovered),
        "first_year": calendar.of(start),
        "last_year": calendar.of(end),
        "billed": billed_channels(model),
        "accounts": list(accounts),
        "step": 10 ** (RATE_DECIMALS - Figures(model.settings.currency, RATE_DECIMALS).decimals),
    }
    connection.execute(_ROUNDED)
    return connection.sql(_INVOICED, params=given).to_arrow_table()


def coins_by(lines: pa.Table, names: Iterable[str]) -> Mapping[tuple[Any, ...], int]:
    """What lines sum to for each value of some columns."""
    sums: dict[tuple[Any, ...], int] = {}
    keys = zip(*(lines[name].to_pylist() for name in names), strict=True)
    for key, coins in zip(keys, coins_in(lines), strict=True):
        sums[key] = sums.get(key, 0) + coins
    return sums


def coins_in(lines: pa.Table) -> Sequence[int]:
    """The coins of each line."""
    return list(map(int, lines["coins"].to_pylist()))


def coins_of(lines: pa.Table, rows: pa.Table, names: Mapping[str, str]) -> Sequence[int]:
    """What stands in each row; ``names`` says which column of a row is which of a line."""
    sums = coins_by(lines, names.values())
    keys = zip(*(rows[name].to_pylist() for name in names), strict=True)
    return [sums.get(key, 0) for key in keys]
