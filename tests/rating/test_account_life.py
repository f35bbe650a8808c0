"""Accounts have a life (`B21`): former ids, and a last day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bench import Bench
from billing import SERVICE, codes, figures, rated, row, service, table

import apportion as ap
from apportion.rating.metrics import usage_metrics

APRIL = date(2023, 4, 1)
DAY = timedelta(days=1)


def accounts(**of_renewals: Any) -> list[dict[str, Any]]:
    return [
        {**each, **of_renewals} if each["id"] == "renewals" else each
        for each in SERVICE["accounts"]
    ]


RENAMED = accounts(former_ids=["passport-renewals"])


def test_b21_usage_of_a_former_id_counts_for_the_account_and_shares_its_allowance():
    plain = rated(row(APRIL, 6), row(APRIL + DAY, 30))
    model = service(accounts=RENAMED)
    renamed = rated(row(APRIL, 6, "passport-renewals"), row(APRIL + DAY, 30), model=model)
    assert renamed.findings == plain.findings
    assert figures(renamed, "account", "cost") == figures(plain, "account", "cost")


def test_b21_the_ledger_rates_a_former_id_as_the_account(bench: Bench):
    bench.declare(accounts=RENAMED)
    bench.units(row(APRIL, 6, "passport-renewals"), row(APRIL + DAY, 30))
    outcome = bench.open().rate()
    assert outcome.findings == ()
    assert outcome.rating.rows == 2
    charges = bench.open().charges()
    assert figures(charges.yearly("renewals", 2023), "chargeable_units") == [(36,)]


def test_b21_an_account_that_fails_takes_its_former_id_with_it(bench: Bench):
    rates = [{"channel": "sms", "valid_from": APRIL, "rate": "0.02"}]
    old = row(date(2022, 5, 1), 7, "passport-renewals")
    bench.declare(accounts=RENAMED)
    bench.units(old, row(APRIL, 3), row(APRIL, 4, "visas"))
    bench.declare(accounts=RENAMED, rates=rates)
    outcome = bench.open().rate()
    assert [each.details["account"] for each in outcome.findings] == ["renewals"]
    assert outcome.rating.rows == 1


def test_b21_an_allowance_set_under_a_former_id_stays_with_the_account(bench: Bench):
    bench.declare(accounts=[*SERVICE["accounts"], {"id": "passport-renewals"}])
    bench.open().billing.set_allowance("passport-renewals", "sms", 2024, 77)
    bench.declare(accounts=RENAMED)
    assert bench.open().billing.allowance("renewals", "sms", 2024).units == 77


def test_b21_metrics_are_of_the_account_s_product_under_its_former_id():
    usage = table(row(APRIL, 6, "passport-renewals"))
    rows = usage_metrics(service(accounts=RENAMED), usage)
    assert set(rows["node"].to_pylist()) == {"passports"}


@pytest.mark.parametrize(
    "other",
    [{"id": "old", "former_ids": ["passport-renewals"]}, {"id": "passport-renewals"}],
    ids=["both had it", "one has it"],
)
def test_b21_two_accounts_that_claim_one_id_are_an_error_with_its_place(bench: Bench, other):
    bench.declare(accounts=[*RENAMED, other])
    (finding,) = bench.open().validate()
    assert finding.code == "duplicate_key"
    assert "'passport-renewals'" in finding.message
    assert finding.where.file.endswith("service.yaml")
    assert finding.where.line


def test_b21_usage_after_the_last_day_is_charged_and_told_with_its_money():
    model = service(accounts=accounts(active_to=APRIL))
    charges = rated(row(APRIL, 30), row(APRIL + DAY, 5), model=model)
    (finding,) = charges.findings
    assert codes(charges.findings) == ["ended_account"]
    assert finding.details["units"] == 5
    assert Decimal(finding.details["cost"]) == charges.to_pylist()[1]["cost"] > 0
    assert "renewals ended on 2023-04-01 and has usage on 2023-04-02" in finding.message
    assert rated(row(APRIL, 30), model=model).findings == ()


def test_b21_the_life_of_an_account_is_in_the_model_s_own_form():
    model = service(accounts=accounts(active_to=APRIL, former_ids=["b", "a"]))
    again = ap.Model.from_dict(model.to_dict())
    assert again.account_index["renewals"].former_ids == ("a", "b")
    assert again.account_index["renewals"].active_to == APRIL


def test_b21_rows_of_both_ids_with_one_key_share_the_allowance_in_one_order(bench: Bench):
    bench.declare(accounts=RENAMED)
    months = []
    for first, second in ((6, 30), (30, 6)):
        usage = [row(APRIL, first, "passport-renewals"), row(APRIL, second)]
        charges = rated(*usage, model=service(accounts=RENAMED))
        months.append(sorted(figures(charges, "billable_units", "free_allowance_used")))
    assert months[0] == months[1]


def units_held(bench: Bench) -> list[tuple[Any, ...]]:
    return [(each["account"], each["template"], each["billable_units"]) for each in bench.usage()]


@pytest.mark.parametrize("first", ["passport-renewals", "renewals"])
@pytest.mark.parametrize("second", ["passport-renewals", "renewals"])
def test_b21_a_delivery_takes_the_place_of_what_came_under_a_former_id(bench, first, second):
    """Usage under an account's old id and its new one was added up: 16 units in place of 8."""
    old = [*SERVICE["accounts"], {"id": "passport-renewals"}]
    bench.declare(accounts=old)
    bench.units(row(APRIL, 8, first), row(APRIL, 3, first, template="t"))
    bench.open().rate()
    bench.declare(accounts=RENAMED)
    same = bench.units(row(APRIL, 8, second), row(APRIL, 3, second, template="t"))
    assert same.recorded.ingest_id == ""
    assert units_held(bench) == [("renewals", "", 8), ("renewals", "t", 3)]
    fewer = bench.units(row(APRIL, 7, second))
    assert fewer.report.notes[0].startswith("In place of 1 row with 8 units (0.")
    assert codes(fewer.report.findings) == ["shrunk_day", "rows_beside"]
    assert units_held(bench) == [("renewals", "", 7), ("renewals", "t", 3)]
    with pytest.raises(ap.IngestError) as refused:
        bench.units(row(APRIL, 7, second), period=(APRIL, APRIL))
    assert "1 row with 3 units" in refused.value.findings[0].message
    bench.units(row(APRIL, 7, second), replace=True)
    assert units_held(bench) == [("renewals", "", 7)]


def test_b21_a_delivery_takes_the_place_of_rows_under_both_ids(bench: Bench):
    bench.declare(accounts=[*SERVICE["accounts"], {"id": "passport-renewals"}])
    bench.units(row(APRIL, 8, "passport-renewals"), row(APRIL, 8), row(APRIL, 1, "visas"))
    bench.declare(accounts=RENAMED)
    outcome = bench.units(row(APRIL, 8))
    assert outcome.report.notes == ("In place of 2 rows with 16 units: 1 row with 8 units.",)
    assert codes(outcome.report.findings) == ["shrunk_day"]
    assert units_held(bench) == [("renewals", "", 8), ("visas", "", 1)]


def test_b21_both_ids_of_an_account_in_one_file_are_one_key(bench: Bench):
    bench.declare(accounts=RENAMED)
    with pytest.raises(ap.IngestError) as refused:
        bench.units(row(APRIL, 8, "passport-renewals"), row(APRIL, 8))
    assert codes(refused.value.findings) == ["duplicate_key"]


def test_b21_an_event_is_the_same_under_either_id_of_its_account(bench: Bench):
    sent = "sms,sent,normal,mmg,1,1"
    lines = [f"{n},2023-04-01T12:00:00Z,passport-renewals,{sent}" for n in (1, 2)]
    bench.declare(accounts=[*SERVICE["accounts"], {"id": "passport-renewals"}])
    bench.events(lines)
    bench.declare(accounts=RENAMED)
    now = [f"{n},2023-04-01T12:00:00Z,renewals,{sent}" for n in (1, 2)]
    outcome = bench.events([*lines, *now])
    assert outcome.report.notes[0] == "Told again, and counted once: 2 events."
    assert codes(outcome.report.findings) == ["events_as_before"]
    assert units_held(bench) == [("renewals", "", 2)]
    late = f"3,2023-04-01T12:00:00Z,renewals,{sent}"
    with pytest.raises(ap.IngestError) as refused:
        bench.events([*now, late])
    assert codes(refused.value.findings) == ["unsaid_replacement"] * 2
    bench.events([*now, late], replace=True)
    assert units_held(bench) == [("renewals", "", 3)]
