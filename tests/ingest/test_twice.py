"""Lines that would count twice: in two files of one delivery, or under two sources (`D4`)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from inputs import COMPANY, bill, costs, fingerprint, recorded

import apportion as ap
from apportion.findings import Finding

Make = Callable[..., ap.Workspace]


@pytest.fixture
def here(workspace: Make) -> ap.Workspace:
    """An empty workspace of the small company."""
    return workspace(COMPANY)


def refused(
    workspace: ap.Workspace, form: str, *paths: Path, **how: bool | str
) -> tuple[Finding, ...]:
    """What is said when files are refused, which leaves the ledger as it was."""
    before = fingerprint(workspace.folder)
    with pytest.raises(ap.IngestError) as raised:
        workspace.ingest(form, *paths, **how)
    assert fingerprint(workspace.folder) == before
    return raised.value.findings


def total(workspace: ap.Workspace) -> Decimal:
    """All costs that count."""
    return sum((row["amount"] for row in recorded(workspace)), Decimal(0))


def day(number: int, **changes: str) -> Mapping[str, str]:
    """A charge of a day of September of its own resource."""
    return {
        "ChargePeriodStart": f"2024-09-{number:02}T00:00:00Z",
        "ChargePeriodEnd": f"2024-09-{number + 1:02}T00:00:00Z",
        "EffectiveCost": f"{number}.5",
        "BilledCost": f"{number}.5",
        "ResourceId": "r1",
        "SkuId": "s1",
        "ChargeDescription": "",
        **changes,
    }


def test_two_runs_of_a_month_to_date_export_are_refused(
    here: ap.Workspace, shared_cases: Path
) -> None:
    """Case 03: ten lines of 35.50 in both files, and one more in the newer."""
    folder = shared_cases / "03-two-runs-of-one-export" / "20240901-20240930"
    paths = sorted(folder.glob("*/part_0_0001.csv"))
    finding, *more = refused(here, "focus", *paths)
    assert not more
    assert finding.code == "repeated_lines"
    assert finding.details["lines"] == 10
    assert finding.details["amounts"] == {"USD": "35.5"}
    assert "10 lines with 35.5 USD would count again" in finding.message
    assert f"Leave out {str(paths[0])!r}, of which the other has every line" in finding.remedy
    here.ingest("focus", paths[1])
    assert total(here) == Decimal("39.60")


def test_lines_of_two_files_count_where_that_was_said(here: ap.Workspace) -> None:
    first, second = bill("a.csv", day(1), day(2)), bill("b.csv", day(2), day(3))
    (finding,) = refused(here, "focus", first, second)
    assert str(finding) == (
        "a.csv, b.csv: error [repeated_lines] The same lines stand in 'a.csv' and 'b.csv', to the "
        "letter: 1 line with 2.5 USD would count again. Nothing was recorded. Leave out the files "
        "whose lines another has; if they are charges of their own, say so with --append."
    )
    here.ingest("focus", first, second, append=True)
    assert total(here) == 10


def test_only_what_is_more_than_the_fuller_file_has_is_told(here: ap.Workspace) -> None:
    euros = day(4, BillingCurrency="EUR")
    one = bill("a.csv", day(2), day(2), euros)
    two = bill("b.csv", day(2), day(2), day(2), euros, day(5))
    three = bill("c.csv", day(2), day(6))
    findings = refused(here, "focus", one, two, three)
    assert [each.details for each in findings] == [
        {"files": ["a.csv", "b.csv"], "lines": 1, "amounts": {"EUR": "4.5"}},
        {"files": ["a.csv", "b.csv", "c.csv"], "lines": 3, "amounts": {"USD": "7.5"}},
    ]
    assert "'a.csv', 'b.csv' and 'c.csv'" in findings[1].message


def test_equal_lines_within_a_file_and_lines_of_nothing_are_no_repetition(
    here: ap.Workspace,
) -> None:
    free = day(2, **dict.fromkeys(("EffectiveCost", "BilledCost", "ContractedCost"), "0"))
    free = {**free, "ListCost": "0"}
    first = bill("a.csv", day(1), day(1), free)
    here.ingest("focus", first, bill("b.csv", day(3), free, {**day(1), "ChargeDescription": "x"}))
    assert total(here) == 8


def test_a_cell_that_no_column_holds_tells_lines_apart(here: ap.Workspace) -> None:
    here.ingest("focus", bill("a.csv", day(1, x_id="1")), bill("b.csv", day(1, x_id="2")))
    assert total(here) == 3


def test_plain_costs_in_two_files_are_refused(here: ap.Workspace) -> None:
    lines = [{"date": f"2024-01-0{each}"} for each in (1, 2, 3)]
    first, second = costs("a.csv", *lines[:2]), costs("b.csv", *lines)
    (finding,) = refused(here, "costs", first, second, source="cloud")
    assert finding.details == {"files": ["a.csv", "b.csv"], "lines": 2, "amounts": {"USD": "21"}}
    here.ingest("costs", first, second, source="cloud", append=True)
    assert total(here) == Decimal("52.5")


RESELLER = {"ProviderName": "Crayon", "BillingAccountId": "77"}


def test_the_same_bill_under_another_name_is_refused(here: ap.Workspace) -> None:
    here.ingest("focus", bill("a.csv", day(1), day(2)))
    again = bill("b.csv", day(1, **RESELLER), day(2, **RESELLER), day(3, **RESELLER))
    (finding,) = refused(here, "focus", again)
    assert str(finding) == (
        "b.csv: error [repeated_lines] Crayon/77, 2024-09-01 to 2024-09-30: 2 of 3 lines, with 4 "
        "USD, stand in the ledger under 'AWS/acme' as well, of the same start, amount and resource "
        "or SKU. Nothing was recorded. If it is the same bill, say so with --source AWS/acme; if "
        "both count, say so with --append."
    )
    assert finding.details["amounts"] == {"USD": "4"}
    here.ingest("focus", again, source="AWS/acme")
    assert total(here) == Decimal("7.5")


def test_who_said_that_both_count_need_not_say_it_of_each_later_state(here: ap.Workspace) -> None:
    here.ingest("focus", bill("a.csv", day(1), day(2)))
    lines = [day(1, **RESELLER), day(2, **RESELLER)]
    here.ingest("focus", bill("b.csv", *lines), append=True)
    here.ingest("focus", bill("b.csv", *lines, day(3, **RESELLER)))
    assert total(here) == 4 + Decimal("7.5")


@pytest.mark.parametrize(
    "lines",
    [
        [day(1, **RESELLER), day(3, **RESELLER), day(4, **RESELLER)],
        # Half of the lines, but less than half of the money.
        [day(1, **RESELLER), day(9, **RESELLER)],
        [day(1, **RESELLER, ResourceId="r2"), day(2, **RESELLER, ResourceId="r2")],
        [day(1, **RESELLER, ResourceId="", SkuId="")],
        [day(1, **RESELLER, SubAccountId="2")],
        # Two accounts may well have one unit of the same SKU each.
        [day(1, **RESELLER, ResourceId="", SubAccountId="2")],
        [day(1, **RESELLER, EffectiveCost="1.51")],
        [day(1, **RESELLER, BillingCurrency="EUR")],
    ],
)
def test_what_chance_explains_is_taken(lines: list[dict[str, str]], here: ap.Workspace) -> None:
    first = [day(1, SubAccountId="1"), day(2, SubAccountId="1")]
    more = [{**line, "SubAccountId": line.get("SubAccountId", "1")} for line in lines]
    here.ingest("focus", bill("a.csv", *first, day(1, SubAccountId="1", ResourceId="")))
    here.ingest("focus", bill("b.csv", *more))
    assert {row["source"] for row in recorded(here)} == {"AWS/acme", "Crayon/77"}


def test_lines_without_a_resource_are_known_by_sku_and_sub_account(here: ap.Workspace) -> None:
    fee = {"ResourceId": "", "SubAccountId": "000123"}
    here.ingest("focus", bill("a.csv", day(1, **fee)))
    same = {**fee, **RESELLER, "SubAccountId": "123"}
    (finding,) = refused(here, "focus", bill("b.csv", day(1, **same)))
    assert "the only line, with 1.5 USD, stands in the ledger under 'AWS/acme'" in finding.message


def test_one_bill_under_two_names_in_one_delivery_is_refused(here: ap.Workspace) -> None:
    here.ingest("focus", bill("z.csv", {"ProviderName": "Oracle"}))
    days = bill("a.csv", *map(day, range(1, 10)))
    (finding,) = refused(here, "focus", days, bill("b.csv", day(1, **RESELLER)))
    assert (finding.details["source"], finding.details["other"]) == ("Crayon/77", "AWS/acme")
    assert finding.remedy.startswith("If it is the same bill, leave one of the files out")
    (finding,) = refused(
        here, "focus", days, bill("b.csv", *(day(n, **RESELLER) for n in range(1, 10)))
    )
    assert (finding.details["source"], finding.details["lines"]) == ("AWS/acme", 9)


def test_months_that_share_no_day_are_not_compared(here: ap.Workspace) -> None:
    here.ingest("focus", bill("a.csv", day(1)))
    october = day(1, **RESELLER, ChargePeriodStart="2024-10-01", ChargePeriodEnd="2024-10-02")
    period = {"BillingPeriodStart": "2024-10-01", "BillingPeriodEnd": "2024-11-01"}
    here.ingest("focus", bill("b.csv", {**october, **period}))
    assert total(here) == 3
