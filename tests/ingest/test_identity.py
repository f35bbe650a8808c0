"""Whose bill a line is, and of which period, whatever its spelling: the rule `D3` by its text."""

import calendar
import itertools
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apportion.ingest.identity import account_key, billing_period, bills_of, issuer_key
from effort import effort

at = datetime.fromisoformat
"""Moments without a zone are of UTC."""
SEPTEMBER = (date(2024, 9, 1), date(2024, 9, 30))
LINE: dict[str, Any] = {
    "ProviderName": "AWS",
    "ServiceProviderName": None,
    "HostProviderName": None,
    "PublisherName": None,
    "InvoiceIssuerName": None,
    "BillingAccountId": "123",
    "billed_from": at("2024-09-01"),
    "billed_to": at("2024-10-01"),
    "month": None,
    "lines": 1,
}
WITHOUT_PERIOD: dict[str, Any] = {"billed_from": None, "billed_to": None}


def bills(*lines: dict[str, Any], source: str | None = None) -> list[tuple[str, str, date, date]]:
    """Source, account and days of the bill of each line."""
    found = bills_of([{**LINE, **line} for line in lines], source)
    return [(bill.source, bill.account, bill.first, bill.last) for bill in found]


def numbers(*lines: dict[str, Any], source: str | None = None) -> list[int]:
    """The number of the bill of each line."""
    return [bill.number for bill in bills_of([{**LINE, **line} for line in lines], source)]


@pytest.mark.parametrize(
    "spellings",
    [
        ("AWS", "aws", " A.W.S. ", "Amazon Web Services", "Amazon Web Services, Inc.", "AMAZON"),
        ("Amazon Web Services EMEA SARL", "AWS EMEA S.A.R.L.", "aws"),
        ("amazon_web_services", "amazon-web-services", "AWS"),
        ("Ａmazon Web Services", "AWS"),  # noqa: RUF001 - a wide letter is meant
        ("Microsoft", "Azure", "Microsoft Corporation", "microsoft azure", "MICROSOFT  CORP."),
        ("Google", "Google Cloud", "GCP", "Google LLC", "Google Cloud Platform", "google-cloud"),
        ("Oracle", "OCI", "Oracle Corporation", "Oracle Cloud Infrastructure"),
        ("Fernway", "Fernway Ltd", "Fernway Limited", "FERNWAY LTD.", "Fernway Co., Ltd."),
        ("Fernway", "Fernway GmbH & Co. KG", "Fernway Pte. Ltd.", "Fernway Private Limited"),
        ("Soci\u00e9t\u00e9 Nord", "Socie\u0301te\u0301 Nord", "SOCI\u00c9T\u00c9 NORD SA"),
    ],
)
def test_spellings_of_one_issuer(spellings: tuple[str, ...]) -> None:
    assert len({issuer_key(name) for name in spellings}) == 1, spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AWS", "Azure"),
        ("Google", "Microsoft"),
        ("Fernway North", "Fernway South"),
        ("Co", "Inc"),
        ("SE", "SA"),
        ("Inc Fernway", "Fernway Inc"),
        ("Amazonas", "Amazon"),
        ("Oracle Red Bull Racing", "Oracle"),
        ("---", "***"),
    ],
)
def test_issuers_that_are_not_one(one: str, other: str) -> None:
    assert issuer_key(one) != issuer_key(other)


@pytest.mark.parametrize(
    "spellings",
    [
        ("012345678901", "12345678901", "12345678901.0", "12345678901.00", " 012345678901 "),
        ("100200300400", "1002-0030-0400", "100200300400.0", "0100200300400"),
        ("001200340056", "0012-0034-0056", "12-0034-0056", "1200340056"),
        ("0000-0000-0000", "000000000000", "0"),
        ("/providers/Microsoft.Billing/billingAccounts/1234567", "1234567", "1234567.0"),
        ("/providers/microsoft.billing/billingaccounts/AB-1/", "ab-1", "AB-1"),
        ('="0123"', "'0123", "0123", '"0123"', "'0123'", "='0123'"),
        ("01AB23-CD45EF-678901", "01ab23-cd45ef-678901"),
        ("billingAccounts/01AB23-CD45EF-678901", "01AB23-CD45EF-678901"),
        (None, "", "  ", "/"),
    ],
)
def test_spellings_of_one_account(spellings: tuple[str | None, ...]) -> None:
    assert len({account_key(each) for each in spellings}) == 1, spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("123", "1230"),
        ("123.0", "1230"),
        ("123.5", "123"),
        ("0", None),
        ("0000-0000-0000", None),
        ("01AB23", "1AB23"),
        ("ab-1", "ab1"),
        ("1.002E+11", "100200300400"),
        ("a/1", "a/2"),
        ("12-34", "1234"),
    ],
)
def test_accounts_that_are_not_one(one: str, other: str | None) -> None:
    assert account_key(one) != account_key(other)


@given(st.integers(0, 10**12), st.integers(0, 5), st.sampled_from(["", ".0", ".00"]))
@effort(100)
def test_a_number_is_an_account_whatever_was_put_around_it(
    number: int, zeros: int, behind: str
) -> None:
    assert account_key(f"{'0' * zeros}{number}{behind}") == str(number)
    assert account_key(f"/Accounts/{'0' * zeros}{number}") == str(number)


@pytest.mark.parametrize(
    "end",
    [
        at("2024-10-01"),
        at("2024-09-30"),
        at("2024-09-30T23:00:00"),
        at("2024-09-30T23:59:00"),
        at("2024-09-30T23:59:59"),
        at("2024-09-30T23:59:59.999999"),
        None,
    ],
)
def test_the_end_of_a_period_however_it_is_written(end: datetime | None) -> None:
    assert billing_period(at("2024-09-01"), end) == SEPTEMBER


ZONES = (
    "UTC", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo", "Australia/Adelaide",
    "Pacific/Auckland", "America/New_York", "America/Los_Angeles", "America/St_Johns",
    "Pacific/Honolulu",
)  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_months_of_every_zone_also_where_clocks_change(zone: str) -> None:
    for year, month in itertools.product((2023, 2024), range(1, 13)):
        days = calendar.monthrange(year, month)[1]
        first, last = date(year, month, 1), date(year, month, days)
        following = last + timedelta(days=1)
        begins, after, inclusive, second = (
            datetime(day.year, day.month, day.day, *clock, tzinfo=ZoneInfo(zone))
            .astimezone(ZoneInfo("UTC"))
            .replace(tzinfo=None)
            for day, clock in (
                (first, ()),
                (following, ()),
                (last, ()),
                (last, (23, 59, 59)),
            )
        )
        for end in (after, inclusive, second, None):
            assert billing_period(begins, end) == (first, last), (zone, begins, end)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        # From the middle of a month to the middle of the next.
        ("2024-09-15", "2024-10-15", "2024-09-15/2024-10-14"),
        ("2024-09-15", "2024-10-14", "2024-09-15/2024-10-14"),
        ("2024-01-01", "2025-01-01", "2024-01-01/2024-12-31"),
        ("2024-01-01", "2024-12-31", "2024-01-01/2024-12-31"),
        # What makes no whole months ends before its end, as the specification says.
        ("2024-09-01", "2024-09-08", "2024-09-01/2024-09-07"),
        ("2024-09-01", "2024-09-02", "2024-09-01/2024-09-01"),
        ("2024-09-01", "2024-09-01", "2024-09-01/2024-09-01"),
        ("2024-02-01", "2024-03-01", "2024-02-01/2024-02-29"),
        ("2023-02-01", "2023-02-28", "2023-02-01/2023-02-28"),
    ],
)
def test_periods_that_are_no_calendar_month(start: str, end: str, days: str) -> None:
    found = billing_period(at(start), at(end))
    assert f"{found[0]}/{found[1]}" == days


@pytest.mark.parametrize("first", [date(2024, 1, day) for day in (28, 29, 30, 31)])
def test_a_period_without_an_end_is_one_month(first: date) -> None:
    begins = at(first.isoformat())
    end = billing_period(begins, None)[1]
    assert timedelta(days=27) <= end - first <= timedelta(days=30)
    assert billing_period(begins, at("2024-03-01"))[1] >= end


def test_the_ends_of_time_are_periods() -> None:
    first = at("2024-09-01")
    for last in (at("9999-12-31"), at("9999-12-31T23:59:59.999999")):
        assert billing_period(first, last)[1].year == 9999
    assert billing_period(at("9999-12-01"), None) == (date(9999, 12, 1), date(9999, 12, 31))
    assert billing_period(at("9999-12-31T23:59:59"), None)[0].year == 9999
    assert billing_period(at("0001-01-01"), at("0001-02-01")) == (date(1, 1, 1), date(1, 1, 31))
    assert bills({**WITHOUT_PERIOD, "month": date(9999, 12, 1)})[0][3] == date(9999, 12, 31)


def test_columns_that_name_the_issuer_are_alternatives() -> None:
    former = {"InvoiceIssuerName": "Amazon Web Services, Inc.", "PublisherName": "Ubuntu"}
    later = {"ProviderName": None, "ServiceProviderName": "Amazon Web Services"}
    assert numbers(former, later, {**later, "HostProviderName": "AWS"}) == [0, 0, 0]


def test_what_is_sold_by_others_stands_on_the_bill_of_its_issuer() -> None:
    sold = {"ProviderName": "Snowflake", "InvoiceIssuerName": "AWS"}
    alone = {"ProviderName": "Snowflake"}
    assert numbers({}, sold, alone) == [0, 0, 0]
    (source, *_), *_ = bills({"lines": 5}, sold)
    assert source == "AWS/123"


def test_a_publisher_is_no_issuer_where_there_is_one() -> None:
    one = {"PublisherName": "Ubuntu"}
    other = {"ProviderName": "Azure", "PublisherName": "Ubuntu"}
    assert len(set(numbers(one, other))) == 2
    nameless = {"ProviderName": None, "PublisherName": "Ubuntu"}
    assert bills(nameless)[0][0] == "Ubuntu/123"


def test_the_same_account_number_of_two_issuers_is_two_bills() -> None:
    found = bills({}, {"ProviderName": "Azure"}, {"ProviderName": "Azure"})
    assert [each[0] for each in found] == ["AWS/123", "Azure/123", "Azure/123"]


def test_two_accounts_of_one_issuer_are_two_bills() -> None:
    assert len(set(numbers({}, {"BillingAccountId": "124"}))) == 2


def test_spellings_of_one_account_within_one_delivery_are_one_bill() -> None:
    lines = [{"BillingAccountId": spelt} for spelt in ("0123", "123", "123.0", "/a/123", '="0123"')]
    assert len(set(numbers(*lines))) == 1


def test_issuers_joined_by_a_chain_are_one_bill_in_any_order() -> None:
    lines = [
        {"ProviderName": "A"},
        {"ProviderName": "A", "InvoiceIssuerName": "B"},
        {"ProviderName": "C", "InvoiceIssuerName": "B"},
        {"ProviderName": "C"},
        {"ProviderName": "D"},
    ]
    for order in itertools.permutations(lines):
        found = dict(zip((str(each) for each in order), bills(*order), strict=True))
        assert len({found[str(each)] for each in lines[:4]}) == 1
        assert found[str(lines[4])] != found[str(lines[0])]


def test_a_chain_does_not_reach_over_accounts() -> None:
    joining = {"ProviderName": "A", "InvoiceIssuerName": "B", "BillingAccountId": "9"}
    assert len(set(numbers({"ProviderName": "A"}, {"ProviderName": "B"}, joining))) == 3


def test_lines_without_a_period_are_on_the_only_bill_of_their_owner() -> None:
    stray = {**WITHOUT_PERIOD, "month": date(2024, 8, 1)}
    assert {each[2:] for each in bills({}, stray)} == {SEPTEMBER}
    other = {**stray, "ProviderName": "Azure"}
    august = (date(2024, 8, 1), date(2024, 8, 31))
    assert [each[2:] for each in bills({}, stray, other)] == [SEPTEMBER, SEPTEMBER, august]


def test_lines_without_a_period_beside_several_are_in_the_month_of_their_charge() -> None:
    october = {"billed_from": at("2024-10-01"), "billed_to": at("2024-11-01")}
    stray = {**WITHOUT_PERIOD, "month": date(2024, 8, 1)}
    assert bills({}, october, stray)[2][2:] == (date(2024, 8, 1), date(2024, 8, 31))
    inclusive = {"billed_to": at("2024-09-30T23:59:59")}
    assert {each[2:] for each in bills({}, inclusive, stray)} == {SEPTEMBER}


def test_spellings_of_one_period_are_one_bill() -> None:
    ends = (at("2024-10-01"), at("2024-09-30"), at("2024-09-30T23:59:59"), None)
    assert len(set(numbers(*({"billed_to": end} for end in ends)))) == 1
    berlin = {"billed_from": at("2024-08-31T22:00:00"), "billed_to": at("2024-09-30T22:00:00")}
    assert len(set(numbers({}, berlin))) == 1


def test_a_named_source_is_that_one_whatever_the_lines_say() -> None:
    found = bills({}, {"ProviderName": "Azure", "BillingAccountId": "9"}, source="mine")
    assert {each[0] for each in found} == {"mine"}
    assert len(set(numbers({}, {"ProviderName": "Azure"}, source="mine"))) == 1


def test_what_names_nobody_is_unknown() -> None:
    nobody = {"ProviderName": " ", "BillingAccountId": None}
    assert bills(nobody)[0][:2] == ("unknown/unknown", "")
    assert bills({"ProviderName": None})[0][0] == "unknown/123"
    assert len(set(numbers({"ProviderName": None}, {}))) == 2


@given(st.permutations([
    {"ProviderName": "AWS", "lines": 3},
    {"ProviderName": "Amazon Web Services, Inc.", "BillingAccountId": "0123"},
    {"ProviderName": "Azure"},
    {"ProviderName": "Azure", "billed_to": at("2024-09-30")},
    {**WITHOUT_PERIOD, "month": date(2024, 8, 1)},
]))  # fmt: skip
@effort(60)
def test_the_order_of_lines_decides_nothing_but_the_spelling(lines: list[dict[str, Any]]) -> None:
    found = bills_of([{**LINE, **line} for line in lines], None)
    kinds = {(bill.issuers, bill.account, bill.period) for bill in found}
    assert len({bill.number for bill in found}) == len(kinds) == 2
    assert {bill.source.split("/")[0] for bill in found} == {"AWS", "Azure"}
