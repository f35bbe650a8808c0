"""Billable usage and charges in the ledger: B3, B16, B18, B19 and B20."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench import Bench
from billing import SERVICE, codes, figures, rated, row, table
from deltalake import DeltaTable, write_deltalake
from pyarrow import csv

import apportion as ap
from apportion.findings import Place, Severity
from apportion.ledger import allowances, record_billing, record_rating
from apportion.ledger.damage import require_readable
from apportion.ledger.record_billing import BILLING_STEPS
from apportion.ledger.record_rating import RATING_STEPS
from apportion.ledger.schemas import BILLING_TABLES, CHARGE, RATE, Table
from apportion.report.doubts import rating_doubts

APRIL = date(2023, 4, 1)
DAY = timedelta(days=1)


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "ledger").rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def units_of(bench: Bench) -> list[tuple[Any, ...]]:
    """The rows that count, without the names that are the same everywhere in these tests."""
    return [
        (each["account"], each["date"], each["provider"], each["billable_units"])
        for each in bench.usage()
    ]


def test_b3_a_row_takes_the_place_of_its_key_and_others_stay(bench):
    bench.units(row(APRIL, 5), row(APRIL, 6, provider="firetext"), row(APRIL + DAY, 7))
    bench.units(row(APRIL, 9, "visas"))
    outcome = bench.units(row(APRIL, 4))
    assert outcome.recorded.replaced_rows == 1
    assert outcome.report.notes == ("In place of 1 row with 5 units: 1 row with 4 units.",)
    assert codes(outcome.report.findings) == ["shrunk_day"]
    assert units_of(bench) == [
        ("renewals", APRIL, "firetext", 6),
        ("renewals", APRIL, "mmg", 4),
        ("renewals", APRIL + DAY, "mmg", 7),
        ("visas", APRIL, "mmg", 9),
    ]


@pytest.mark.parametrize(
    "second",
    [
        row(APRIL, 5, provider="firetext"),
        row(APRIL, 5, channel="email"),
        row(APRIL, 5, "visas"),
        row(APRIL + DAY, 5),
    ],
)
def test_b3_a_file_of_one_provider_or_channel_says_nothing_of_anothers(bench, second):
    bench.units(row(APRIL, 100))
    outcome = bench.units(second)
    assert outcome.report.findings == ()
    assert sorted(units for *_, units in units_of(bench)) == [5, 100]


@pytest.mark.parametrize(
    "other", [{"template": "t1"}, {"rate_multiplier": 2}, {"international": True}]
)
def test_b3_rows_that_stay_beside_another_cut_of_the_same_day_are_told(bench, other):
    bench.units(row(APRIL, 100))
    outcome = bench.units(row(APRIL, 60, **other))
    (finding,) = outcome.report.findings
    assert finding.code == "rows_beside"
    assert "1 row with 100 units stays in the ledger and counts too" in finding.message
    assert sum(units for *_, units in units_of(bench)) == 160
    bench.units(row(APRIL, 7, provider="firetext"))
    replaced = bench.units(row(APRIL, 60, **other), replace=True)
    assert (
        replaced.report.notes[0] == "In place of 1 row with 100 units (1.80 GBP in the latest "
        "rating): 0 rows with 0 units."
    )
    assert [units for *_, units in units_of(bench)] == [7, 60]


@pytest.mark.parametrize("name", ["account", "channel", "provider", "template"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_b3_blanks_around_a_name_mean_nothing(bench, name, form):
    """Usage of the provider 'mmg ' was added to that of 'mmg', as of another."""
    plain = row(APRIL, 100, template="t")
    blank = {**plain, "billable_units": 60, name: f" {plain[name]}  "}
    bench.units(plain)
    path = bench.folder / f"blank.{form}"
    write = pq.write_table if form == "parquet" else csv.write_csv
    write(table(blank, row(APRIL, 5, provider="MMG", template="t")), path)
    report = bench.open().ingest("billable", path).report
    assert report.files[0].totals == {"sms": "65"}
    assert units_of(bench) == [("renewals", APRIL, "MMG", 5), ("renewals", APRIL, "mmg", 60)]
    write(table(plain, blank), path)
    with pytest.raises(ap.IngestError) as refused:
        bench.open().ingest("billable", path)
    assert codes(refused.value.findings) == ["duplicate_key"]


@pytest.mark.parametrize("name", ["account", "channel", "provider", "template"])
def test_b3_a_name_with_what_cannot_be_seen_is_refused(bench, name):
    with pytest.raises(ap.IngestError) as refused:
        bench.units({**row(APRIL, 1, template="t"), name: "mmg\t"})
    assert "it holds a character that cannot be seen" in refused.value.findings[0].message


def test_b3_keys_that_are_given_twice_are_told_with_their_lines(bench):
    one, two = bench.folder / "one.csv", bench.folder / "two.parquet"
    other = row(APRIL, 4, template="t")
    csv.write_csv(table(row(APRIL, 1), row(APRIL + DAY, 2), other), one)
    pq.write_table(table(row(APRIL + DAY, 3), *[other] * 3), two)
    with pytest.raises(ap.IngestError) as refused:
        bench.open().ingest("billable", one, two)
    first, second = refused.value.findings
    assert codes([first, second]) == ["duplicate_key"] * 2
    assert first.message.endswith(f"'t': {one}:4, {two}:2, {two}:3 and 1 more.")
    assert second.message.endswith(f"'': {one}:3 and {two}:1.")
    assert second.where == Place(str(one), 3)
    assert second.also == (Place(str(two), 1),)


def test_b3_a_source_of_billable_usage_is_refused(bench):
    with pytest.raises(ap.UsageError) as refused:
        bench.units(row(APRIL, 5), source="mmg")
    assert codes(refused.value.findings) == ["invalid_argument"]
    assert bench.usage() == []


def test_b3_replace_is_refused_where_it_means_nothing(bench):
    path = bench.folder / "usage.csv"
    path.write_text("node,date,metric,value\nnotify,2023-04-01,messages,3\n")
    with pytest.raises(ap.UsageError) as refused:
        bench.open().ingest("usage", path, replace=True)
    assert "Leave out --replace" in refused.value.findings[0].remedy


def test_b3_the_same_rows_again_change_nothing(bench):
    bench.units(row(APRIL, 5), row(APRIL + DAY, 7))
    before = content(bench.folder)
    outcome = bench.units(row(APRIL + DAY, 7), row(APRIL, 5))
    assert outcome.recorded.ingest_id == ""
    after = content(bench.folder)
    assert {name: after[name] for name in before if "parquet" in name} == {
        name: before[name] for name in before if "parquet" in name
    }


def test_b3_what_a_declared_period_would_take_away_is_asked_for(bench):
    bench.units(row(APRIL, 5), row(APRIL, 1009, "visas"), row(APRIL + DAY, 1, "visas"))
    bench.open().rate()
    before = units_of(bench)
    with pytest.raises(ap.IngestError) as refused:
        bench.units(row(APRIL, 4), period=(APRIL, APRIL))
    assert [(each.code, each.message) for each in refused.value.findings] == [
        (
            "unsaid_replacement",
            (
                "Of 2023-04-01, 1 row with 1,009 units (19.98 GBP in the latest rating) would go "
                "and 0 rows with 0 units would come. Nothing was recorded."
            ),
        ),
        (
            "unsaid_replacement",
            (
                "2023-04-01, visas, sms, mmg: 1 row with 1,009 units would go, 0 rows with 0 "
                "units would come."
            ),
        ),
    ]
    assert units_of(bench) == before
    outcome = bench.units(row(APRIL, 4), period=(APRIL, APRIL), replace=True)
    assert outcome.report.notes == (
        "In place of 2 rows with 1,014 units (19.98 GBP in the latest rating): 1 row with 4 units.",
    )
    (finding,) = outcome.report.findings
    assert [(each["account"], each["units"]) for each in finding.details["days"]] == [
        ("renewals", 4),
        ("visas", 0),
    ]
    assert units_of(bench) == [
        ("renewals", APRIL, "mmg", 4),
        ("visas", APRIL + DAY, "mmg", 1),
    ]


@pytest.mark.parametrize("format_name", ["billable", "events"])
def test_b3_a_day_is_emptied_by_saying_so(bench, format_name):
    """A header alone is a failed export, unless it is said of which days it is all there is."""
    bench.units(row(APRIL, 5), row(APRIL + DAY, 6))
    header = {
        "billable": "date,account,channel,billable_units,notifications_sent\n",
        "events": "id,created_at,account,channel,status,key_type,fragments\n",
    }[format_name]
    path = bench.folder / "empty.csv"
    path.write_text(header)
    for said in ({}, {"period": (APRIL, APRIL)}, {"replace": True}):
        with pytest.raises(ap.IngestError) as refused:
            bench.open().ingest(format_name, path, **said)
        assert codes(refused.value.findings) == ["check_saw_no_rows"]
        assert "--replace" in refused.value.findings[0].remedy
    outcome = bench.open().ingest(format_name, path, period=(APRIL, APRIL), replace=True)
    assert outcome.report.notes == ("In place of 1 row with 5 units: 0 rows with 0 units.",)
    assert units_of(bench) == [("renewals", APRIL + DAY, "mmg", 6)]


@pytest.mark.parametrize("step", BILLING_STEPS)
def test_b3_whoever_stops_a_rebuild_leaves_the_day_as_it_was_or_whole(bench, step):
    bench.units(row(APRIL, 5), row(APRIL, 6, "visas"))

    def stop(at: str) -> None:
        if at == step:
            raise KeyboardInterrupt

    path = bench.folder / "units.csv"
    path.write_text(
        "date,account,channel,provider,billable_units,notifications_sent\n"
        "2023-04-01,renewals,sms,mmg,4,4\n"
    )
    with pytest.raises(KeyboardInterrupt):
        bench.open(stop).ingest("billable", path)
    mine = 4 if step == "unlock" else 5
    assert [each["billable_units"] for each in bench.usage()] == [mine, 6]
    bench.open().ingest("billable", path)
    assert [each["billable_units"] for each in bench.usage()] == [4, 6]


def test_b8_rating_the_ledger_is_rating_the_rows(bench):
    rows = [row(APRIL + DAY * shift, 3, provider=name) for shift in range(3) for name in "ab"]
    bench.units(*rows[3:])
    bench.units(*rows[:3])
    workspace = bench.open()
    outcome = workspace.rate()
    assert outcome.is_new
    assert not outcome.findings
    expected = sorted(rated(*rows).to_pylist(), key=lambda each: (each["date"], each["provider"]))
    assert workspace.charges().rows.to_pylist() == expected
    assert outcome.rating.cost == sum(each["cost"] for each in expected)
    assert (outcome.rating.rows, outcome.rating.chargeable_units) == (6, 18)


def test_b8_rating_again_is_done_only_where_something_changed(bench):
    bench.units(row(APRIL, 30))
    first = bench.open().rate()
    assert not bench.open().rate().is_new
    bench.declare(
        nodes=[{"id": "other", "type": "product"}], edges=[], accounts=[{"id": "renewals"}]
    )
    second = bench.open().rate()
    assert second.is_new
    assert second.rating.run_id != first.rating.run_id
    assert len(bench.open().billing.ratings()) == 2


def test_a_run_rates_too_and_says_what_it_read(bench):
    bench.units(row(APRIL, 30))
    costs = bench.folder / "costs.csv"
    costs.write_text("node,date,dimension,amount\nnotify,2023-04-01,all,3\n")
    workspace = bench.open()
    workspace.ingest("costs", costs)
    outcome = workspace.run(APRIL, APRIL)
    assert outcome.rating is not None
    assert outcome.rating.is_new
    assert outcome.run.billable_usage_version == outcome.rating.rating.billable_usage_version > 0


@pytest.mark.parametrize("step", RATING_STEPS)
def test_whoever_stops_a_rating_leaves_the_one_before(bench, step):
    bench.units(row(APRIL, 30))
    bench.open().rate()
    bench.units(row(APRIL, 50))

    def stop(at: str) -> None:
        if at == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.open(stop).rate()
    units = bench.open().charges().rating.chargeable_units
    assert units == (50 if step == "release" else 30)
    assert bench.open().rate().rating.chargeable_units == 50
    folders = list((bench.folder / "ledger" / "charges").glob("run_id=*"))
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(date(2020, 3, 31), 5)], "missing_rate"),
        ([row(APRIL, 5, "gone")], "unknown_account"),
        ([row(APRIL, 5, channel="fax")], "unknown_channel"),
    ],
)
def test_bad_usage_is_refused_with_the_ledger_as_it_was(bench, rows, code):
    bench.units(row(APRIL, 5))
    before = bench.open().rate().rating

    def bill() -> None:
        bench.units(*rows)
        bench.open().rate()

    with pytest.raises(ap.ApportionError) as caught:
        bill()
    assert codes(caught.value.findings) == [code]
    assert bench.open().charges().rating == before


def broken(bench: Bench, why: str) -> dict[str, Any]:
    """Let ``visas`` be impossible to rate, for one of the reasons; gives the model's changes."""
    if why == "amount_overflow":
        rows = [row(APRIL + n * DAY, 10**12, "visas", rate_multiplier=10**6) for n in range(10)]
        bench.units(*rows)
        return {}
    if why == "missing_rate":
        bench.units(row(date(2022, 5, 1), 7, "visas"))
        return {"rates": [{"channel": "sms", "valid_from": APRIL, "rate": "0.02"}]}
    bench.declare(channels=[*SERVICE["channels"], {"id": "fax", "billed": False}])
    bench.units(row(APRIL, 7, "visas", channel="fax"))
    return {"channels": SERVICE["channels"]}


@pytest.mark.parametrize("why", ["amount_overflow", "missing_rate", "unknown_channel"])
def test_b21_one_accounts_error_names_it_and_others_are_rated(bench, why):
    bench.units(row(APRIL, 30), row(APRIL, 5, "parking"))
    expected = bench.open().rate().rating
    bench.declare(**broken(bench, why))
    outcome = bench.open().rate()
    (finding,) = outcome.findings
    assert (finding.code, finding.severity) == (why, Severity.ERROR)
    assert finding.details["account"] == "visas"
    assert finding.message.startswith("visas has ")
    assert finding.message.endswith("The account is not rated.")
    assert (outcome.rating.rows, outcome.rating.cost) == (expected.rows, expected.cost)
    again = bench.open().rate()
    assert not again.is_new
    assert [each.message for each in again.findings] == [finding.message]
    charges = bench.open().charges()
    assert list(charges.not_rated) == ["visas"]
    assert figures(charges.monthly("renewals", 2023), "cost") == [("0.4",)]
    for ask in (
        lambda: charges.monthly("visas", 2023),
        lambda: charges.yearly("visas", 2023),
        lambda: bench.open().billing.statement("visas", 2023),
    ):
        with pytest.raises(ap.UsageError) as refused:
            ask()
        assert codes(refused.value.findings) == ["account_not_rated"]
    members = charges.organisation("home-office", 2023)["account"].to_pylist()
    assert members == ["first-passports", "renewals"]


def test_b21_accounts_that_fail_alike_are_told_in_one_line_and_not_to_others(bench):
    bench.declare(channels=[*SERVICE["channels"], {"id": "fax", "billed": False}])
    fax = [row(APRIL, 7, "visas", channel="fax"), row(APRIL, 4, "parking", channel="fax")]
    bench.units(row(APRIL, 30), *fax, row(APRIL + DAY, 2, "visas", channel="fax"))
    bench.declare()
    bench.open().rate()
    charges = bench.open().charges()
    (told,) = rating_doubts(charges.rating, charges.not_rated, is_current=True)
    assert told.code == "account_not_rated"
    assert told.message.startswith(
        "2 accounts are in no figure, with 13 units that are not charged. The largest: visas has "
    )
    assert told.details["accounts"] == 2
    assert (
        rating_doubts(charges.rating, charges.not_rated, is_current=True, account="renewals") == ()
    )


def test_b21_what_is_not_charged_is_told_of_accounts_that_the_model_lacks_too(bench):
    fax = [*SERVICE["channels"], {"id": "fax", "billed": False}]
    bench.declare(channels=fax, accounts=[*SERVICE["accounts"], {"id": "gone"}])
    bench.units(row(APRIL, 30), row(APRIL, 7, "gone", channel="fax"))
    bench.declare()
    bench.open().rate()
    charges = bench.open().charges()
    (told,) = rating_doubts(charges.rating, charges.not_rated, is_current=True)
    assert told.message.startswith("gone is in no figure, with 7 units that are not charged: ")


def test_b21_where_the_last_account_fails_nothing_is_published(bench):
    bench.declare(**broken(bench, "missing_rate"))
    with pytest.raises(ap.RunError) as refused:
        bench.open().rate()
    assert codes(refused.value.findings) == ["missing_rate"]
    assert bench.open().billing.ratings() == []


def test_b21_accounts_that_together_are_too_many_leave_out_the_largest(bench):
    def rows(account: str, count: int) -> list[dict[str, Any]]:
        return [row(APRIL + n * DAY, 10**12, account, rate_multiplier=10**6) for n in range(count)]

    bench.units(*rows("visas", 6), *rows("renewals", 5), row(APRIL, 5, "parking"))
    outcome = bench.open().rate()
    (finding,) = outcome.findings
    assert finding.details["account"] == "visas"
    assert "with those of the other accounts they are more than 9,223," in finding.message
    assert outcome.rating.chargeable_units == 5 * 10**18 + 5


def test_b21_usage_of_an_account_that_the_model_lost_is_rated_and_warned_of(bench):
    bench.units(row(APRIL, 30), row(APRIL, 7, "visas"))
    bench.open().rate()
    without = [each for each in SERVICE["accounts"] if each["id"] != "visas"]
    bench.declare(accounts=without)
    outcome = bench.open().rate()
    (finding,) = outcome.findings
    assert (finding.code, finding.severity) == ("unknown_account", Severity.WARNING)
    assert finding.details["account"] == "visas"
    charges = bench.open().charges()
    # Its organisation is not known any more, so that what is free is the figure for 'other'.
    assert figures(charges.monthly("visas", 2023), "charged_units", "cost") == [(4, "0.08")]
    assert "visas" in charges.accounts(APRIL, APRIL)["account"].to_pylist()
    assert bench.open().billing.statement("visas", 2023).total_shown == "0.08"
    assert figures(charges.monthly("renewals", 2023), "cost") == [("0.4",)]


def test_a_ledger_of_nine_decimals_is_rated_on_and_answers_as_before(bench, monkeypatch):
    """Rates had nine decimals, and so had the tables of an older program."""

    def narrow(table: Table) -> Table:
        kinds = {RATE: pa.decimal128(18, 9), CHARGE: pa.decimal128(38, 9)}
        found = [it.with_type(kinds.get(it.type, it.type)) for it in table.schema]
        return replace(table, schema=pa.schema(found))

    with monkeypatch.context() as older:
        for name in ("RATINGS", "CHARGES"):
            older.setattr(record_rating, name, narrow(getattr(record_rating, name)))
        tables = tuple(map(narrow, BILLING_TABLES))
        for module in (record_rating, record_billing, allowances):
            older.setattr(module, "BILLING_TABLES", tables)
        bench.units(row(APRIL, 30))
        before = bench.open().rate().rating
    assert bench.open().charges().rating.cost == before.cost
    bench.declare(rates=[{"channel": "sms", "valid_from": APRIL, "rate": "0.000000000001"}])
    after = bench.open().rate().rating
    assert after.cost == 20 * Decimal("0.000000000001")
    assert bench.open().charges(before.run_id).rating.cost == before.cost
    told = bench.open().charges(before.run_id).rows
    assert told["cost"].to_pylist() == [Decimal("0.4")]
    moved = bench.open().billing.changes(before.run_id)
    assert figures(moved, "figure", "new")[-1] == ("cost", "0.000000000020")


ASKED = {
    "rate": lambda it: it.rate(),
    "is it current": lambda it: it.billing.is_current(it.billing.ratings()[0]),
    "is it ready": lambda it: require_readable(it.store),
    "read an allowance": lambda it: it.billing.allowance("visas", "sms", 2023),
    "set an allowance": lambda it: it.billing.set_allowance("visas", "sms", 2023, 6),
    "is there usage": lambda it: it.billing.has_usage(),
    "ingest": lambda it: it.ingest("billable", Path(it.folder) / "units.parquet"),
}


@pytest.mark.parametrize(
    ("table", "questions"),
    [
        ("allowances", ["rate", "is it current", "is it ready", "read an allowance"]),
        ("allowances", ["set an allowance"]),
        ("billing_ingests", ["rate", "is it current", "is it ready", "is there usage", "ingest"]),
    ],
)
def test_a_lost_record_that_a_rating_has_read_is_told(bench, table, questions):
    bench.units(row(APRIL, 1))
    workspace = bench.open()
    workspace.billing.set_allowance("visas", "sms", 2023, 5)
    workspace.rate()
    require_readable(workspace.store)
    max((bench.folder / "ledger" / table / "_delta_log").glob("*.json")).unlink()
    for question in questions:
        with pytest.raises(ap.LedgerError) as refused:
            ASKED[question](bench.open())
        (finding,) = refused.value.findings
        assert finding.code == "damaged_ledger", question
        assert repr(table) in finding.message


def test_a_ledger_without_a_column_of_now_is_rated_and_has_it_afterwards(bench):
    bench.units(row(APRIL, 1))
    bench.open().rate()
    folder = bench.folder / "ledger" / "ratings"
    older = DeltaTable(folder).to_pyarrow_table().drop_columns("allowances_version")
    write_deltalake(folder, older, mode="overwrite", schema_mode="overwrite")
    bench.units(row(APRIL, 2))
    assert bench.open().rate().is_new
    known = DeltaTable(folder).to_pyarrow_table()["allowances_version"].to_pylist()
    assert sorted(known, key=str) == [0, None]
