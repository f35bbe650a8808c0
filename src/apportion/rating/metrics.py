"""Billable usage as usage metrics of products, so that bills can be split by it (`B20`).

A channel gives three metrics: ``sms.chargeable_units``, ``sms.billable_units`` and
``sms.notifications_sent``, each on the node of the account's product, with the labels
``provider`` and ``international``.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from apportion import database
from apportion.model import Model
from apportion.rating.usage import usage_columns
from apportion.tables import as_table

PRODUCTS = "account_products"
BILLED = "billed_channels"
FIGURES = ("chargeable_units", "billable_units", "notifications_sent")

_METRICS = """
    WITH summed AS (
        SELECT product, date, channel, provider, international,
               sum(billable_units * CASE WHEN channel IN (SELECT id FROM billed_channels)
                   THEN rate_multiplier ELSE 1 END)::DECIMAL(38, 9) AS chargeable_units,
               sum(billable_units)::DECIMAL(38, 9) AS billable_units,
               sum(notifications_sent)::DECIMAL(38, 9) AS notifications_sent
        FROM billable_usage JOIN account_products USING (account)
        WHERE date BETWEEN $start AND $end
        GROUP BY product, date, channel, provider, international
    ), figures AS (
        SELECT product, date, channel, provider, international, unnest([
            {name: 'chargeable_units', value: chargeable_units},
            {name: 'billable_units', value: billable_units},
            {name: 'notifications_sent', value: notifications_sent}
        ]) AS figure
        FROM summed
    )
    SELECT product AS node, date, channel || '.' || figure.name AS metric, figure.value AS value,
           to_json({international: international::VARCHAR, provider: provider})::VARCHAR AS labels
    FROM figures
    WHERE $metrics IS NULL OR list_contains($metrics::VARCHAR[], metric)
    ORDER BY node, date, metric, labels
"""
_EVER = (date(1, 1, 1), date(9999, 12, 31))


def metric_names(model: Model) -> list[str]:
    """The metrics that billable usage gives, if some account has a product."""
    if not any(account.product for account in model.accounts):
        return []
    return [f"{channel}.{figure}" for channel in model.channel_index for figure in FIGURES]


def usage_metrics(model: Model, usage: Any) -> pa.Table:
    """Billable usage as a table of usage that ``attribute`` takes (`B20`).

    ``usage`` is what ``rate`` takes. Accounts without a product are left out. Raises
    ``RunError`` (``missing_key``, ``invalid_value``, ``wrong_type``).
    """
    connection = database.connect()
    connection.register("billable_usage", usage_columns(as_table(usage, "Billable usage")))
    return metric_rows(connection, model, *_EVER)


def metric_rows(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    start: date,
    end: date,
    metrics: Sequence[str] | None = None,
) -> pa.Table:
    """The metrics of a connection's view ``billable_usage``: node, date, metric, value, labels."""
    products_of = {each.id: each.product for each in model.account_index.values() if each.product}
    former = model.former_ids.items()
    products_of |= {name: products_of[now] for name, now in former if now in products_of}
    ids, products = list(products_of), list(products_of.values())
    kinds = {"account": pa.array(ids, pa.string()), "product": pa.array(products, pa.string())}
    connection.register(PRODUCTS, pa.table(kinds))
    billed = [each.id for each in model.channel_index.values() if each.billed]
    connection.register(BILLED, pa.table({"id": pa.array(billed, pa.string())}))
    wanted = None if metrics is None else list(metrics)
    given = {"start": start, "end": end, "metrics": wanted}
    return connection.sql(_METRICS, params=given).to_arrow_table()
