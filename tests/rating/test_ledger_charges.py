"""Allowances, margins, metrics and statements from the ledger: B16, B18, B19 and B20."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from bench import Bench
from billing import codes, figures, row, service, table

import apportion as ap
from apportion.rating.metrics import usage_metrics

APRIL = date(2023, 4, 1)
DAY = timedelta(days=1)


def test_b16_a_past_year_changes_alone(bench):
    billing = bench.open().billing
    for year in (2021, 2023, 2024, 2026):
        billing.set_allowance("renewals", "sms", year, year)
    # It is the June of 2024, so that 2023 is over.
    changed = billing.set_allowance("renewals", "sms", 2021, 7)
    assert [each.year for each in changed] == [2021]
    assert [billing.allowance("renewals", "sms", year).units for year in (2021, 2023)] == [7, 2023]


def test_b16_a_past_year_does_not_change_what_carried_over_from_it(bench):
    figure = {"account": "renewals", "channel": "sms", "year": 2022, "units": 300, "custom": True}
    bench.declare(allowances=[figure])
    billing = bench.open().billing
    before = {year: billing.allowance("renewals", "sms", year).units for year in range(2021, 2026)}
    assert before[2023] == 300
    billing.set_allowance("renewals", "sms", 2022, 250)
    after = {year: billing.allowance("renewals", "sms", year).units for year in range(2021, 2026)}
    assert after == before | {2022: 250}


def test_b22_a_file_s_allowance_that_was_set_otherwise_since_is_told(bench):
    figure = {"account": "renewals", "channel": "sms", "year": 2024, "units": 300, "custom": True}
    bench.declare(allowances=[figure])
    bench.units(row(APRIL, 1))
    assert bench.open().validate() == ()
    bench.open().billing.set_allowance("renewals", "sms", 2024, 250)
    for found in (bench.open().validate(), bench.open().rate().findings):
        assert codes(found) == ["overruled_setting"]
        assert "is 300 and decides nothing: 250 was set by command since" in found[0].message
    bench.declare(allowances=[{**figure, "units": 250}])
    assert bench.open().validate() == ()


@pytest.mark.parametrize(("year", "years"), [(2024, [2024, 2026]), (2025, [2025, 2026])])
def test_b16_this_year_or_a_later_one_also_changes_the_later_ones_that_exist(bench, year, years):
    bench.declare(allowances=[{"account": "renewals", "channel": "sms", "year": 2026, "units": 1}])
    billing = bench.open().billing
    changed = billing.set_allowance("renewals", "sms", year, 99)
    assert [each.year for each in changed] == years
    assert billing.allowance("renewals", "sms", 2026).units == 99
    assert billing.allowance("visas", "sms", 2026).units == 10


def test_b16_which_year_it_is_is_decided_in_the_workspace_s_zone(bench):
    bench.clock.at = bench.clock.at.replace(month=3, day=31, hour=23, minute=30)
    bench.declare(
        time_zone="Asia/Tokyo",
        allowances=[{"account": "renewals", "channel": "sms", "year": 2024, "units": 1}],
    )
    # In Tokyo the financial year 2024 has begun, so that 2023 is over.
    changed = bench.open().billing.set_allowance("renewals", "sms", 2023, 99)
    assert [each.year for each in changed] == [2023]


def test_b16_what_nobody_set_is_a_default_and_says_so(bench):
    billing = bench.open().billing
    found = billing.allowance("renewals", "sms", 2024)
    assert (found.units, found.is_default, str(found.origin)) == (10, True, "default")
    billing.set_allowance("renewals", "sms", 2024, 5)
    mine = billing.allowance("renewals", "sms", 2024)
    assert (mine.units, mine.is_default) == (5, False)
    following = billing.allowance("renewals", "sms", 2025)
    assert (following.units, str(following.origin)) == (5, "carried_over")


def test_b16_what_was_set_counts_from_the_next_rating_on(bench):
    bench.units(row(APRIL, 30))
    workspace = bench.open()
    workspace.rate()
    workspace.billing.set_allowance("renewals", "sms", 2023, 29)
    assert workspace.rate().rating.cost == Decimal("0.02")
    assert workspace.charges().model.own_allowances["renewals", "sms", 2023].units == 29


@pytest.mark.parametrize("units", [-1, 1.5, True, 10**13, "many"])
def test_b16_what_is_no_count_of_units_is_refused(bench, units):
    billing = bench.open().billing
    with pytest.raises(ap.UsageError):
        billing.set_allowance("renewals", "sms", 2024, units)
    with pytest.raises(ap.UsageError):
        billing.set_allowance("nobody", "sms", 2024, 1)
    with pytest.raises(ap.UsageError):
        billing.allowance("renewals", "fax", 2024)


def test_b18_every_figure_that_moved_since_a_rating_or_a_run(bench):
    bench.units(row(APRIL, 30), row(date(2023, 5, 2), 4))
    workspace = bench.open()
    before = workspace.rate().rating.run_id
    costs = bench.folder / "costs.csv"
    costs.write_text("node,date,dimension,amount\nnotify,2023-04-01,all,3\n")
    workspace.ingest("costs", costs)
    run = workspace.run(APRIL, APRIL).run.run_id
    bench.units(row(APRIL, 29))
    workspace.rate()
    for since in (before, before[:-1], run):
        moved = workspace.billing.changes(since)
        assert figures(moved, "account", "year", "month", "figure", "old", "new") == [
            ("renewals", 2023, "April", "notifications_sent", "30", "29"),
            ("renewals", 2023, "April", "billable_units", "30", "29"),
            ("renewals", 2023, "April", "chargeable_units", "30", "29"),
            ("renewals", 2023, "April", "charged_units", "20", "19"),
            ("renewals", 2023, "April", "cost", "0.400000000000", "0.380000000000"),
        ]
    with pytest.raises(ap.LedgerError):
        workspace.billing.changes("2019")


def test_b19_margin_from_the_ledger(bench):
    # No run covers the second day, so what was charged on it is in no figure.
    bench.units(row(APRIL, 60), row(APRIL, 30, "visas"), row(APRIL + DAY, 50))
    costs = bench.folder / "costs.csv"
    costs.write_text("node,date,dimension,amount\nnotify,2023-04-01,all,3\n")
    workspace = bench.open()
    workspace.ingest("costs", costs)
    workspace.run(APRIL, APRIL)
    found = workspace.billing.margin(APRIL, APRIL + DAY)
    assert {line.id: str(line.margin) for line in found.lines} == {
        "": "0E-12",
        "borders": "-1.000000000000",
        "passports": "0E-12",
        "visas": "-0.600000000000",
    }
    assert found.gaps == ((APRIL + DAY, APRIL + DAY),)
    assert workspace.billing.margin(APRIL, APRIL, "account").total.charges == Decimal("1.4")
    with pytest.raises(ap.UsageError):
        workspace.billing.margin(APRIL, APRIL, "by what")


BY_FRAGMENTS: list[dict[str, Any]] = [
    {
        "source": "notify",
        "receiver": ["passports", "visas"],
        "strategy": "proportional_on",
        "parameters": {
            "metric": "sms.chargeable_units",
            "segment_filter": {"label": "provider", "operator": "in", "values": ["mmg"]},
        },
    }
]
NODES = [each for each in service().to_dict()["nodes"] if each["id"] != "borders"]


def test_b20_a_provider_s_bill_is_split_by_what_was_sent_with_no_second_import(bench):
    bench.declare(nodes=NODES, edges=BY_FRAGMENTS)
    bench.units(
        row(APRIL, 10, rate_multiplier=3),
        row(APRIL, 10, "first-passports"),
        row(APRIL, 20, "visas"),
        row(APRIL, 1000, "visas", provider="firetext"),
        row(APRIL, 500, "parking"),
    )
    costs = bench.folder / "costs.csv"
    costs.write_text("node,date,dimension,amount\nnotify,2023-04-01,all,6\n")
    workspace = bench.open()
    workspace.ingest("costs", costs)
    workspace.run(APRIL, APRIL)
    rows = workspace.result().allocations.to_pylist()
    assert {each["node"]: each["holistic"] for each in rows} == {
        "notify": 6,
        "passports": 4,
        "visas": 2,
    }
    assert workspace.result().ingests_since == 0
    bench.units(row(APRIL + DAY, 7, "visas"))
    assert bench.open().result().ingests_since == 0, "that is of another day"
    bench.units(row(APRIL, 900, "visas", provider="late"))
    assert bench.open().result().ingests_since == 1, "shares would be others now"


def test_b20_usage_metrics_in_memory_give_the_same(bench):
    model = service(nodes=NODES, edges=BY_FRAGMENTS)
    usage = usage_metrics(
        model,
        table(row(APRIL, 10, rate_multiplier=4), row(APRIL, 20, "visas"), row(APRIL, 9, "parking")),
    )
    assert set(usage["metric"].to_pylist()) == {
        "sms.chargeable_units",
        "sms.billable_units",
        "sms.notifications_sent",
    }
    assert set(usage["node"].to_pylist()) == {"passports", "visas"}
    costs = pa.table({"node": ["notify"], "date": [APRIL], "dimension": ["all"], "amount": ["6"]})
    result = ap.attribute(model, costs, usage, start=APRIL, end=APRIL)
    assert {each["node"]: each["holistic"] for each in result.allocations.to_pylist()} == {
        "notify": 6,
        "passports": 4,
        "visas": 2,
    }


def test_b20_chargeable_units_of_what_is_not_billed_know_no_multiplier():
    rows = [row(APRIL, 10, rate_multiplier=4, channel="email")]
    usage = usage_metrics(service(), table(*rows)).to_pylist()
    found = {each["metric"]: each["value"] for each in usage}
    assert found["email.chargeable_units"] == found["email.billable_units"] == 10


def test_nothing_is_rated_where_nothing_was_used(bench):
    outcome = bench.open().rate()
    assert (outcome.rating.rows, outcome.rating.cost) == (0, 0)
    assert bench.open().charges().monthly("renewals", 2023).num_rows == 0


def test_without_a_rating_there_are_no_charges(bench):
    with pytest.raises(ap.LedgerError) as caught:
        bench.open().charges()
    assert codes(caught.value.findings) == ["no_run"]


def test_a_statement_from_the_ledger(bench: Bench):
    bench.units(row(APRIL, 30))
    workspace = bench.open()
    workspace.rate()
    assert workspace.billing.statement("renewals", 2023).total_shown == "0.40"
    assert workspace.billing.statement("renewals", 2023, "May").total_shown == "0.00"


def test_a_run_leads_to_its_rating_though_the_clock_was_set_back(bench):
    bench.units(row(APRIL, 30))
    workspace = bench.open()
    workspace.rate()
    costs = bench.folder / "costs.csv"
    costs.write_text("node,date,dimension,amount\nnotify,2023-04-01,all,3\n")
    workspace.ingest("costs", costs)
    run = workspace.run(APRIL, APRIL).run
    bench.clock.at -= 365 * DAY
    bench.units(row(APRIL, 29))
    later = workspace.rate().rating.run_id
    assert workspace.charges(run.run_id).rating.run_id == run.rating != later
    assert workspace.charges().rating.run_id == later
