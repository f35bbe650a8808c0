"""A bill that should have come, told by the month before (`D8`)."""

from datetime import date
from pathlib import Path

from apportion import Workspace

HEAD = (
    "ProviderName,BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,"
    "ChargePeriodEnd,ServiceName,BillingCurrency,BilledCost,EffectiveCost\n"
)


def line(account: str, month: int, day: int = 5, cost: str = "10") -> str:
    start = f"2024-{month:02}-{day:02}"
    end = f"2024-{month:02}-{day + 1:02}"
    period = f"2024-{month:02}-01,2024-{month + 1:02}-01"
    return f"AWS,{account},{period},{start},{end},EC2,USD,{cost},{cost}\n"


def warned(folder: Path, first: date, last: date, *lines: str) -> list[str]:
    (folder / "apportion.yaml").write_text("name: a\ncurrency: USD\n")
    (folder / "model").mkdir()
    (folder / "model/model.yaml").write_text("nodes:\n  - {id: shop, type: product}\n")
    (folder / "bill.csv").write_text(HEAD + "".join(lines))
    workspace = Workspace(folder)
    workspace.ingest("focus", folder / "bill.csv")
    found = workspace.run(first, last).findings
    return [each.message for each in found if each.code == "missing_bill"]


def test_an_account_without_a_bill_where_another_has_one_is_told_with_its_money(
    tmp_path: Path,
) -> None:
    lines = (line("1", 1), line("2", 1, cost="7.50"), line("1", 2))
    assert warned(tmp_path, date(2024, 1, 1), date(2024, 2, 29), *lines) == [
        "'AWS/2' has no bill where others have: none of 2024-02 after 7.5 USD the month before."
    ]


def test_a_month_of_which_only_some_days_are_asked_for_says_nothing(tmp_path: Path) -> None:
    lines = (line("1", 1), line("2", 1), line("1", 2))
    assert warned(tmp_path, date(2024, 2, 1), date(2024, 2, 20), *lines) == []


def test_a_first_month_and_a_month_without_any_bill_say_nothing(tmp_path: Path) -> None:
    lines = (line("1", 1), line("2", 1))
    assert warned(tmp_path, date(2024, 1, 1), date(2024, 2, 29), *lines) == []
