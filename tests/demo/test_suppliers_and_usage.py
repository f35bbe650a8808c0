"""Supplier costs, usage and monitoring of the example company."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from apportion.attribution.strategy import Series
from apportion.demo import DemoCompany
from apportion.model import Model, load_model


@pytest.fixture(scope="module")
def model(company: DemoCompany) -> Model:
    return load_model(company.folder)


@pytest.fixture(scope="module")
def measured(inbox: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((inbox / "usage" / "dynatrace-2024.json").read_text())
    return found


@pytest.fixture(scope="module")
def usage(inbox: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    folder = inbox / "usage"
    connection.read_parquet(str(folder / "technical-2024.parquet")).create("technical")
    connection.read_csv(str(folder / "business-2024.csv"), all_varchar=True).create("business")
    columns = "node, date::DATE AS date, metric, value::DECIMAL(18, 2) AS value, unit, source"
    connection.sql(
        f"CREATE VIEW usage AS SELECT {columns} FROM technical "
        f"UNION ALL SELECT {columns} FROM business"
    )
    return connection


def test_suppliers_bill_known_nodes_in_known_currencies(inbox: Path, model: Model) -> None:
    costs = duckdb.read_csv(str(inbox / "costs" / "suppliers-2024.csv"), all_varchar=True)
    assert costs.columns == ["node", "date", "dimension", "amount", "currency"]
    rows = costs.fetchall()
    assert {row[0] for row in rows} <= {node.id for node in model.nodes}
    assert Counter(row[4] for row in rows).keys() == {"EUR", "USD"}
    rates = {rate.date.month for rate in model.exchange_rates if rate.from_currency == "EUR"}
    assert rates == set(range(1, 13))
    notes = sorted(Decimal(row[3]) for row in rows if row[3].startswith("-"))
    assert notes == [Decimal("-9400.00"), Decimal("-4100.00"), Decimal("-3250.50")]
    assert len({row[1] for row in rows}) == 366


def test_usage_is_of_known_nodes_and_small_enough(
    usage: duckdb.DuckDBPyConnection, model: Model, measured: dict[str, Any]
) -> None:
    nodes = {row[0] for row in usage.sql("SELECT DISTINCT node FROM usage").fetchall()}
    assert nodes <= {node.id for node in model.nodes}
    rows, negative = usage.sql(
        "SELECT count(*), count(*) FILTER (value < 0) FROM usage"
    ).fetchall()[0]
    services = sum(len(metric["data"]) for metric in measured["metrics"])
    assert 80_000 < rows + services * 366 < 150_000
    assert negative == 0
    assert usage.sql("SELECT count(DISTINCT date) FROM usage").fetchall() == [(366,)]
    assert usage.sql("SELECT count(DISTINCT metric) FROM usage").fetchall()[0][0] >= 15
    labels = {name for name in usage.table("technical").columns if name.startswith("label.")}
    assert labels == {"label.channel", "label.env", "label.region", "label.tier"}


def test_every_receiver_of_a_metric_has_used_it(
    usage: duckdb.DuckDBPyConnection, model: Model, measured: dict[str, Any]
) -> None:
    """A share by usage that nobody measured would be 0 for ever, by a slip and not by intent."""
    known = set(usage.sql("SELECT DISTINCT node, metric FROM usage").fetchall())
    names = {rule.id: rule.name for rule in model.metrics}
    for metric in measured["metrics"]:
        for series in metric["data"]:
            service = series["dimensions"]["service"]
            node = "journey-search" if service.startswith("search-") else service
            known.add((node, names[metric["metricId"]]))
    needed = set()
    for edge in model.edges:
        series = edge.use.parameters.series() if edge.use.parameters else None
        if isinstance(series, Series):
            needed.add((edge.receiver, series.metric))
    assert len(needed) > 150
    assert needed - known == set()


def test_weeks_seasons_and_launches_show(usage: duckdb.DuckDBPyConnection) -> None:
    def mean(metric: str, where: str) -> Decimal:
        query = f"SELECT sum(value) / count(DISTINCT date) FROM usage WHERE metric = ? AND {where}"
        found = usage.sql(query, params=[metric]).fetchall()[0][0]
        return Decimal(found or 0)

    weekend = "dayofweek(date) IN (0, 6)"
    assert mean("build_minutes", weekend) * 3 < mean("build_minutes", f"NOT {weekend}")
    assert mean("gpu_hours", "dayofweek(date) = 0") == 0
    ferry = "node = 'ferry' AND month(date) = "
    assert mean("tickets_sold", ferry + "8") > 2 * mean("tickets_sold", ferry + "2")
    mobile = "node = 'mobile-app' AND month(date) = "
    assert mean("cpu_hours", mobile + "12") > mean("cpu_hours", mobile + "1")
    assert mean("cpu_hours", "node = 'trip-assistant' AND date < '2024-06-03'") == 0
    assert mean("log_gb", "node = 'trip-assistant' AND date < '2024-09-02'") == 0
    assert mean("log_gb", "node = 'trip-assistant' AND date > '2024-11-02'") > 100


def test_monitoring_has_four_points_a_day_in_the_year(measured: dict[str, Any]) -> None:
    assert [metric["metricId"] for metric in measured["metrics"]] == [
        "builtin:service.requestCount.total",
        "builtin:service.response.time",
    ]
    first = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
    last = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
    for metric in measured["metrics"]:
        assert len(metric["data"]) >= 40
        for series in metric["data"]:
            stamps, values = series["timestamps"], series["values"]
            assert len(stamps) == len(values) > 0
            assert first < stamps[0] < stamps[-1] < last
            assert stamps == sorted(set(stamps))
            assert all(isinstance(value, int) and value > 0 for value in values)
            assert set(series["dimensions"]) == {"dt.entity.service", "service", "segment"}
