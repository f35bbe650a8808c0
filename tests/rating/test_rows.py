"""How a row of usage is rated: B1 to B10."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from billing import codes, figures, rated, row, service, table

import apportion as ap
from apportion.rating.allowance import Meter, Origin, resolve

APRIL = date(2023, 4, 1)
DAY = timedelta(days=1)
SPLIT = ("remaining_before", "free_allowance_used", "charged_units", "cost", "remaining_after")


def test_b1_an_account_has_what_a_statement_and_a_margin_need():
    account = service().account_index["renewals"]
    assert (account.organisation, account.product) == ("home-office", "passports")
    assert (account.contact_names, account.contact_emails) == ("Ada Palmer", "pay@example.gov")
    assert (account.reference, account.purchase_order) == ("HO-17", "PO 4")


def test_b2_what_is_not_billed_is_counted_and_costs_nothing():
    charges = rated(row(APRIL, 50, channel="email"))
    assert figures(charges, "chargeable_units", "rate", "cost") == [(50, 0, 0)]
    assert not charges.findings


def test_b3_a_row_with_the_same_key_replaces_the_first_and_never_adds():
    charges = rated(row(APRIL, 4), row(APRIL, 9, provider="firetext"), row(APRIL, 2))
    assert figures(charges, "provider", "billable_units") == [("firetext", 9), ("mmg", 2)]
    assert codes(charges.findings) == ["replaced_rows"]
    assert charges.findings[0].details["rows"] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"account": "visas"},
        {"channel": "email"},
        {"provider": "firetext"},
        {"rate_multiplier": 2},
        {"international": True},
        {"template": "reminder"},
        {"day": APRIL + DAY},
    ],
)
def test_b3_each_part_of_the_key_makes_another_row(other):
    again = {"day": APRIL, "units": 2, **other}
    assert len(rated(row(APRIL, 4), row(**again))) == 2


def test_b4_a_rate_counts_until_the_next_one_begins():
    prices = [
        {"channel": "sms", "valid_from": date(2023, 4, 3), "rate": "0.03"},
        {"channel": "sms", "valid_from": date(2020, 4, 1), "rate": "0.02"},
    ]
    model = service(rates=prices)
    charges = rated(*(row(APRIL + DAY * shift, 1) for shift in range(4)), model=model)
    assert [str(price)[:4] for price in charges["rate"].to_pylist()] == ["0.02"] * 2 + ["0.03"] * 2


def test_b4_no_rate_on_a_day_with_billed_usage_is_an_error_that_names_both():
    with pytest.raises(ap.RunError) as caught:
        rated(*(row(date(2020, 3, 30) + DAY * shift, 1) for shift in range(4)))
    finding = caught.value.findings[0]
    assert finding.code == "missing_rate"
    assert finding.message == (
        "renewals has 1 unit of sms by mmg on 2020-03-30, and usage on 1 more day until "
        "2020-03-31; its first rate begins on 2020-04-01. The account is not rated."
    )
    assert finding.details["date"] == date(2020, 3, 30)


def test_b4_days_without_billed_usage_need_no_rate():
    early = date(2019, 5, 1)
    charges = rated(row(early, 0, notifications_sent=3), row(early, 5, channel="email"))
    assert figures(charges, "rate", "cost") == [(0, 0), (0, 0)]


OWN = {"account": "renewals", "channel": "sms", "units": 77}
DEFAULTS = [
    {"channel": "sms", "organisation_type": kind, "valid_from_year": year, "units": units}
    for kind, year, units in (("central", 2021, 10), ("central", 2023, 20), ("other", 2020, 3))
]


@pytest.mark.parametrize(
    ("year", "account", "changed", "units", "origin"),
    [
        (2022, "renewals", {"allowances": [{**OWN, "year": 2022}]}, 77, Origin.OWN),
        (
            2023,
            "renewals",
            {"allowances": [{**OWN, "year": 2022, "custom": True}]},
            77,
            Origin.CARRIED,
        ),
        (2023, "renewals", {"allowances": [{**OWN, "year": 2022}]}, 20, Origin.DEFAULT),
        (
            2024,
            "renewals",
            {"allowances": [{**OWN, "year": 2022, "custom": True}]},
            20,
            Origin.DEFAULT,
        ),
        (2022, "renewals", {}, 10, Origin.DEFAULT),
        (2030, "renewals", {}, 20, Origin.DEFAULT),
        (2020, "renewals", {}, 3, Origin.OTHER),
        (2022, "parking", {}, 3, Origin.OTHER),
        (2019, "renewals", {}, 0, Origin.NONE),
        (2022, "visas", {"high_volume_threshold": 100}, 0, Origin.HIGH_VOLUME),
        (2022, "visas", {"high_volume_threshold": 101}, 10, Origin.DEFAULT),
        (
            2022,
            "renewals",
            {"high_volume_threshold": 5, "allowances": [{**OWN, "year": 2022}]},
            77,
            Origin.OWN,
        ),
    ],
)
def test_b5_the_first_allowance_that_applies_counts(year, account, changed, units, origin):
    model = service(default_allowances=DEFAULTS, **changed)
    used = {Meter("visas", "sms", 2021): 101, Meter("renewals", "sms", 2021): 101}
    resolved = resolve(model, Meter(account, "sms", year), used)
    assert (resolved.units, resolved.origin) == (units, origin)
    assert resolved.is_default == (origin not in (Origin.OWN, Origin.CARRIED))


def test_b5_usage_never_disappears_for_lack_of_an_allowance():
    charges = rated(
        row(APRIL, 4), row(APRIL, 5, channel="email"), model=service(default_allowances=[])
    )
    assert figures(charges, "charged_units") == [(4,), (5,)]
    assert codes(charges.findings) == ["missing_allowance"]
    assert charges.findings[0].message == (
        "No allowance of sms in 2023 is declared for renewals; nothing is free for them."
    )


def test_b5_above_the_high_volume_threshold_the_next_year_is_not_free():
    model = service(high_volume_threshold=19)
    charges = rated(
        row(APRIL - DAY, 10, rate_multiplier=2),
        row(APRIL, 5),
        row(APRIL - DAY, 19, "visas"),
        row(APRIL, 5, "visas"),
        model=model,
    )
    assert figures(charges, "account", "free_allowance_used") == [
        ("renewals", 10),
        ("renewals", 0),
        ("visas", 10),
        ("visas", 5),
    ]


@pytest.mark.parametrize(
    ("start", "last_of_2022", "first_of_2023"),
    [
        ("04-01", date(2023, 3, 31), APRIL),
        ("01-01", date(2022, 12, 31), date(2023, 1, 1)),
        ("04-06", date(2023, 4, 5), date(2023, 4, 6)),
        ("03-01", date(2023, 2, 28), date(2023, 3, 1)),
        ("12-31", date(2023, 12, 30), date(2023, 12, 31)),
    ],
)
def test_b6_a_financial_year_is_named_by_the_year_it_starts_in(start, last_of_2022, first_of_2023):
    model = service(financial_year_start=start)
    charges = rated(row(last_of_2022, 20), row(first_of_2023, 20), model=model)
    # The allowance begins anew, and the months with it.
    wanted = [(2022, 12, 10, 10, 0), (2023, 1, 10, 10, 0)]
    names = ("year", "period", "remaining_before", "free_allowance_used", "remaining_after")
    assert figures(charges, *names) == wanted


def test_b6_the_last_day_of_february_is_a_day_of_its_year():
    model = service(financial_year_start="03-01")
    leap = [row(date(2024, 2, 29), 1), row(date(2024, 3, 1), 1)]
    assert figures(rated(*leap, model=model), "year", "period") == [(2023, 12), (2024, 1)]


def test_b7_chargeable_units_are_billable_units_times_the_multiplier():
    charges = rated(
        row(APRIL, 7, rate_multiplier=3), row(APRIL, 7, rate_multiplier=3, channel="email")
    )
    assert figures(charges, "billable_units", "chargeable_units") == [(7, 21), (7, 7)]


def test_b8_rows_and_not_a_range_of_days():
    """Three rows, the first two of one date: each gets its own remainder, never the same one."""
    charges = rated(
        row(APRIL + 2 * DAY, 4, provider="a"),
        row(APRIL + 2 * DAY, 5, provider="b"),
        row(APRIL + 3 * DAY, 6, provider="a"),
    )
    assert figures(charges, *SPLIT) == [
        (10, 4, 0, 0, 6),
        (6, 5, 0, 0, 1),
        (1, 1, 5, "0.1", 0),
    ]


def test_b8_the_running_sum_of_the_seed():
    """By row it is 3, 5, 7; by range the two rows of one day would both have 5."""
    charges = rated(
        row(date(2021, 4, 3), 3, provider="a"),
        row(date(2021, 4, 3), 2, provider="b"),
        row(date(2021, 4, 4), 2, provider="a"),
    )
    used = [10 - after for after in charges["remaining_after"].to_pylist()]
    assert used == [3, 5, 7]


def test_b8_within_a_day_the_order_is_fixed_whatever_the_order_of_arrival():
    parts = [
        {"provider": "a"},
        {"provider": "a", "template": "x"},
        {"provider": "a", "international": True},
        {"provider": "a", "rate_multiplier": 2},
        {"provider": "b"},
    ]
    rows = [row(APRIL, 2, **part) for part in parts]
    expected = [10, 8, 6, 4, 0]
    assert rated(*rows)["remaining_before"].to_pylist() == expected
    assert rated(*reversed(rows))["remaining_before"].to_pylist() == expected[::-1]


def test_b8_names_are_ordered_by_their_characters_and_not_by_a_language():
    rows = [row(APRIL, 4, provider=name) for name in ("Z", "a", "é", "😀")]
    assert rated(*rows)["remaining_before"].to_pylist() == [10, 6, 2, 0]


def test_b8_meters_do_not_share_an_allowance():
    model = service(
        channels=[{"id": "sms"}, {"id": "call"}],
        rates=[
            {"channel": channel, "valid_from": date(2020, 4, 1), "rate": "0.02"}
            for channel in ("sms", "call")
        ],
    )
    charges = rated(
        row(APRIL, 12),
        row(APRIL, 12, "first-passports"),
        row(APRIL, 12, channel="call"),
        row(APRIL + 366 * DAY, 12),
        model=model,
    )
    assert charges["free_allowance_used"].to_pylist() == [10, 10, 0, 10]


def test_b8_cost_is_exact():
    model = service(
        rates=[{"channel": "sms", "valid_from": date(2020, 4, 1), "rate": "0.123456789"}]
    )
    charges = rated(row(APRIL, 10**12, rate_multiplier=10**6), model=model)
    units = 10**18 - 10
    assert charges["charged_units"].to_pylist() == [units]
    assert int(charges["cost"][0].as_py().scaleb(9)) == units * 123456789


@pytest.mark.parametrize(
    "rate", ["0.0000000375", "0.000000076234", "0.000000000001", "0.123456789012"]
)
def test_b8_the_rate_of_a_token_is_exact(rate):
    model = service(rates=[{"channel": "sms", "valid_from": date(2020, 4, 1), "rate": rate}])
    charges = rated(row(APRIL, 10**12, rate_multiplier=10**6), model=model)
    (cost,) = charges["cost"].to_pylist()
    assert Fraction(cost) == (10**18 - 10) * Fraction(rate)
    assert charges.yearly("renewals", 2023)["cost"].to_pylist() == charges["cost"].to_pylist()


def test_b4_a_rate_of_more_decimals_is_refused():
    with pytest.raises(ap.ModelError, match="at most 12 decimals"):
        service(rates=[{"channel": "sms", "valid_from": APRIL, "rate": "7.6234102728e-08"}])


def test_b8_costs_that_no_view_could_sum_are_refused():
    rates = [{"channel": "sms", "valid_from": date(2020, 4, 1), "rate": "999999999.5"}]
    largest = [row(APRIL, 10**12, rate_multiplier=10**5), row(APRIL + DAY, 1, "visas")]
    with pytest.raises(ap.RunError) as refused:
        rated(*largest, model=service(rates=rates))
    (finding,) = refused.value.findings
    assert (finding.code, finding.details["account"]) == ("amount_overflow", "renewals")
    assert "has 100,000,000,000,000,000,000,000,000 units of currency" in finding.message
    fitting = rated(row(APRIL, 10**12, rate_multiplier=10**4), model=service(rates=rates))
    assert fitting["cost"].to_pylist() == [(10**16 - 10) * Decimal("999999999.5")]


def test_b7_units_that_no_view_could_sum_are_refused():
    largest = [row(APRIL + n * DAY, 10**12, rate_multiplier=10**6) for n in range(10)]
    charges = rated(*largest[:9])
    assert figures(charges.yearly("renewals", 2023), "chargeable_units") == [(9 * 10**18,)]
    with pytest.raises(ap.RunError, match="10,000,000,000,000,000,000 chargeable units") as refused:
        rated(*largest)
    (finding,) = refused.value.findings
    assert finding.code == "amount_overflow"
    assert finding.message == (
        "renewals has 10,000,000,000,000,000,000 chargeable units; more than "
        "9,223,372,036,854,775,807 are not summed. Its largest row is sms by mmg on 2023-04-01 "
        "with 1,000,000,000,000 x 1,000,000. The account is not rated."
    )


def test_b7_the_multiplier_of_what_is_not_billed_makes_no_units_too_many():
    rows = [row(APRIL + n * DAY, 10**12, channel="email", rate_multiplier=10**6) for n in range(10)]
    assert figures(rated(*rows).yearly("renewals", 2023), "chargeable_units") == [(10**13,)]


def test_b9_the_allowance_falls_on_the_earliest_rows_at_their_rates():
    prices = [
        {"channel": "sms", "valid_from": date(2023, 4, 1), "rate": "0.01"},
        {"channel": "sms", "valid_from": date(2023, 10, 1), "rate": "0.05"},
    ]
    charges = rated(
        row(date(2023, 9, 30), 8), row(date(2023, 10, 1), 8), model=service(rates=prices)
    )
    assert figures(charges, "free_allowance_used", "cost") == [(8, 0), (2, "0.3")]


def test_b9_the_rate_may_change_on_the_day_when_the_allowance_runs_out():
    prices = [
        {"channel": "sms", "valid_from": date(2023, 4, 1), "rate": "0.01"},
        {"channel": "sms", "valid_from": date(2023, 4, 2), "rate": "0.05"},
    ]
    charges = rated(row(APRIL, 9), row(APRIL + DAY, 9), model=service(rates=prices))
    assert figures(charges, "charged_units", "cost") == [(0, 0), (8, "0.4")]


def test_b10_there_are_no_billing_units():
    charges = rated(row(APRIL, 1))
    tables = [
        charges.rows,
        charges.monthly("renewals", 2023),
        charges.yearly("renewals", 2023),
        charges.daily(APRIL, APRIL),
        charges.providers(APRIL, APRIL),
        charges.accounts(APRIL, APRIL),
        charges.charges(APRIL, APRIL),
        charges.organisation("home-office", 2023),
    ]
    for each in tables:
        assert "billing_units" not in each.column_names
        assert {"chargeable_units", "notifications_sent"} <= set(each.column_names)


def test_no_usage_gives_no_rows():
    charges = rated()
    assert len(charges) == 0
    assert charges.monthly("renewals", 2023).num_rows == 0


def test_charges_are_a_table_to_others():
    import polars as pl
    import pyarrow as pa

    charges = rated(row(APRIL, 12), row(APRIL + DAY, 1))
    assert pa.table(charges).equals(charges.rows)
    assert pl.DataFrame(charges)["charged_units"].to_list() == [2, 1]
    assert charges.column("date").to_pylist() == [APRIL, APRIL + DAY]
    assert table(row(APRIL, 12)).column_names == charges.column_names[:9]
