"""What is told after an ingest: every line is accounted for, every total is proved."""

import csv
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import amounts, bill, costs, model, parquet, read, refusal, usage, written

from apportion.findings import IngestError, UsageError
from apportion.ingest import acceptance, second_reading

HEADER = "node,date,dimension,amount,currency\n"
GOOD = ("servers,2024-01-01,compute,10.5,USD", "servers,2024-01-02,compute,-0.25,EUR")
BAD = {
    "servers,2024-02-31,compute,1,USD": "invalid_value",
    "servers,2024-01-01,compute,ten,USD": "invalid_value",
    "servers,2024-01-01,compute,1e12,USD": "amount_overflow",
    "servers,2024-01-01,compute,1,us$": "unknown_currency",
    "server,2024-01-01,compute,1,USD": "unknown_node",
    "servers,2024-01-01,compute,1": "invalid_value",
    'servers,2024-01-01,"a ""quoted""\r\ncell",x,USD': "invalid_value",
}


def test_the_report_of_a_good_file() -> None:
    report = read("costs", written("a.csv", HEADER + "\n".join(GOOD))).report
    assert report.to_dict() == {
        "format": "costs",
        "kind": "costs",
        "source": "a",
        "source_is_a_guess": True,
        "lines_read": 2,
        "accepted": 2,
        "rejected": 0,
        "files": [
            {
                "file": "a.csv",
                "lines_read": 2,
                "accepted": 2,
                "rejected": 0,
                "rejections": {},
                "totals": {"EUR": "-0.25", "USD": "10.5"},
            }
        ],
        "totals": [
            {"currency": "EUR", "file": "-0.25", "rows": "-0.25", "difference": "0"},
            {"currency": "USD", "file": "10.5", "rows": "10.5", "difference": "0"},
        ],
        "mapped": [],
        "unmapped": [],
        "notes": [],
        "warnings": [],
    }


def test_a_file_with_bad_lines_is_refused_whole_and_each_is_named() -> None:
    path = written("a.csv", HEADER + "\n".join((*GOOD, *BAD)))
    said = refusal("costs", path)
    places = [message.split(" error ")[0] for message in said]
    spots = ["4:2:", "5:4:", "6:4:", "7:5:", "8:1:", "9:", "10:3:", "10:4:"]
    assert places == [f"a.csv:{spot}" for spot in spots]


def test_the_good_lines_are_taken_and_the_bad_ones_given_back() -> None:
    path = written("a.csv", (HEADER + "\n".join((GOOD[0], *BAD, GOOD[1]))).encode())
    found = read("costs", path, reject_file="bad.csv")
    assert amounts(found, "currency") == {"USD": Decimal("10.5"), "EUR": Decimal("-0.25")}
    (file,) = found.report.files
    assert (file.lines_read, file.accepted, file.rejected) == (9, 2, 7)
    assert file.rejections == dict(Counter(BAD.values()))
    (warning,) = found.report.findings
    assert "Not accepted: 7 of 9 lines" in warning.message
    with Path("bad.csv").open(encoding="utf-8", newline="") as rejected:
        rows = list(csv.DictReader(rejected))
    assert [row["record"] for row in rows] == list(BAD)
    assert [row["line"] for row in rows] == ["3", "4", "5", "6", "7", "8", "9"]
    assert all(row["file"] == "a.csv" and row["reason"] for row in rows)


def test_the_lines_given_back_can_be_mended_and_ingested() -> None:
    path = written("a.csv", HEADER + "\n".join((GOOD[0], "servers,2024-01-03,compute,ten,USD")))
    read("costs", path, reject_file="bad.csv")
    with Path("bad.csv").open(encoding="utf-8", newline="") as rejected:
        records = [row["record"] for row in csv.DictReader(rejected)]
    mended = written("b.csv", HEADER + "\n".join(records).replace("ten", "10"))
    assert amounts(read("costs", mended), "node") == {"servers": 10}


def test_rows_of_a_parquet_file_are_given_back_as_json() -> None:
    path = parquet(
        "a.parquet",
        node=["servers", "servers"],
        date=["2024-01-01", "2024-02-30"],
        dimension=["compute", "compute"],
        amount=[1.5, 2.5],
    )
    found = read("costs", path, reject_file="bad.csv")
    assert amounts(found, "node") == {"servers": Decimal("1.5")}
    with Path("bad.csv").open(encoding="utf-8", newline="") as rejected:
        (row,) = csv.DictReader(rejected)
    assert row["record"] == (
        '{"node":"servers","date":"2024-02-30","dimension":"compute","amount":2.5}'
    )


def test_good_files_beside_bad_ones_are_refused_too_unless_asked_for() -> None:
    good, bad = costs("a.csv", {}), costs("b.csv", {"amount": "x"}, {"amount": "2"})
    assert refusal("costs", good, bad)[0].startswith("b.csv:2:4:")
    found = read("costs", good, bad, reject_file="bad.csv")
    assert [(each.accepted, each.rejected) for each in found.report.files] == [(1, 0), (1, 1)]


def test_of_many_bad_lines_some_are_shown_and_all_counted() -> None:
    said = refusal(
        "costs", costs("a.csv", *({"amount": "x", "dimension": str(n)} for n in range(90)))
    )
    assert len(said) == 51
    assert "Not shown: at least 40 more problems." in said[-1]
    assert "--reject-file PATH" in said[-1]


def test_where_not_one_line_is_good_nothing_is_taken() -> None:
    said = refusal("costs", costs("a.csv", {"amount": "x"}), reject_file="bad.csv")
    assert "Not one of 1 line was accepted." in said[0]


@pytest.mark.parametrize("reject_file", ["a.csv", "./a.csv"])
def test_the_reject_file_never_replaces_what_is_read(reject_file: str) -> None:
    path = costs("a.csv", {"amount": "x"}, {})
    before = path.read_bytes()
    with pytest.raises(UsageError, match="would replace it"):
        read("costs", path, reject_file=reject_file)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["nodes: []\n", "file,line\n", "file,line,reason,records\n"])
def test_the_reject_file_replaces_nothing_but_a_reject_file(content: str) -> None:
    path = costs("a.csv", {"amount": "x"}, {})
    written("company.yaml", content)
    with pytest.raises(UsageError, match="is no reject file"):
        read("costs", path, reject_file="company.yaml")
    assert Path("company.yaml").read_text(encoding="utf-8") == content


def test_an_earlier_reject_file_and_an_empty_file_are_replaced() -> None:
    for name, content in (("bad.csv", ""), ("bad.csv", None), ("new.csv", None)):
        if content is not None:
            written(name, content)
        read("costs", costs("a.csv", {"amount": "x"}, {}), reject_file=name)
        assert len(Path(name).read_text(encoding="utf-8").splitlines()) == 2


def test_a_folder_or_a_link_to_nowhere_is_no_reject_file() -> None:
    path = costs("a.csv", {"amount": "x"}, {})
    Path("folder").mkdir()
    Path("link").symlink_to("nowhere")
    for name in ("folder", "link", "/dev/null"):
        with pytest.raises(UsageError, match="is no reject file"):
            read("costs", path, reject_file=name)


def test_lines_of_nothing_but_commas_are_one_finding() -> None:
    end = ",,,,\n , ,\n" * 60
    said = refusal("costs", written("a.csv", HEADER + "\n".join((*GOOD, *list(BAD)[:1], end))))
    assert len(said) == 2
    assert said[1].startswith("a.csv:5: error [invalid_value] 120 lines hold nothing but commas")
    one = written("b.csv", HEADER + f"{GOOD[0]}\n,,,,\n")
    (alone,) = refusal("costs", one)
    assert alone.startswith(
        "b.csv:3: error [invalid_value] The line holds nothing but commas and blanks."
    )
    assert "Remove such lines, which spreadsheets add at the end" in alone
    found = read("costs", one, reject_file="bad.csv")
    assert found.report.files[0].rejections == {"invalid_value": 1}
    with Path("bad.csv").open(encoding="utf-8", newline="") as rejected:
        assert [row["reason"] for row in csv.DictReader(rejected)] == [
            "it holds nothing but commas and blanks"
        ]


def test_columns_spelt_in_capitals_are_one_finding() -> None:
    path = written("a.csv", "Node,Date,Dimension, Amount\ns,2024-01-01,c,1\n")
    (said,) = refusal("costs", path)
    assert "[missing_key] The columns are named 'Node', 'Date', 'Dimension', ' Amount';" in said
    assert said.endswith("to the letter. Write node,date,dimension,amount in the header.")


def test_a_reject_file_that_cannot_be_written() -> None:
    with pytest.raises(IngestError, match="storage_failed"):
        read("costs", costs("a.csv", {}), reject_file="no/such/folder/bad.csv")


def test_usage_is_totalled_by_metric() -> None:
    report = read("usage", usage("a.csv", {}, {"metric": "errors", "value": "0.125"})).report
    assert report.files[0].totals == {"errors": "0.125", "requests": "5"}


EXPONENTS = st.builds(
    lambda digits, power: f"{digits}e{power}", st.integers(-99, 99), st.integers(-9, 6)
)
NUMBERS = (
    st.decimals(-(10**9), 10**9, places=9).map(str)
    | st.integers(-(10**9), 10**9).map(str)
    | st.decimals(-1, 1, places=20).map(lambda value: f"{value:f}")
    | EXPONENTS
)
CURRENCIES = st.sampled_from(["USD", "EUR", "JPY"])


@given(st.lists(st.tuples(NUMBERS, CURRENCIES, st.integers(1, 28)), min_size=1, max_size=30))
@settings(max_examples=10)
def test_totals_are_those_of_the_file_whatever_it_holds(lines: list[tuple[str, str, int]]) -> None:
    rows = [
        {"EffectiveCost": n, "BillingCurrency": c, "ChargePeriodStart": f"2024-09-{d:02d}"}
        for n, c, d in lines
    ]
    found = read(
        "focus", bill("a.csv", *({**row, "ChargePeriodEnd": "2024-10-01"} for row in rows))
    )
    exact: dict[str, Fraction] = {}
    for number, currency, _ in lines:
        exact[currency] = exact.get(currency, Fraction(0)) + Fraction(number)
    made = amounts(found, "currency")
    for total in found.report.totals:
        assert Fraction(total.file) == exact[total.currency]
        assert Fraction(total.rows) == Fraction(made[total.currency])
        assert Fraction(total.rows) - Fraction(total.file) == Fraction(total.difference)
        # One bill's total is rounded once, so it is at most half a unit off.
        assert abs(Fraction(total.difference)) <= Fraction(1, 2 * 10**9)
    assert made.keys() == exact.keys()


DOUBLES = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-(10**6), 10**6).map(
    lambda n: n / 100
)


@given(st.lists(DOUBLES, min_size=1, max_size=40))
@settings(max_examples=10)
def test_totals_of_doubles_are_those_of_their_shortest_decimals(values: list[float]) -> None:
    size = len(values)
    path = parquet(
        "a.parquet",
        node=["servers"] * size,
        date=["2024-01-01"] * size,
        dimension=["d"] * size,
        amount=values,
    )
    # Digits beyond 24 decimals are rounded line by line, far below what a unit is.
    unit = 10**24
    shortest = (Fraction(repr(value)) * unit for value in values)
    expected = sum(int(abs(each) + Fraction(1, 2)) * (-1 if each < 0 else 1) for each in shortest)
    found = read("costs", path).report.totals[0].file
    assert Fraction(found) * unit == expected


@pytest.mark.parametrize("change", [{"lines": 1}, {"totals": {"USD": 1}}])
def test_a_second_reading_that_differs_stops_the_ingest(
    change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof is of use only if it can fail."""
    real = second_reading.count

    def spoilt(reading: second_reading.Reading) -> second_reading.Counted:
        counted = real(reading)
        if "lines" in change:
            counted.lines += change["lines"]
        for key, units in change.get("totals", {}).items():
            counted.totals[key] += units
        return counted

    monkeypatch.setattr(acceptance.second_reading, "count", spoilt)
    assert "[total_mismatch]" in refusal("costs", costs("a.csv", {}))[0]


def test_a_line_lost_on_the_way_to_the_rows_stops_the_ingest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from apportion.derive import costs as derived

    real = derived.cost_rows

    def losing(*arguments: Any) -> Any:
        from dataclasses import replace

        rows = real(*arguments)
        return replace(rows, lines=rows.lines - 1)

    monkeypatch.setattr(derived, "cost_rows", losing)
    assert "[total_mismatch]" in refusal("costs", costs("a.csv", {}, {}))[0]


def test_rounding_is_told_with_what_it_did_to_the_total() -> None:
    rows = [{"EffectiveCost": "0.00000000149", "ServiceCategory": f"c{n}"} for n in range(100)]
    found = read("focus", bill("a.csv", *rows), company=model())
    (total,) = found.report.totals
    assert (total.file, total.rows, total.difference) == ("0.000000149", "0.000000149", "0")
    assert all(
        abs(amount - Decimal("0.00000000149")) < Decimal("1e-9")
        for amount in amounts(found, "dimension").values()
    )
    assert found.report.findings[-1].code == "rounded_amounts"
