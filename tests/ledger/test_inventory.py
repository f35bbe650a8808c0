"""What came in, what counts of it, and what was done with it (`D1`, `D6`)."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from ledgers import COST_COLUMNS, USAGE_FILE, write_company

from apportion import Workspace
from apportion.findings import LedgerError, UsageError
from apportion.ledger.inventory import Standing, ingests_without_lines

BILL_COLUMNS = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,"
    "ChargePeriodEnd,ChargePeriodStart,EffectiveCost,ProviderName,ServiceCategory"
)
SEPTEMBER = "2024-10-01 00:00:00,2024-09-01 00:00:00,2024-09-03 00:00:00,2024-09-02 00:00:00"
OCTOBER = "2024-11-01 00:00:00,2024-10-01 00:00:00,2024-10-03 00:00:00,2024-10-02 00:00:00"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace without a ledger whose ids tell the order of changes."""
    numbers = iter(range(1, 100))
    return Workspace(write_company(tmp_path / "acme"), new_id=lambda: f"{next(numbers):08x}")


def bill(workspace: Workspace, *charges: tuple[str, str]) -> str:
    """Ingest a bill of charges, each a cost and its days; gives the delivery's id."""
    lines = [f"{cost},1234,USD,{days},{cost},AWS,Compute" for cost, days in charges]
    file = Path(workspace.folder) / "focus.csv"
    file.write_text("\n".join((BILL_COLUMNS, *lines)) + "\n")
    return workspace.ingest("focus", file).recorded.ingest_id


def plain(workspace: Workspace, name: str, **said: object) -> str:
    """Ingest a file of costs of the source `cloud`."""
    file = Path(workspace.folder) / name
    return workspace.ingest("costs", file, source="cloud", **said).recorded.ingest_id


def standings(workspace: Workspace) -> list[str]:
    return [str(each.standing) for each in workspace.deliveries()]


def test_a_ledger_into_which_nothing_came_has_no_delivery(workspace: Workspace) -> None:
    assert workspace.deliveries() == []
    with pytest.raises(LedgerError, match="unknown_delivery"):
        workspace.delivery("2")


def test_a_delivery_tells_its_files_lines_and_totals(workspace: Workspace) -> None:
    plain(workspace, "bill.csv")
    (found,) = workspace.deliveries()
    (file,) = found.files
    assert (file.name, file.lines, len(file.sha256)) == ("bill.csv", 3, 64)
    assert file.size == (Path(workspace.folder) / "bill.csv").stat().st_size
    assert found.totals["USD"]["effective"] == "31.01"
    assert (found.lines, found.sources, found.periods) == (
        3,
        ("cloud",),
        ("2024-01-01/2024-01-02",),
    )
    assert (found.first_day, found.last_day) == (date(2024, 1, 1), date(2024, 1, 2))
    assert found.at.utcoffset() is not None


def test_what_repeats_and_what_supersedes_is_told_the_latest_first(workspace: Workspace) -> None:
    first = plain(workspace, "bill.csv")
    assert plain(workspace, "bill.csv") == ""
    second = plain(workspace, "corrected.csv", replace=True)
    latest, repeat, old = workspace.deliveries()
    assert standings(workspace) == ["counts", "repeat", "superseded"]
    assert (latest.delivery, old.delivery) == (second, first)
    assert (latest.answer, old.answer) == ("replace", "")
    assert (repeat.outcome, repeat.repeats) == ("repeat", (first,))
    assert (old.superseded_by, latest.superseded_by) == ((second,), ())


def test_a_withdrawal_is_told_with_its_reason_and_what_counts_again(workspace: Workspace) -> None:
    plain(workspace, "bill.csv")
    second = plain(workspace, "corrected.csv", replace=True)
    recorded = workspace.withdraw(second, "  the wrong file ")
    assert recorded.days == (date(2024, 1, 1), date(2024, 1, 2))
    latest, old = workspace.deliveries()
    assert (latest.standing, old.standing) == (Standing.WITHDRAWN, Standing.COUNTS)
    assert (latest.reason, old.reason, old.withdrawn_at) == ("the wrong file", "", None)
    assert latest.withdrawn_at is not None
    assert latest.withdrawn_at >= latest.at
    assert latest.superseded_by == ()
    workspace.restore(second, "it was right", replace=True)
    latest, old = workspace.deliveries()
    assert (latest.standing, old.superseded_by) == (Standing.COUNTS, (second,))
    assert (latest.reason, latest.withdrawn_at) == ("", None)
    told = [(each.kind, each.reason) for each in workspace.delivery(second).history]
    assert told == [
        ("delivery", ""),
        ("withdrawal", "the wrong file"),
        ("restoration", "it was right"),
    ]


def test_of_a_restated_month_the_other_month_still_counts(workspace: Workspace) -> None:
    first = bill(workspace, ("200", SEPTEMBER), ("30.5", OCTOBER), ("1", OCTOBER))
    second = bill(workspace, ("250", SEPTEMBER))
    latest, old = workspace.deliveries()
    assert (latest.standing, old.standing) == (Standing.COUNTS, Standing.IN_PART)
    assert old.superseded_by == (second,)
    assert old.periods == ("2024-09-01/2024-09-30", "2024-10-01/2024-10-31")
    september, october = workspace.delivery(first).parts
    assert (september.counts, september.superseded_by, september.effective) == (False, second, 200)
    assert (october.counts, october.superseded_by, october.lines) == (True, None, 2)
    assert (october.billed, october.list, october.mode) == (Decimal("31.5"), None, "supersede")
    assert october.source == september.source == latest.sources[0]


def test_days_of_plain_costs_that_fare_alike_are_one_part(workspace: Workspace) -> None:
    first = plain(workspace, "bill.csv")
    (Path(workspace.folder) / "day.csv").write_text(
        f"{COST_COLUMNS}\ndatabase,2024-01-01,compute,4.00,USD\n"
    )
    second = plain(workspace, "day.csv")
    known = [
        (part.period, part.lines, part.effective, part.counts, part.superseded_by)
        for part in workspace.delivery(first).parts
    ]
    assert known == [
        ("2024-01-01/2024-01-01", 1, 10, False, second),
        ("2024-01-02/2024-01-02", 2, Decimal("21.01"), True, None),
    ]
    assert standings(workspace) == ["counts", "counts in part"]


def test_days_that_a_period_empties_are_a_part_of_their_own(workspace: Workspace) -> None:
    plain(workspace, "bill.csv")
    january = (date(2024, 1, 1), date(2024, 1, 31))
    delivery = plain(workspace, "second.csv", period=january)
    parts = workspace.delivery(delivery).parts
    told = [(part.period, part.lines, part.currency, part.counts) for part in parts]
    assert told == [
        ("2024-01-01/2024-01-01", 1, "USD", True),
        ("2024-01-02/2024-01-02", 0, "", True),
    ]
    assert standings(workspace) == ["counts", "superseded"]


def test_one_that_comes_back_to_find_all_of_it_there_is_superseded(workspace: Workspace) -> None:
    first = plain(workspace, "bill.csv")
    workspace.withdraw(first, "not yet")
    second = plain(workspace, "bill.csv")
    workspace.restore(first, "now")
    assert standings(workspace) == ["counts", "superseded"]
    assert workspace.deliveries()[1].superseded_by == (second,)
    assert [part.lines for part in workspace.delivery(first).parts] == [3]


def test_a_delivery_is_found_by_the_beginning_of_its_id(workspace: Workspace) -> None:
    first = plain(workspace, "bill.csv")
    assert workspace.delivery(first[:3]).delivery.delivery == first
    second = plain(workspace, "corrected.csv", replace=True)
    assert workspace.delivery(second).delivery.delivery == second
    for unclear in ("2", "", "zzz"):
        with pytest.raises(LedgerError, match="unknown_delivery"):
            workspace.delivery(unclear)
    workspace.withdraw(second[:-1], "the wrong file")
    assert standings(workspace) == ["withdrawn", "counts"]


def test_what_cannot_be_taken_or_brought_back_is_refused(workspace: Workspace) -> None:
    first = plain(workspace, "bill.csv")
    plain(workspace, "bill.csv")
    repeat = workspace.deliveries()[0].delivery
    before = standings(workspace)
    with pytest.raises(UsageError, match="repeats"):
        workspace.withdraw(repeat, "twice")
    with pytest.raises(UsageError, match="no reason"):
        workspace.withdraw(first, " ")
    with pytest.raises(UsageError, match="not withdrawn"):
        workspace.restore(first, "back")
    with pytest.raises(LedgerError, match="unknown_delivery"):
        workspace.withdraw("zzz", "x")
    assert standings(workspace) == before
    workspace.withdraw(first, "x")
    with pytest.raises(UsageError, match="withdrawn already"):
        workspace.withdraw(first, "x")


def test_ingests_of_which_sums_alone_are_kept_are_counted(workspace: Workspace) -> None:
    plain(workspace, "bill.csv")
    assert ingests_without_lines(workspace.store) == 0
    workspace.ingest("usage", Path(workspace.folder) / USAGE_FILE[2], source="monitor")
    assert ingests_without_lines(workspace.store) == 1
    assert len(workspace.deliveries()) == 1
