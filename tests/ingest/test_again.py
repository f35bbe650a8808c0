"""Ingesting again: the same content changes nothing, a corrected file replaces (`A28`)."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from inputs import (
    COMPANY,
    bill,
    costs,
    day,
    fingerprint,
    parquet,
    recorded,
    usage,
    written,
)

import apportion as ap

Make = Callable[..., ap.Workspace]


@pytest.fixture
def here(workspace: Make) -> ap.Workspace:
    """An empty workspace of the small company."""
    return workspace(COMPANY)


def sums(workspace: ap.Workspace, table: str = "costs", key: str = "source") -> dict[Any, Decimal]:
    """What the ledger holds, by one column."""
    found: dict[Any, Decimal] = {}
    for row in recorded(workspace, table):
        found[row[key]] = (
            found.get(row[key], Decimal(0)) + row["amount" if table == "costs" else "value"]
        )
    return found


def test_the_same_bill_in_any_order_name_or_shape_changes_nothing(here: ap.Workspace) -> None:
    lines = [{"EffectiveCost": f"{n}.5", "ServiceCategory": f"c{n % 3}"} for n in range(9)]
    first = here.ingest("focus", bill("a.csv", *lines))
    assert first.recorded.ingest_id
    before = counting(here.folder)
    columns = {
        name: pa.array(column).cast(pa.string())
        for name, column in pacsv.read_csv(
            bill("b.csv", *lines[::-1]),
            convert_options=pacsv.ConvertOptions(strings_can_be_null=False),
        )
        .to_pydict()
        .items()
        if name not in ("ChargePeriodStart", "ChargePeriodEnd")
        and not name.startswith("BillingPeriod")
    }
    moments = {
        "ChargePeriodStart": ["2024-09-02"] * 9,
        "ChargePeriodEnd": ["2024-09-03"] * 9,
        "BillingPeriodStart": ["2024-09-01"] * 9,
        "BillingPeriodEnd": ["2024-10-01"] * 9,
    }
    for path in (Path("a.csv"), Path("b.csv"), parquet("c.parquet", **columns, **moments)):
        again = here.ingest("focus", path)
        assert (again.recorded.ingest_id, again.recorded.rows) == ("", 3)
        assert counting(here.folder) == before
    assert [each.outcome for each in here.deliveries()] == ["repeat"] * 3 + ["kept"]


def counting(folder: Path) -> dict[str, str]:
    """All files but those that note what came in, repeats among them."""
    noted = "ledger/deliveries/"
    return {name: mark for name, mark in fingerprint(folder).items() if noted not in name}


def test_a_corrected_bill_replaces_its_period_and_no_other(here: ap.Workspace) -> None:
    august = {
        "BillingPeriodStart": "2024-08-01",
        "BillingPeriodEnd": "2024-09-01",
        "ChargePeriodStart": "2024-08-05",
        "ChargePeriodEnd": "2024-08-06",
    }
    other = {"BillingAccountId": "other"}
    here.ingest("focus", bill("a.csv", {}, {**august, "EffectiveCost": "7"}, other))
    corrected = here.ingest("focus", bill("b.csv", {"EffectiveCost": "5"}, {"EffectiveCost": "-1"}))
    assert (corrected.recorded.rows, corrected.recorded.replaced_rows) == (1, 1)
    assert sums(here) == {"AWS/acme": 11, "AWS/other": 1}
    assert {
        row["period"]: row["amount"] for row in recorded(here) if row["source"] != "AWS/other"
    } == {
        "2024-08-01/2024-08-31": 7,
        "2024-09-01/2024-09-30": 4,
    }


def test_a_charge_of_an_earlier_month_on_a_later_bill_adds_to_it(here: ap.Workspace) -> None:
    """A refund comes weeks later on another bill, which says nothing of what the first said."""
    here.ingest("focus", bill("a.csv", {"EffectiveCost": "10"}))
    later = {"BillingPeriodStart": "2024-10-01", "BillingPeriodEnd": "2024-11-01"}
    here.ingest("focus", bill("b.csv", {**later, "EffectiveCost": "-3"}))
    assert sums(here, key="date") == {day(2): 7}


def test_lines_that_moved_between_bills_are_no_repetition(here: ap.Workspace) -> None:
    def lines(first: str, second: str) -> list[dict[str, str]]:
        return [
            {"BillingAccountId": first, "EffectiveCost": "1"},
            {"BillingAccountId": second, "EffectiveCost": "2"},
        ]

    here.ingest("focus", bill("a.csv", *lines("a", "b")))
    here.ingest("focus", bill("b.csv", *lines("b", "a")))
    assert sums(here) == {"AWS/a": 2, "AWS/b": 1}


def test_equal_bills_of_two_accounts_are_two_bills(here: ap.Workspace) -> None:
    here.ingest("focus", bill("a.csv", {"BillingAccountId": "a"}))
    second = here.ingest("focus", bill("b.csv", {"BillingAccountId": "b"}))
    assert second.recorded.same_as == ""
    assert sums(here) == {"AWS/a": 1, "AWS/b": 1}


def test_plain_costs_under_another_file_name_are_known(here: ap.Workspace) -> None:
    here.ingest("costs", costs("january.csv", {}, {"amount": "2"}))
    before = fingerprint(here.folder)
    again = here.ingest("costs", costs("copy.csv", {"amount": "2"}, {}))
    assert (again.recorded.ingest_id, again.recorded.same_as) == ("", "january")
    assert fingerprint(here.folder) == before


def test_a_copy_counts_again_once_the_first_was_corrected(here: ap.Workspace) -> None:
    here.ingest("costs", costs("january.csv", {}))
    here.ingest("costs", costs("january.csv", {"amount": "3"}))
    assert here.ingest("costs", costs("copy.csv", {}), source="copy").recorded.ingest_id
    assert sums(here) == {"january": 3, "copy": Decimal("10.5")}


def test_plain_costs_replace_the_days_of_their_source(here: ap.Workspace) -> None:
    here.ingest("costs", costs("a.csv", *({"date": f"2024-01-0{n}"} for n in range(1, 6))))
    some = [{"date": "2024-01-02", "amount": "1"}, {"date": "2024-01-04", "amount": "1"}]
    corrected = here.ingest("costs", costs("a.csv", *some))
    assert corrected.recorded.replaced_rows == 3
    by_day = sums(here, key="date")
    # The day between them is not mentioned, so it stays.
    assert [str(by_day[each].normalize()) for each in sorted(by_day)] == [
        "10.5",
        "1",
        "10.5",
        "1",
        "10.5",
    ]


def test_a_named_source_and_period_replace_what_they_say(here: ap.Workspace) -> None:
    january = (day(1), day(30))
    here.ingest("costs", costs("a.csv", {"date": "2024-09-03"}), source="aws", period=january)
    here.ingest("costs", costs("b.csv", {"date": "2024-09-20"}), source="aws", period=january)
    assert [row["date"] for row in recorded(here)] == [day(20)]


def test_usage_replaces_only_the_metrics_it_speaks_of(here: ap.Workspace) -> None:
    both = [{"metric": "requests"}, {"metric": "errors"}]
    here.ingest("usage", usage("a.csv", *both), source="meter")
    here.ingest("usage", usage("b.csv", {"value": "9"}), source="meter")
    assert sums(here, "usage", "metric") == {"requests": 9, "errors": 5}
    before = fingerprint(here.folder)
    assert not here.ingest(
        "usage", usage("c.csv", {"value": "9.0"}), source="meter"
    ).recorded.ingest_id
    assert fingerprint(here.folder) == before


def test_metrics_again_and_corrected(workspace: Make) -> None:
    here = workspace({**COMPANY, "metric_nodes": [{"node": "checkout"}]})

    def metrics(*values: int) -> Path:
        stamps = [1_704_067_200_000 + 60_000 * place for place in range(len(values))]
        data = [{"dimensions": {}, "timestamps": stamps, "values": list(values)}]
        metric = {"metricId": "builtin:service.requestCount.total", "data": data}
        return written("m.json", {"metrics": [metric]})

    here.ingest("dynatrace", metrics(1, 2))
    assert not here.ingest("dynatrace", metrics(2, 1)).recorded.ingest_id
    here.ingest("dynatrace", metrics(5))
    assert sums(here, "usage", "metric") == {"http_requests": 5}


def test_a_refused_file_changes_nothing(here: ap.Workspace) -> None:
    here.ingest("costs", costs("a.csv", {}))
    before = fingerprint(here.folder)
    bad = costs("b.csv", {"amount": "1", "dimension": "disk"}, {"amount": "x"})
    with pytest.raises(ap.IngestError):
        here.ingest("costs", bad)
    assert fingerprint(here.folder) == before
    here.ingest("costs", bad, reject_file="bad.csv")
    assert sums(here) == {"a": Decimal("10.5"), "b": 1}
