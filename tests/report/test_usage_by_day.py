"""What a node used day by day, as the run that answers for the day read it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from ledgers import write_company

import apportion as ap
from apportion.recorded_result import RecordedResult
from apportion.report.listing import Wanted
from apportion.report.timeseries import as_data, cost_by_day, usage_by_day

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)


def used(result: RecordedResult, node: str) -> list[tuple[date, str, Decimal]]:
    found = usage_by_day(result.connect_usage(), Wanted(FIRST, SECOND), node, "USD")
    return [(row["date"], row["metric"], row["value"]) for row in found.rows.to_pylist()]


def test_usage_is_that_which_the_run_of_the_day_read(tmp_path: Path) -> None:
    folder = write_company(tmp_path / "company")
    workspace = ap.Workspace(folder)
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    workspace.ingest("usage", folder / "usage.csv", source="monitor")
    workspace.run(FIRST, SECOND)
    later = folder / "later.csv"
    later.write_text(
        "node,date,metric,value\n"
        "search,2024-01-01,queries,200\n"
        "search,2024-01-02,queries,500\n"
        "search,2024-01-02,minutes,1.5\n"
    )
    workspace.ingest("usage", later, source="monitor")
    queries = [(FIRST, "queries", Decimal(2)), (SECOND, "queries", Decimal(5))]
    assert used(workspace.result(), "search") == queries
    workspace.run(SECOND, SECOND)
    assert used(workspace.result(FIRST, SECOND), "search") == [
        queries[0],
        (SECOND, "minutes", Decimal("1.5")),
        (SECOND, "queries", Decimal(500)),
    ]
    result, wanted = workspace.result(FIRST, SECOND), Wanted(FIRST, SECOND)
    connection = result.connect_usage()
    cost = cost_by_day(connection, wanted, "search", "USD")
    said = as_data("search", cost, usage_by_day(connection, wanted, "search", "USD"))
    assert [row["date"] for row in said["cost"]] == [FIRST, SECOND]
    assert len(said["usage"]) == 3
    assert said["cost"][0]["retained"] == cost.rows["retained"][0].as_py()
    assert used(result, "database") == []
