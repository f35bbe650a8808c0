"""What is behind a node's direct cost: the lines of bills, which sum to it."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import inputs
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import apportion as ap
from apportion.ledger.bill_lines import DELIVERIES
from apportion.ledger.store import overwrite, read
from apportion.report.node_lines import NodeLines

Make = Callable[..., ap.Workspace]
NODE_OF = {"EC2": "servers", "S3": "database", "Fees": "unmapped:AWS"}
RULES = [
    {
        "when": {"column": "ServiceName", "equals": service},
        "node": node,
        "dimension": "{ServiceCategory}",
    }
    for service, node in (("EC2", "servers"), ("S3", "database"))
]
COMPANY = {**inputs.COMPANY, "mapping": RULES, "settings": {"scale": 2}}
MONTH = datetime(2024, 9, 1, tzinfo=UTC)


def charge(chance: random.Random, account: str) -> dict[str, str]:
    """A line of September: of an hour, of many days, or a fee of a moment; some are credits."""
    began = MONTH + timedelta(hours=chance.randrange(24 * 30))
    hours = chance.choice([0, 1, 1, 24, 25, 24 * 7, 24 * 30])
    ended = min(began + timedelta(hours=hours), MONTH + timedelta(days=30))
    amount = Decimal(chance.randrange(-(10**8), 10**9)).scaleb(-chance.choice([2, 4, 6, 9]))
    return {
        "BillingAccountId": account,
        "ServiceName": chance.choice(list(NODE_OF)),
        "ServiceCategory": chance.choice(["Compute", "Storage"]),
        "EffectiveCost": f"{amount:f}",
        "ChargePeriodStart": f"{began:%Y-%m-%d %H:%M:%S}",
        "ChargePeriodEnd": f"{ended:%Y-%m-%d %H:%M:%S}",
    }


def within(line: dict[str, str], first: date, last: date) -> Fraction:
    """What of a line falls on some days, by the time that it covers there."""
    began, ended = (
        datetime.fromisoformat(f"{line[name]}+00:00")
        for name in ("ChargePeriodStart", "ChargePeriodEnd")
    )
    midnight = datetime.combine(first, datetime.min.time(), UTC)
    after = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    amount = Fraction(line["EffectiveCost"])
    if ended == began:
        return amount if midnight <= began < after else Fraction(0)
    covered = min(ended, after) - max(began, midnight)
    return (
        amount
        * max(Fraction(covered / timedelta(microseconds=1)), Fraction(0))
        / Fraction((ended - began) / timedelta(microseconds=1))
    )


def direct(company: ap.Workspace, node: str, first: date, last: date) -> Decimal:
    rows = inputs.recorded(company)
    mine = [row["amount"] for row in rows if row["node"] == node and first <= row["date"] <= last]
    return sum(mine, Decimal(0))


def stretches(chance: random.Random) -> Iterator[tuple[date, date]]:
    yield inputs.day(1), inputs.day(30)
    for _ in range(2):
        first, last = sorted((chance.randint(1, 30), chance.randint(1, 30)))
        yield inputs.day(first), inputs.day(last)


@pytest.mark.parametrize("seed", range(3))
def test_the_lines_of_any_days_sum_to_the_direct_cost(workspace: Make, seed: int) -> None:
    chance = random.Random(seed)
    company = workspace(COMPANY)
    bills = [[charge(chance, account) for _ in range(25)] for account in ("a", "b", "a")]
    for number, lines in enumerate(bills):
        company.ingest("focus", inputs.bill(f"{number}.csv", *lines), append=True)
    for first, last in stretches(chance):
        for service, node in NODE_OF.items():
            expected = sum(
                within(line, first, last)
                for lines in bills
                for line in lines
                if line["ServiceName"] == service
            )
            found = company.lines(node, first, last)
            cost = direct(company, node, first, last)
            if not found.proofs:
                assert cost == 0
                continue
            (proof,) = found.proofs
            assert proof.direct_cost == cost
            assert abs(Fraction(proof.lines_cost) - expected) < Fraction(1, 10**20)
            assert pc.sum(found.table["cost_within"]).as_py() == proof.lines_cost
            assert proof.difference == cost - proof.lines_cost
            assert proof.holds, proof
            assert found.findings == ()


def test_neighbouring_days_share_a_line_without_rest(workspace: Make) -> None:
    company = workspace(COMPANY)
    long = {"ChargePeriodStart": "2024-09-01 07:00:00", "ChargePeriodEnd": "2024-10-01 00:00:00"}
    company.ingest("focus", inputs.bill("a.csv", {**long, "EffectiveCost": "-100.000000000007"}))
    parts = [
        company.lines("servers", inputs.day(first), inputs.day(last)).table.to_pylist()[0]
        for first, last in ((1, 1), (2, 17), (18, 30))
    ]
    assert {part["cost"] for part in parts} == {Decimal("-100.000000000007")}
    assert sum(part["cost_within"] for part in parts) == Decimal("-100.000000000007")
    first = Fraction("-100.000000000007") * 17 / (24 * 30 - 7)
    assert parts[0]["cost_within"] == Decimal(round(first * 10**24)).scaleb(-24)


def test_the_largest_come_first_and_the_rest_is_told(workspace: Make) -> None:
    company = workspace(COMPANY)
    amounts = ["1", "-7", "3.5", "2"]
    company.ingest("focus", inputs.bill("a.csv", *({"EffectiveCost": each} for each in amounts)))
    found = company.lines("servers", top=2)
    assert found.table["cost_within"].to_pylist() == [Decimal(-7), Decimal("3.5")]
    assert found.table["line"].to_pylist() == [3, 4]
    assert (found.total_rows, found.proofs[0].others) == (4, Decimal(3))
    assert (found.start, found.end) == (inputs.day(2), inputs.day(2))


def test_a_line_has_what_its_file_said(workspace: Make) -> None:
    company = workspace(COMPANY)
    line = {"SkuId": "s-1", "Tags": '{"team": "search"}', "x_Project": "alpha", "RegionId": ""}
    company.ingest("focus", inputs.bill("a.csv", line))
    found = company.lines("servers").table
    (row,) = found.to_pylist(maps_as_pydicts="strict")
    assert (row["file"], row["line"], row["SkuId"]) == ("a.csv", 2, "s-1")
    assert (row["Tags"], row["other"]) == ({"team": "search"}, {"x_Project": "alpha"})
    assert "RegionId" not in found.column_names


def test_only_the_dimension_asked_for(workspace: Make) -> None:
    company = workspace(COMPANY)
    lines = [{"EffectiveCost": "1"}, {"EffectiveCost": "5", "ServiceCategory": "Storage"}]
    company.ingest("focus", inputs.bill("a.csv", *lines))
    found = company.lines("servers", dimension="Storage")
    assert found.table["cost"].to_pylist() == [Decimal(5)] == [found.proofs[0].direct_cost]
    with pytest.raises(ap.UsageError, match="no dimension 'Stroage'"):
        company.lines("servers", dimension="Stroage")


def test_the_cost_column_asked_for_counts(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {}), cost_column="list")
    assert company.lines("servers").table["cost"].to_pylist() == [Decimal(4)]


def test_what_is_superseded_or_withdrawn_is_no_line_of_it(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {"EffectiveCost": "1"}))
    later = company.ingest("focus", inputs.bill("b.csv", {"EffectiveCost": "9"}))
    assert company.lines("servers").table["file"].to_pylist() == ["b.csv"]
    company.withdraw(later.recorded.ingest_id, "wrong")
    found = company.lines("servers")
    assert (found.table["file"].to_pylist(), found.holds) == (["a.csv"], True)


def test_plain_costs_of_some_days(workspace: Make) -> None:
    company = workspace(COMPANY)
    both = [{"amount": "1.005"}, {"amount": "2.005", "date": "2024-01-02"}]
    company.ingest("costs", inputs.costs("a.csv", *both), source="x")
    company.ingest("costs", inputs.costs("b.csv", {"amount": "7"}), source="x", replace=True)
    found = company.lines("servers", date(2024, 1, 1), date(2024, 1, 2))
    assert found.holds
    assert sorted(
        zip(found.table["file"].to_pylist(), found.table["cost"].to_pylist(), strict=True)
    ) == [
        ("a.csv", Decimal("2.005")),
        ("b.csv", Decimal(7)),
    ]


def test_each_currency_has_its_proof(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {}, {"BillingCurrency": "EUR"}))
    found = company.lines("servers", top=1)
    assert [proof.currency for proof in found.proofs] == ["EUR", "USD"]
    assert found.table["currency"].to_pylist() == ["EUR", "USD"]
    assert found.holds


def test_unknown_nodes_are_refused_and_nodes_without_cost_have_none(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {}))
    with pytest.raises(ap.UsageError, match=r"no node 'servrs'\. Did you mean 'servers'"):
        company.lines("servrs")
    for found in (
        company.lines("checkout"),
        company.lines("servers", date(2023, 1, 1), inputs.day(1)),
    ):
        assert (found.table.num_rows, found.proofs, found.holds) == (0, (), True)


def test_lines_that_go_elsewhere_by_the_rules_of_now_are_an_error(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {}, {"ServiceName": "S3", "EffectiveCost": "5"}))
    path = Path(company.folder) / "model" / "company.yaml"
    turned = [{**RULES[0], "node": "database"}, {**RULES[1], "node": "servers"}]
    path.write_text(json.dumps({**inputs.COMPANY, "mapping": turned}), encoding="utf-8")
    found = ap.Workspace(company.folder).lines("servers")
    assert not found.holds
    (finding,) = found.findings
    assert finding.code == "lines_differ"
    assert finding.message == (
        "The lines behind 'servers' from 2024-09-02 to 2024-09-02 sum to 5 USD, and its direct "
        "cost is 1. The difference is -4; rounding makes no more than 0.01."
    )


def test_cost_of_which_no_lines_were_kept_is_told_with_its_money(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {"EffectiveCost": "1234.5"}))
    shutil.rmtree(company.store.root / "delivery_parts")
    found = company.lines("servers")
    assert (found.table.num_rows, found.holds) == (0, True)
    (proof,) = found.proofs
    assert (proof.direct_cost, proof.not_kept, proof.not_kept_rows) == (0, Decimal("1234.5"), 1)
    _require_told(found)


def test_sums_that_were_moved_over_are_told_as_such(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {"EffectiveCost": "1234.5"}))
    known = read(company.store, DELIVERIES)
    place = known.schema.get_field_index("outcome")
    moved = known.set_column(place, known.schema.field(place), pa.array([["sums"]]).flatten())
    overwrite(company.store, DELIVERIES, moved)
    found = company.lines("servers")
    assert found.proofs[0].sums == found.proofs[0].direct_cost == Decimal("1234.5")
    _require_told(found)


def _require_told(found: NodeLines) -> None:
    (finding,) = found.findings
    assert (finding.code, str(finding.severity)) == ("lines_not_kept", "warning")
    assert finding.message == (
        "1,234.5 USD of the direct cost of 'servers' from 2024-09-02 to 2024-09-02 came in when no "
        "lines were kept, so it is followed to sums of days alone."
    )


def test_no_file_of_another_month_or_delivery_is_opened(workspace: Make) -> None:
    company = workspace(COMPANY)
    company.ingest("focus", inputs.bill("a.csv", {}))
    october: dict[str, Any] = {
        "BillingPeriodStart": "2024-10-01 00:00:00",
        "BillingPeriodEnd": "2024-11-01 00:00:00",
        "ChargePeriodStart": "2024-10-02 00:00:00",
        "ChargePeriodEnd": "2024-10-03 00:00:00",
    }
    company.ingest("focus", inputs.bill("b.csv", october))
    company.ingest("focus", inputs.bill("c.csv", {"BillingAccountId": "x", "ServiceName": "S3"}))
    held = sorted((company.store.root / "bill_lines").rglob("*.parquet"))
    assert len(held) == 3
    mine = company.lines("servers", inputs.day(1), inputs.day(30)).table["delivery"][0].as_py()
    for path in held:
        if mine not in path.name:
            # As long as before, for that is looked at; whoever opens it fails.
            path.write_bytes(b"\0" * path.stat().st_size)
    found = ap.Workspace(company.folder).lines("servers", inputs.day(1), inputs.day(30))
    assert found.table.num_rows == 1
