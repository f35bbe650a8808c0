"""What counts after deliveries that people really had (`D3`, `D4`): what is known counts once.

The first are cases from the field, the others of the same kinds: two spellings, two cuts, two
deliveries. What should count is summed here from the files alone, with ``csv`` and decimals.
"""

import csv
import gzip
import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import apportion as ap
from apportion.findings import Finding
from apportion.ledger.runs import pinned_versions
from apportion.ledger.schemas import COSTS, INGESTS
from apportion.ledger.store import read

MODEL: dict[str, Any] = {
    "nodes": [{"id": name, "type": "resource"} for name in ("servers", "database")],
    "mapping": [
        {
            "when": {"tag": "node", "exists": True},
            "node": "{tag.node}",
            "dimension": "{ServiceCategory}",
        }
    ],
}
LINE = {
    "BilledCost": "1",
    "BillingAccountId": "100200300400",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2024-09-01T00:00:00Z",
    "BillingPeriodEnd": "2024-10-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2024-09-03T00:00:00Z",
    "ChargePeriodEnd": "2024-09-04T00:00:00Z",
    "EffectiveCost": "10.00",
    "InvoiceIssuerName": "Amazon Web Services, Inc.",
    "ProviderName": "AWS",
    "ResourceId": "r1",
    "ServiceCategory": "Compute",
    "ServiceName": "EC2",
    "SubAccountId": "55",
    "Tags": '{"node": "servers"}',
}
Row = Mapping[str, str]
Totals = dict[str, Decimal]


class Here:
    """A workspace in a folder of its own, and the totals of the files that should count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ws" / "model").mkdir(parents=True)
        (folder / "ws" / "apportion.yaml").write_text('{"name": "test", "currency": "USD"}')
        (folder / "ws" / "model" / "company.yaml").write_text(json.dumps(MODEL))
        ids = itertools.count(1)
        self.workspace = ap.Workspace(
            folder / "ws",
            now=lambda: datetime(2024, 12, 1, tzinfo=UTC),
            new_id=lambda: f"{next(ids):08d}",
        )

    def csv(self, name: str, *rows: Row, columns: Sequence[str] = ()) -> Path:
        """A bill, each row told by what differs from ``LINE``."""
        lines = [{**LINE, **row} for row in rows]
        names = columns or list(dict.fromkeys(key for line in lines for key in line))
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(lines)
        return path

    def plain(self, name: str, *rows: str) -> Path:
        """Plain costs."""
        path = self.folder / name
        path.write_text("\n".join(["node,date,dimension,amount,currency", *rows, ""]))
        return path

    def bill(self, *files: Path, **how: Any) -> None:
        """Ingest a bill."""
        self.workspace.ingest("focus", *files, **how)

    def refused(self, *files: Path, form: str = "focus", **how: Any) -> Finding:
        """The one finding with which files are refused; the ledger is as it was."""
        before = self.counts()
        with pytest.raises(ap.IngestError) as raised:
            self.workspace.ingest(form, *files, **how)
        assert self.counts() == before
        (finding,) = raised.value.findings
        assert finding.code in ("unsaid_replacement", "repeated_lines", "overlapping_source")
        return finding

    def counts(self) -> Totals:
        """What counts, by currency."""
        store = self.workspace.store
        found: Totals = {}
        for row in read(store, COSTS, pinned_versions(store)[COSTS.name]).to_pylist():
            found[row["currency"]] = found.get(row["currency"], Decimal(0)) + row["amount"]
        return found

    def sources(self) -> set[str]:
        """Whose costs count."""
        store = self.workspace.store
        return set(read(store, COSTS, pinned_versions(store)[COSTS.name])["source"].to_pylist())


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """An empty workspace."""
    return Here(tmp_path)


def told(*files: Path, column: str = "EffectiveCost") -> Totals:
    """What files say, read apart from the program."""
    found: Totals = {}
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                currency = row.get("BillingCurrency") or row["currency"]
                found[currency] = found.get(currency, Decimal(0)) + Decimal(row[column])
    return found


def usd(amount: str) -> Totals:
    return {"USD": Decimal(amount)}


def hour(day: int, hour: int, length: int = 1) -> dict[str, str]:
    """The charge period that begins at an hour of a day of September."""
    begins = datetime(2024, 9, day, hour, tzinfo=UTC)
    return {
        "ChargePeriodStart": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "ChargePeriodEnd": f"{begins + timedelta(hours=length):%Y-%m-%dT%H:%M:%SZ}",
    }


def days(*numbers: int, **also: str) -> list[dict[str, str]]:
    """A line for each of some days of September."""
    return [{**hour(day, 0, 24), **also} for day in numbers]


def as_parquet(path: Path, kinds: Mapping[str, pa.DataType], **more: Any) -> Path:
    """A Parquet file of a CSV file, some of its columns of other types."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {
        name: pa.array([row[name] or None for row in rows]).cast(kinds.get(name, pa.string()))
        for name in rows[0]
    }
    target = path.with_suffix(".parquet")
    pq.write_table(pa.table(columns), target, **more)
    return target


class TestCasesFromTheField:
    """Rebuilt small; the numbers are those of the folder of cases."""

    def test_01_six_hours_at_a_time(self, here: Here) -> None:
        names = {
            "ProviderName": "Provider",
            "InvoiceIssuerName": "InvoiceIssuer",
        }
        oracle = {
            **{names[name]: "Oracle" for name in names},
            "BillingAccountId": "70012345",
            "BillingCurrency": "EUR",
        }
        columns = [names.get(name, name) for name in LINE]
        six = [{**oracle, **hour(17, at), "EffectiveCost": "0.85"} for at in range(6)]
        seven = [{**oracle, **hour(17, 6 + at), "EffectiveCost": "1.10"} for at in range(7)]
        one = here.csv("917001.csv", *six, columns=columns)
        two = here.csv("917002.csv", *seven, columns=columns)
        here.bill(one)
        here.bill(two)
        assert here.counts() == told(one, two) == {"EUR": Decimal("12.80")}
        assert here.sources() == {"Oracle/70012345"}
        here.bill(one)
        here.bill(two)
        here.bill(one, two)
        assert here.counts() == told(one, two)

    def test_02_the_month_again_without_the_former_columns(self, here: Here) -> None:
        amounts = ("120.40", "18.07", "-6.00")
        lines = [
            {**hour(3 + place, 0, 24), "EffectiveCost": amount, "PublisherName": "AWS"}
            for place, amount in enumerate(amounts)
        ]
        former = here.csv("1.2.csv", *lines)
        later = [
            {**line, "ServiceProviderName": "AWS", "HostProviderName": "AWS",
             "InvoiceDetailId": f"d{place}"}
            for place, line in enumerate(lines)
        ]  # fmt: skip
        names = [
            name for name in {**LINE, **later[0]} if name not in ("ProviderName", "PublisherName")
        ]
        latest = here.csv("1.4.csv", *later, columns=names)
        for file in (former, latest, former):
            here.bill(file)
            assert here.counts() == told(former) == told(latest) == usd("132.47")

    def test_04_fewer_days_later(self, here: Here) -> None:
        whole = here.csv("month-to-date.csv", *days(*range(1, 21)))
        part = here.csv("one-time.csv", *days(*range(1, 6)))
        here.bill(whole)
        said = here.refused(part)
        assert here.counts() == told(whole) == usd("200.00")
        assert said.details["amount_known"] == "200"
        assert said.details["amount_coming"] == "50"
        assert (said.details["lines_going"], said.details["amount_going"]) == (15, "150")
        assert "--replace" in said.remedy
        assert "--append" in said.remedy
        here.bill(part, replace=True)
        assert here.counts() == told(part) == usd("50")

    def test_05_a_correction_without_a_period(self, here: Here) -> None:
        lines = [
            {**hour(day, 0, 24), "EffectiveCost": amount}
            for day, amount in ((10, "100"), (20, "200"))
        ]
        september = here.csv("september.csv", *lines)
        october = here.csv(
            "october.csv",
            {
                "BillingPeriodStart": "2024-10-01T00:00:00Z",
                "BillingPeriodEnd": "2024-11-01T00:00:00Z",
                "ChargePeriodStart": "2024-10-03T00:00:00Z",
                "ChargePeriodEnd": "2024-10-04T00:00:00Z",
                "EffectiveCost": "50",
            },
            {
                **hour(10, 0, 24),
                "BillingPeriodStart": "",
                "BillingPeriodEnd": "",
                "ChargeClass": "Correction",
                "EffectiveCost": "-1.5",
            },
        )
        here.bill(september)
        here.bill(october)
        assert here.counts() == told(september, october) == usd("348.50")

    def test_06_an_account_that_lost_its_zero(self, here: Here) -> None:
        account = {"BillingAccountId": "012345678901"}
        file = here.csv(
            "export.csv",
            {**account, **hour(7, 0, 24), "EffectiveCost": "12.50"},
            {**account, **hour(8, 0, 24), "EffectiveCost": "3.75"},
        )
        here.bill(file)
        for kind in (pa.int64(), pa.float64()):
            here.bill(as_parquet(file, {"BillingAccountId": kind}))
            assert here.counts() == told(file) == usd("16.25")
            assert here.sources() == {"AWS/012345678901"}


class TestTheSameInAnotherShape:
    """Whatever the spelling of a file, its lines count once."""

    @pytest.mark.parametrize(
        "again",
        [
            {"ChargePeriodStart": "2024-09-03T05:30:00+05:30"},
            {"ChargePeriodStart": "2024-09-03 00:00:00"},
            {"BillingPeriodEnd": "2024-09-30T00:00:00Z"},
            {"BillingPeriodEnd": "2024-09-30T23:59:59Z"},
            {"BillingPeriodEnd": ""},
            {
                "BillingPeriodStart": "2024-09-01T00:00:00+02:00",
                "BillingPeriodEnd": "2024-10-01T00:00:00+02:00",
            },
            {
                "BillingPeriodStart": "2024-09-01T00:00:00-07:00",
                "BillingPeriodEnd": "2024-10-01T00:00:00-07:00",
            },
            {"ProviderName": "Amazon Web Services"},
            {"ProviderName": "", "InvoiceIssuerName": "AMAZON WEB SERVICES EMEA SARL"},
            {"BillingAccountId": "1002-0030-0400"},
            {"BillingAccountId": "100200300400.0"},
            {"BillingAccountId": "/providers/x/billingAccounts/100200300400"},
            {"BillingAccountName": "Fernway, renamed"},
            {"SubAccountId": "055"},
            {"SubAccountId": "/subscriptions/55"},
            {"SubAccountId": '="0055"'},
            {"x_exported_at": "2024-10-02"},
            {"EffectiveCost": "1.000E+1"},
            {"Tags": '{"other": null, "node": "servers"}'},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_spelling_makes_no_second_bill(self, here: Here, again: Row) -> None:
        first = here.csv("first.csv", {}, {**hour(4, 0, 24), "EffectiveCost": "-2.5"})
        here.bill(first)
        second = here.csv("second.csv", again, {**again, **hour(4, 0, 24), "EffectiveCost": "-2.5"})
        here.bill(second)
        assert here.counts() == told(first) == usd("7.5")
        assert len(here.sources()) == 1
        here.bill(first)
        assert here.counts() == told(first)

    def test_a_byte_order_mark_ends_of_lines_and_the_order_of_columns(self, here: Here) -> None:
        file = here.csv("a.csv", *days(1, 2, 3))
        here.bill(file)
        (here.folder / "b.csv").write_bytes(
            b"\xef\xbb\xbf" + file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        )
        here.bill(here.folder / "b.csv")
        here.bill(here.csv("c.csv", *days(3, 1, 2), columns=[*LINE][::-1]))
        assert here.counts() == told(file) == usd("30")
        changes = read(here.workspace.store, INGESTS, columns=["kind"])
        assert changes.num_rows == 1

    def test_parquet_of_the_same(self, here: Here) -> None:
        file = here.csv("a.csv", *days(1, 2, EffectiveCost="0.000000001"))
        here.bill(file)
        here.bill(as_parquet(file, {}))
        here.bill(
            as_parquet(file, {"EffectiveCost": pa.decimal128(38, 18), "BilledCost": pa.int8()})
        )
        assert here.counts() == told(file) == usd("0.000000002")

    def test_compressed_and_in_two_files_instead_of_one(self, here: Here) -> None:
        file = here.csv("a.csv", *days(1, 2, 3, 4))
        here.bill(file)
        (here.folder / "a.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
        here.bill(here.folder / "a.csv.gz")
        here.bill(here.csv("b.csv", *days(1, 3)), here.csv("c.csv", *days(4, 2)))
        assert here.counts() == told(file) == usd("40")


class TestTwoCuts:
    """Another cut of the same days is asked for, or takes the place of the first; never both."""

    def test_days_after_hours(self, here: Here) -> None:
        hourly = here.csv(
            "hourly.csv", *({**hour(3, at), "EffectiveCost": "1"} for at in range(24))
        )
        here.bill(hourly)
        daily = here.csv("daily.csv", {**hour(3, 0, 24), "EffectiveCost": "24"})
        said = here.refused(daily)
        assert (said.details["lines_known"], said.details["lines_coming"]) == (24, 1)
        here.bill(daily, replace=True)
        assert here.counts() == told(daily) == told(hourly) == usd("24")

    def test_hours_after_days(self, here: Here) -> None:
        daily = here.csv("daily.csv", {**hour(3, 0, 24), "EffectiveCost": "24"})
        here.bill(daily)
        hourly = here.csv(
            "hourly.csv", *({**hour(3, at), "EffectiveCost": "1"} for at in range(24))
        )
        here.bill(hourly)
        assert here.counts() == told(hourly) == usd("24")

    def test_some_hours_after_the_whole_day(self, here: Here) -> None:
        daily = here.csv("daily.csv", {**hour(3, 0, 24), "EffectiveCost": "24"})
        here.bill(daily)
        hours = here.csv("hours.csv", *(hour(3, at) for at in range(6, 12)))
        assert here.refused(hours).details["amount_known"] == "24"
        assert here.counts() == told(daily)

    def test_days_of_another_time_zone(self, here: Here) -> None:
        here.bill(here.csv("utc.csv", *days(2, 3, 4)))
        berlin = here.csv("berlin.csv", *(hour(day, 22, 24) for day in (1, 2, 3)))
        here.refused(berlin)
        here.bill(berlin, replace=True)
        assert here.counts() == told(berlin) == usd("30")

    def test_a_fee_of_the_month_beside_hours_of_use(self, here: Here) -> None:
        fee = {
            "ChargeCategory": "Purchase",
            "ChargePeriodStart": "2024-09-01T00:00:00Z",
            "ChargePeriodEnd": "2024-10-01T00:00:00Z",
        }
        first = here.csv("first.csv", fee, hour(1, 0), hour(1, 1))
        second = here.csv("second.csv", hour(1, 2), hour(1, 3))
        here.bill(first)
        here.bill(second)
        assert here.counts() == told(first, second) == usd("50")

    def test_the_month_to_date_grows(self, here: Here) -> None:
        for last in (3, 10, 30):
            file = here.csv(f"{last}.csv", *days(*range(1, last + 1)))
            here.bill(file)
            assert here.counts() == told(file)

    def test_a_restated_month_takes_the_place(self, here: Here) -> None:
        here.bill(here.csv("a.csv", *days(1, 2)))
        second = here.csv("b.csv", *days(1, 2, 3, EffectiveCost="9.99"))
        here.bill(second)
        assert here.counts() == told(second) == usd("29.97")

    def test_a_sub_account_more_and_one_less(self, here: Here) -> None:
        one, both = days(1, 2), [*days(1, 2), *days(1, 2, SubAccountId="66")]
        here.bill(here.csv("one.csv", *one))
        file = here.csv("both.csv", *both)
        here.bill(file)
        assert here.counts() == told(file) == usd("40")
        said = here.refused(here.csv("less.csv", *one, {"EffectiveCost": "1"}))
        assert said.details["amount_going"] == "20"
        assert {day["account"] for day in said.details["days"]} == {"55", "66"}

    def test_another_sub_account_alone_is_added(self, here: Here) -> None:
        one, other = (
            here.csv("a.csv", *days(1, 2)),
            here.csv("b.csv", *days(1, 2, SubAccountId="66")),
        )
        here.bill(one)
        here.bill(other)
        assert here.counts() == told(one, other) == usd("40")

    def test_a_credit_that_comes_alone(self, here: Here) -> None:
        usage = here.csv("usage.csv", *days(1, 2))
        here.bill(usage)
        credit = here.csv(
            "credit.csv", {**hour(1, 0, 24), "ChargeCategory": "Credit", "EffectiveCost": "-3"}
        )
        said = here.refused(credit)
        assert said.details["amount_coming"] == "-3"
        here.bill(credit, append=True)
        assert here.counts() == told(usage, credit) == usd("17")
        here.bill(credit, append=True)
        assert here.counts() == told(usage, credit)

    def test_an_increment_in_the_next_file(self, here: Here) -> None:
        files = [here.csv(f"{day}.csv", *days(day)) for day in (1, 2, 3)]
        for file in files:
            here.bill(file)
        for file in files:
            here.bill(file)
        assert here.counts() == told(*files) == usd("30")

    def test_an_increment_that_is_all_there_is(self, here: Here) -> None:
        one, two = here.csv("1.csv", *days(1)), here.csv("2.csv", *days(2))
        here.bill(one)
        here.bill(two)
        here.bill(two, replace=True)
        assert here.counts() == told(two) == usd("10")


class TestSeveralBillsAtOnce:
    """Each bill and period of a delivery has its own fate; one that is refused refuses all."""

    def test_one_of_two_accounts_came_before(self, here: Here) -> None:
        one = here.csv("one.csv", *days(1, 2))
        here.bill(one)
        other = days(1, 2, BillingAccountId="9", EffectiveCost="3", ResourceId="r9")
        both = here.csv("both.csv", *days(1, 2), *other)
        here.bill(both)
        assert here.counts() == told(both) == usd("26")
        assert here.sources() == {"AWS/100200300400", "AWS/9"}

    def test_one_of_two_accounts_would_lose_days(self, here: Here) -> None:
        here.bill(here.csv("one.csv", *days(1, 2)))
        other = days(1, BillingAccountId="9", EffectiveCost="3", ResourceId="r9")
        said = here.refused(here.csv("both.csv", *days(1), *other))
        assert said.details["source"] == "AWS/100200300400"

    def test_two_months_of_which_one_came_before(self, here: Here) -> None:
        october = {
            "BillingPeriodStart": "2024-10-01T00:00:00Z",
            "BillingPeriodEnd": "2024-11-01T00:00:00Z",
            "ChargePeriodStart": "2024-10-03T00:00:00Z",
            "ChargePeriodEnd": "2024-10-04T00:00:00Z",
        }
        here.bill(here.csv("one.csv", *days(1, 2)))
        both = here.csv("both.csv", *days(1, 2), october)
        here.bill(both)
        assert here.counts() == told(both) == usd("30")

    def test_the_same_account_number_of_two_issuers(self, here: Here) -> None:
        aws = here.csv("aws.csv", *days(1, 2))
        issuer = {"ProviderName": "Microsoft", "InvoiceIssuerName": "Microsoft"}
        azure = here.csv("azure.csv", *days(1, 2, EffectiveCost="7", ResourceId="vm", **issuer))
        here.bill(aws)
        here.bill(azure)
        assert here.counts() == told(aws, azure) == usd("34")

    def test_one_bill_in_two_currencies(self, here: Here) -> None:
        file = here.csv("a.csv", *days(1, 2), *days(1, 2, BillingCurrency="EUR"))
        here.bill(file)
        here.bill(file)
        assert here.counts() == told(file) == {"USD": Decimal(20), "EUR": Decimal(20)}

    def test_the_currency_of_a_bill_changes(self, here: Here) -> None:
        here.bill(here.csv("a.csv", *days(1, 2)))
        euros = here.csv("b.csv", *days(1, 2, BillingCurrency="EUR", EffectiveCost="9"))
        here.bill(euros)
        assert here.counts() == told(euros) == {"EUR": Decimal(18)}

    def test_a_file_that_is_broken_off_changes_nothing(self, here: Here) -> None:
        file = here.csv("a.csv", *days(1, 2))
        here.bill(file)
        broken = here.folder / "b.csv"
        broken.write_bytes(here.csv("c.csv", *days(1, 2, 3)).read_bytes()[:-60])
        with pytest.raises(ap.IngestError):
            here.bill(broken, replace=True)
        assert here.counts() == told(file)


class TestPlainCosts:
    """For plain costs each source and day stands for itself."""

    def deliver(self, here: Here, *files: Path, **how: Any) -> None:
        here.workspace.ingest("costs", *files, **{"source": "erp", **how})

    def test_the_same_again_and_another_day(self, here: Here) -> None:
        one = here.plain("a.csv", "servers,2024-09-01,c,10.5,USD", "database,2024-09-01,c,1,USD")
        two = here.plain("b.csv", "servers,2024-09-02,c,3,USD")
        for file in (one, two, one, two):
            self.deliver(here, file)
        assert here.counts() == told(one, two, column="amount") == usd("14.5")

    def test_a_corrected_day(self, here: Here) -> None:
        self.deliver(here, here.plain("a.csv", "servers,2024-09-01,c,10.5,USD"))
        two = here.plain("b.csv", "servers,2024-09-01,c,3,USD", "database,2024-09-01,c,1,USD")
        self.deliver(here, two)
        assert here.counts() == told(two, column="amount") == usd("4")

    def test_a_part_of_a_day_is_asked_for(self, here: Here) -> None:
        one = here.plain("a.csv", "servers,2024-09-01,c,10.5,USD", "database,2024-09-01,c,1,USD")
        self.deliver(here, one)
        part = here.plain("b.csv", "servers,2024-09-01,c,3,USD")
        said = here.refused(part, form="costs", source="erp")
        assert said.details["amount_known"] == "11.5"
        self.deliver(here, part, replace=True)
        assert here.counts() == told(part, column="amount") == usd("3")

    def test_days_that_are_declared_empty(self, here: Here) -> None:
        lines = [f"servers,2024-09-0{day},c,{day},USD" for day in (1, 2, 3, 4)]
        self.deliver(here, here.plain("a.csv", *lines))
        self.deliver(
            here, here.plain("b.csv", lines[1]), period=(date(2024, 9, 2), date(2024, 9, 3))
        )
        assert here.counts() == usd("7")

    def test_a_day_of_a_file_is_corrected_alone(self, here: Here) -> None:
        lines = [f"servers,2024-09-0{day},c,{day},USD" for day in (1, 2, 3)]
        self.deliver(here, here.plain("a.csv", *lines))
        self.deliver(here, here.plain("b.csv", "servers,2024-09-02,c,7,USD"))
        self.deliver(here, here.plain("c.csv", "servers,2024-09-01,c,9,USD", lines[2]))
        assert here.counts() == usd("19")


class TestTakenBack:
    """A delivery that is withdrawn counts no more, and what it had superseded counts again."""

    def test_what_is_withdrawn_counts_no_more_and_can_return(self, here: Here) -> None:
        first, second = here.csv("a.csv", *days(1, 2)), here.csv("b.csv", *days(1, 2, 3))
        here.bill(first)
        done = here.workspace.ingest("focus", second).recorded
        here.workspace.withdraw(done.ingest_id, "of another company")
        assert here.counts() == told(first) == usd("20")
        here.workspace.restore(done.ingest_id, "it was ours")
        assert here.counts() == told(second) == usd("30")

    def test_what_returns_does_not_count_beside_what_came_after(self, here: Here) -> None:
        here.bill(here.csv("a.csv", *days(1, 2, 3)))
        done = here.workspace.ingest("focus", here.csv("b.csv", *days(1)), replace=True).recorded
        here.bill(here.csv("c.csv", *days(2, EffectiveCost="4")))
        before = here.counts()
        with pytest.raises(ap.IngestError) as raised:
            here.workspace.withdraw(done.ingest_id, "a mistake")
        assert {each.code for each in raised.value.findings} == {"unsaid_replacement"}
        assert here.counts() == before == usd("14")


class TestWhoseAndAtWhichCost:
    """What has no identity is asked for; another cost column is another figure (`D2`, `D3`)."""

    NOBODY: ClassVar[dict[str, str]] = {
        "ProviderName": "",
        "InvoiceIssuerName": "",
        "PublisherName": "",
        "BillingAccountId": "",
    }

    def test_a_second_bill_without_issuer_and_account_is_asked_whose_it_is(
        self, here: Here
    ) -> None:
        here.bill(here.csv("one.csv", *days(1, 2, **self.NOBODY)))
        other = here.csv("other.csv", *days(1, 3, EffectiveCost="7", **self.NOBODY))
        assert "--source NAME" in here.refused(other).remedy
        assert here.counts() == usd("20")
        here.bill(here.csv("again.csv", *days(1, 2, **self.NOBODY)))
        assert here.counts() == usd("20")

    def test_a_bill_without_identity_is_not_that_of_a_source_which_somebody_named(
        self, here: Here
    ) -> None:
        here.bill(here.csv("one.csv", *days(1, 2, **self.NOBODY)), source="mine")
        other = days(1, 3, EffectiveCost="7", ResourceId="r7", **self.NOBODY)
        here.bill(here.csv("other.csv", *other))
        assert here.sources() == {"mine", "unknown/unknown"}

    def test_the_same_bill_at_another_cost_is_no_repeat(self, here: Here) -> None:
        bill = here.csv("bill.csv", *days(1, 2, BilledCost="1"))
        here.bill(bill)
        assert here.counts() == usd("20")
        here.bill(bill, cost_column="billed")
        assert here.counts() == usd("2")
        here.bill(bill, cost_column="billed")
        assert here.counts() == usd("2")


class TestTheSameChargesUnderOtherCells:
    """Another period, no sub-account, another service: cells differ and charges do not (`D4`)."""

    def test_a_period_that_ends_with_the_day_of_the_export(self, here: Here) -> None:
        here.bill(here.csv("one.csv", *days(1, 2, BillingPeriodEnd="2024-09-03")))
        longer = here.csv("two.csv", *days(1, 3, BillingPeriodEnd="2024-09-04"))
        assert "2024-09-01 to 2024-09-02" in here.refused(longer).message
        here.bill(longer, append=True)
        assert here.counts() == usd("40")

    def test_the_sub_account_is_left_out(self, here: Here) -> None:
        here.bill(here.csv("one.csv", *days(1, 3)))
        said = here.refused(here.csv("without.csv", *days(1, 3, SubAccountId="")))
        assert "of another sub-account or none" in said.message

    def test_a_bill_cut_by_services(self, here: Here) -> None:
        here.bill(here.csv("one.csv", *days(1, 3, ServiceName="A", ResourceId="a")))
        other = here.csv("two.csv", *days(1, 3, ServiceName="B", ResourceId="b", EffectiveCost="7"))
        here.refused(other)
        here.bill(other, append=True)
        assert here.counts() == usd("34")

    def test_two_parts_of_which_one_has_a_column_more(self, here: Here) -> None:
        one = here.csv("one.csv", *days(1, 2))
        two = here.csv("two.csv", *days(3, 4, x_Run="7"))
        here.bill(one, two)
        assert here.counts() == told(one, two)
