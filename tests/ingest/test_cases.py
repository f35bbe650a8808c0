"""Cases from the field: what comes out of a file that people really had, or what is said of it.

Small files of our own, and those of the folder ``shared/cases`` where that lies beside the
checkout.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from inputs import amounts, bill, codes, costs, model, parquet, read, refusal, usage, written

import apportion as ap
from apportion.findings import ApportionError, Finding
from apportion.ingest.incoming import Incoming

BY_NODE = [
    {
        "when": {"tag": "node", "exists": True},
        "node": "{tag.node}",
        "dimension": "{ServiceCategory}",
    }
]
NODES = [{"id": name, "type": "resource"} for name in ("servers", "database", "monitoring")]
COMMITTED = [
    {"when": {"column": "CommitmentDiscountId", "exists": True}, "node": "monitoring"},
    *BY_NODE,
]
for _rule in COMMITTED:
    _rule.setdefault("dimension", "Commitments")


def _company(rules: list[dict[str, Any]] = BY_NODE, **settings: Any) -> ap.Model:
    return ap.Model.from_dict({"currency": "USD", "nodes": NODES, "mapping": rules, **settings})


def _total(incoming: Incoming) -> Decimal:
    return sum(incoming.rows["amount"].to_pylist(), Decimal(0))


def _said(incoming: Incoming, code: str) -> Finding:
    return next(each for each in incoming.report.findings if each.code == code)


def test_oracle_s_spelling_names_the_provider(shared_cases: Path) -> None:
    files = sorted((shared_cases / "01-oci-six-hourly-files").glob("*.csv"))
    found = read("focus", *files, company=_company())
    assert set(amounts(found, "source")) == {"Oracle/70012345"}
    assert _total(found) == Decimal("12.8")
    assert not any("provider" in each.message for each in found.report.findings)


def test_a_provider_by_its_other_name() -> None:
    path = bill("a.csv", {"Provider": "Oracle"}, without=["ProviderName"])
    rules = [{"when": {"column": "Provider", "equals": "Oracle"}, "node": "servers"}]
    found = read("focus", path, company=_company([{**rule, "dimension": "d"} for rule in rules]))
    assert amounts(found, "source", "node") == {("Oracle/acme", "servers"): 1}


@pytest.mark.parametrize(("cost", "amount"), [("list", "72"), ("contracted", "60")])
def test_a_commitment_that_counts_twice_is_told(cost: str, amount: str, shared_cases: Path) -> None:
    path = shared_cases / "07-list-cost-with-commitments" / "bill.csv"
    found = read("focus", path, company=_company(), cost_column=cost)
    assert _total(found) == Decimal(amount)
    said = _said(found, "commitment_twice")
    assert "24 USD" in said.message
    assert "1 line" in said.message
    assert "commitment_twice" not in codes(read("focus", path, company=_company()))


def test_purchases_of_commitments_alone_are_told() -> None:
    bought = {"ChargeCategory": "Purchase", "CommitmentDiscountId": "sp-1"}
    used = {"ChargeCategory": "Usage", "CommitmentDiscountId": "sp-1"}
    other = {"ChargeCategory": "Purchase", "CommitmentDiscountId": "null"}
    lines = [{**bought, "ListCost": "1000.5"}, used, other]
    found = read("focus", bill("a.csv", *lines), cost_column="list")
    assert _said(found, "commitment_twice").message == (
        "Purchases of commitments count 1,000.5 USD of ListCost on 1 line, and the usage that they "
        "pay for counts its own ListCost too."
    )


def test_a_cost_that_is_blank_throughout_is_refused(shared_cases: Path) -> None:
    path = shared_cases / "08-effective-cost-empty" / "marketplace.csv"
    (said,) = refusal("focus", path, company=_company())
    assert "No EffectiveCost on 3 of 3 lines, where BilledCost has 515.25 USD" in said
    assert "--cost-column billed" in said
    assert _total(read("focus", path, company=_company(), cost_column="billed")) == Decimal(
        "515.25"
    )


def test_a_cost_that_is_blank_on_few_lines_is_told() -> None:
    lines = [{}, {}, {"EffectiveCost": "", "BilledCost": "7"}]
    said = _said(read("focus", bill("a.csv", *lines)), "empty_cost")
    assert said.message == (
        "No EffectiveCost on 1 of 3 lines, where BilledCost has 7 USD on 1 line; it counts as 0."
    )
    lines = [{}, {"EffectiveCost": "", **dict.fromkeys(("BilledCost", "ContractedCost"), "0")}]
    found = read("focus", bill("a.csv", *[{**line, "ListCost": "0"} for line in lines]))
    assert "empty_cost" not in codes(found)


def test_moments_in_nanoseconds(shared_cases: Path) -> None:
    folder = shared_cases / "09-nanosecond-timestamps"
    names = ("ns-utc.parquet", "us-utc.parquet", "same.csv")
    found = [read("focus", folder / name, company=_company()) for name in names]
    assert _total(found[0]) == Decimal("6.6250004")
    assert found[0].rows == found[1].rows == found[2].rows


def test_words_for_nothing(shared_cases: Path) -> None:
    folder = shared_cases / "10-null-words"
    found = read("focus", folder / "bill.csv", company=_company(COMMITTED))
    assert amounts(found, "node") == {"monitoring": 60, "database": 40}
    assert any("'null' in CommitmentDiscountId on 1 line" in each for each in found.report.notes)
    without = read("focus", folder / "tags-null.csv", company=_company())
    assert amounts(without, "node") == {"servers": 60, "unmapped:AWS": 40}


@pytest.mark.parametrize("word", ["null", "NULL", "(null)", "\\N", "None", "N/A", "n/a", " ", ""])
def test_a_word_for_nothing_is_nothing_everywhere(word: str) -> None:
    tagged = '{"node": "database", "other": "' + word.replace("\\", "\\\\") + '"}'
    lines = [
        {"EffectiveCost": "60", "CommitmentDiscountId": "sp-1", "ServiceCategory": word},
        {"EffectiveCost": "40", "CommitmentDiscountId": word, "Tags": tagged},
        {"EffectiveCost": word, "BilledCost": "0", "CommitmentDiscountId": word, "Tags": word},
    ]
    zero = {"ContractedCost": "0", "ListCost": "0"}
    found = read(
        "focus", bill("a.csv", *[{**zero, **line} for line in lines]), company=_company(COMMITTED)
    )
    assert amounts(found, "node") == {"monitoring": 60, "database": 40, "unmapped:AWS": 0}
    values = usage("u.csv", {"label.env": word, "unit": word, "source": word})
    assert amounts(read("usage", values), "labels", "unit", "source") == {("{}", "", "u"): 5}


def test_a_tag_with_a_word_for_nothing_is_absent() -> None:
    rules = [{**BY_NODE[0], "node": "servers", "when": {"tag": "team", "exists": True}}]
    lines = [{"Tags": '{"team": "N/A"}'}, {"Tags": '{"team": "core"}', "EffectiveCost": "3"}]
    found = read("focus", bill("a.csv", *lines), company=_company(rules))
    assert amounts(found, "node") == {"servers": 3, "unmapped:AWS": 1}


def test_which_words_are_nothing_is_a_setting() -> None:
    line = {"ServiceCategory": "none", "ProviderName": "keine", "Tags": ""}
    path = bill("a.csv", line)
    found = read("focus", path, company=_company(settings={"null_words": ["Keine", "(null)"]}))
    assert amounts(found, "node", "dimension") == {("unmapped:unknown", "none"): 1}
    found = read("focus", path, company=_company(settings={"null_words": []}))
    assert amounts(found, "node", "dimension") == {("unmapped:keine", "none"): 1}
    (said,) = refusal("costs", costs("c.csv", {"dimension": "None"}))
    assert "the word stands for nothing" in said
    assert "`null_words`" in said


NATIVE = {
    "an AWS Cost and Usage Report": "identity/LineItemId,lineItem/UnblendedCost",
    "an AWS Cost and Usage Report (CUR 2.0, or one made for Athena)": (
        "line_item_usage_start_date,line_item_unblended_cost,bill_payer_account_id"
    ),
    "an Azure cost export (actual or amortized)": "Date,MeterCategory,EffectivePrice,ChargeType",
    "a Google Cloud billing export": "billing_account_id,usage_start_time,cost,currency",
    "an Oracle Cloud cost or usage report": "lineItem/referenceNo,lineItem/tenantId,cost/myCost",
}


@pytest.mark.parametrize("what", NATIVE)
@pytest.mark.parametrize("form", ["focus", "costs"])
def test_a_provider_s_own_export_is_refused_by_name(what: str, form: str) -> None:
    (said,) = refusal(form, written("a.csv", f"{NATIVE[what]}\n1,2,3,4\n"))
    assert f"The file is {what}." in said
    assert "`focus`" in said


def test_native_exports_of_the_field(shared_cases: Path) -> None:
    for path in sorted((shared_cases / "11-native-export-suggestion").glob("*.csv")):
        (said,) = refusal("focus", path)
        assert "Did you mean" not in said


def test_real_native_exports(shared_data: Path) -> None:
    for path in sorted(shared_data.glob("azure_ea_*.csv")):
        (said,) = refusal("focus", path)
        assert "an Azure cost export" in said


def test_a_bill_as_plain_costs_is_told_its_format() -> None:
    (said,) = refusal("costs", bill("a.csv", {}))
    assert "a bill in the FOCUS format. Ingest it as `focus`." in said


@pytest.mark.parametrize(
    "name", ["EffectivePrice", "reservation/EffectiveCost", "UsageQuantity", "EffectiveUnitCost"]
)
def test_no_other_number_is_proposed_as_the_cost(name: str) -> None:
    said = refusal("focus", bill("a.csv", {name: "1"}, without=["EffectiveCost"]))
    assert not any("Did you mean" in each for each in said)
    assert "--cost-column billed" in said[0]
    told = [str(each) for each in read("focus", bill("b.csv", {name: "1"})).report.findings]
    assert not any("'EffectiveCost'" in each for each in told)


def test_a_typing_error_is_proposed() -> None:
    (said,) = refusal("focus", bill("a.csv", {"EffectivCost": "1"}, without=["EffectiveCost"]))
    assert "Did you mean 'EffectivCost'?" in said


PAGE = {
    "totalCount": 2,
    "nextPageKey": "AQAA",
    "result": [
        {
            "metricId": "builtin:service.requestCount.total:splitBy(service)",
            "data": [
                {
                    "dimensionMap": {"service": "checkout"},
                    "timestamps": [1704070800000, 1704074400000],
                    "values": [10, 5],
                }
            ],
        }
    ],
}
DYNATRACE = {
    "metric_nodes": [{"when": {"label": "service", "exists": True}, "node": "{label.service}"}]
}


def _page(name: str, series: int = 1, metric: str = "", **said: Any) -> Path:
    result = PAGE["result"][0]  # type: ignore[index]
    told = {**result, "data": result["data"] * series, "metricId": metric or result["metricId"]}
    return written(name, {**PAGE, "result": [told], **said})


def test_a_first_page_alone_is_told(shared_cases: Path) -> None:
    folder = shared_cases / "12-dynatrace-first-page"
    company = model(**DYNATRACE)
    found = read("dynatrace", folder / "page-1.json", company=company)
    said = _said(found, "incomplete_answer")
    assert "1 series of 2; the last page here has a nextPageKey" in said.message
    both = read("dynatrace", folder / "page-1.json", folder / "page-2.json", company=company)
    assert "incomplete_answer" not in codes(both)


def test_every_sign_of_an_answer_that_is_not_whole_is_told() -> None:
    company = model(**DYNATRACE)
    whole = {"totalCount": 1, "nextPageKey": None}

    def told(*paths: Path) -> list[str]:
        found = read("dynatrace", *paths, company=company).report.findings
        return [each.message for each in found if each.code == "incomplete_answer"]

    assert told(_page("a.json", **whole)) == []
    assert "nextPageKey" in told(_page("a.json", **{**whole, "nextPageKey": "AQ"}))[0]
    assert "1 series of 9" in told(_page("a.json", totalCount=9, nextPageKey=None))[0]
    warned = told(_page("a.json", **whole, warnings=["Too many tuples."]))
    assert warned == ["Dynatrace warns: Too many tuples."]
    metric = {**PAGE["result"][0], "warnings": ["Partial."]}  # type: ignore[index]
    assert told(written("a.json", {**PAGE, **whole, "result": [metric]})) == [
        "Dynatrace warns: Partial."
    ]


@pytest.mark.parametrize(
    "behind", [":rate(1h)", ":splitBy(service):avg", ":percentile(95)", ":max", ":delta"]
)
def test_another_figure_of_a_metric_needs_its_own_rule(behind: str) -> None:
    name = f"builtin:service.requestCount.total{behind}"
    path = _page("a.json", metric=name, nextPageKey=None, totalCount=1)
    said = refusal("dynatrace", path, company=model(**DYNATRACE))
    assert any(
        "makes another figure of 'builtin:service.requestCount.total'" in each for each in said
    )
    rule = {"id": name, "name": "requests", "day": "mean"}
    found = read("dynatrace", path, company=model(**DYNATRACE, metrics=[rule]))
    assert amounts(found, "metric") == {"requests": Decimal("7.5")}


def test_transformations_that_keep_a_figure_are_the_metric() -> None:
    for behind in (':filter(eq("a:b","c)")):splitBy():sum', ":sort(value(auto)):limit(10):auto"):
        name = f"builtin:service.requestCount.total{behind}"
        path = _page("a.json", metric=name, nextPageKey=None, totalCount=1)
        found = read("dynatrace", path, company=model(**DYNATRACE))
        assert amounts(found, "metric") == {"http_requests": 15}


def test_small_things_are_told_as_what_they_are(tmp_path: Path) -> None:
    good = bill("good.csv", {}).read_text()
    header, line = good.splitlines()
    joined = f"{header}\n{line}\n" * 3
    said = refusal("focus", written("joined.csv", joined))
    assert len(said) == 1
    assert "joined.csv:3: error" in said[0]
    assert "2 lines repeat the header, the first of them here." in said[0]
    (said_of_blanks,) = refusal("focus", written("b.csv", f"{good}   \n"))
    assert "The line holds nothing but commas and blanks." in said_of_blanks
    (separator,) = refusal("focus", written("s.csv", f"sep=,\n{good}"))
    assert "The first line is 'sep=,', which tells a spreadsheet" in separator
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"
    (lfs,) = refusal("focus", written("p.csv", pointer))
    assert "`git lfs pull`" in lfs
    (folder,) = refusal("focus", tmp_path)
    assert "such as 'b.csv'" in folder
    (manifest,) = refusal("focus", written("manifest.json", {"files": []}))
    assert "the manifest of an export" in manifest


def test_rows_that_a_footer_claims_are_refused_before_they_are_read() -> None:
    import pyarrow as pa

    rows = 6_000_000
    same = {
        name: pa.repeat(pa.scalar(value), rows)
        for name, value in {
            "node": "servers",
            "date": "2024-01-01",
            "dimension": "c",
            "amount": "1",
        }.items()
    }
    (said,) = refusal("costs", parquet("many.parquet", **same))
    assert "unsafe_file" in said
    assert "6,000,000 rows" in said


def test_a_fault_of_a_library_is_told_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    from apportion.ingest.formats import costs as form

    def fail(*_: Any) -> None:
        raise duckdb.BinderException("No function matches epoch_us(TIMESTAMPTZ_NS) c10")

    monkeypatch.setattr(form, "accept", fail)
    with pytest.raises(ApportionError) as raised:
        read("costs", costs("c.csv", {}))
    assert "c10" not in str(raised.value)
    assert raised.value.findings[0].where.file == "c.csv"


def test_digits_that_are_rounded_away_are_told() -> None:
    fine = ["1.0000000000000000000000001", "1E-25", "4.0E-23", "2.1234567890123456789012340000"]
    found = read("focus", bill("a.csv", *[{"EffectiveCost": each} for each in fine]))
    (told,) = (each for each in found.report.notes if "24 decimals" in each)
    assert told == "Rounded to 24 decimals before anything else: 2 lines with more of them."
