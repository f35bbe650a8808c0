"""What moved is said by source and month, then by node (`D7`)."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from ledgers import COST_COLUMNS, write_company

from apportion import Workspace
from apportion.ledger.moved_costs import MovedCosts, MovedNode

BILL_COLUMNS = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodEnd,BillingPeriodStart,"
    "ChargePeriodEnd,ChargePeriodStart,EffectiveCost,ProviderName,ServiceCategory"
)
MAPPING = """
mapping:
  - {when: {column: ServiceCategory, equals: Compute}, node: database, dimension: compute}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(write_company(tmp_path / "acme"))


def charges(day: str, *costs: tuple[str, str]) -> list[str]:
    """Lines of September's bill, each a cost and a service on a day."""
    month = "USD,2024-10-01 00:00:00,2024-09-01 00:00:00"
    days = f"2024-09-{day} 12:00:00,2024-09-{day} 00:00:00"
    return [f"{cost},1234,{month},{days},{cost},AWS,{service}" for cost, service in costs]


def focus(workspace: Workspace, lines: list[str], **said: bool) -> tuple[MovedCosts, ...]:
    file = Path(workspace.folder) / "focus.csv"
    file.write_text("\n".join((BILL_COLUMNS, *lines)) + "\n")
    return workspace.ingest("focus", file, **said).recorded.moved_costs


def mapped(workspace: Workspace, rules: str = MAPPING) -> Workspace:
    (Path(workspace.folder) / "model" / "mapping.yaml").write_text(rules)
    return Workspace(workspace.folder)


def test_a_restated_bill_tells_its_month_in_money_lines_and_nodes(workspace: Workspace) -> None:
    mapped(workspace)
    known = charges("02", ("150", "Compute"), ("50", "Storage"))
    (first,) = focus(workspace, known)
    assert (first.lines_before, first.before, first.after, first.nodes) == (0, 0, 200, ())
    moved = focus(workspace, charges("02", ("210", "Compute"), ("30", "Storage"), ("10", "Tax")))
    (bill,) = moved
    assert (bill.period, bill.currency) == ("2024-09-01/2024-09-30", "USD")
    assert "1234" in bill.source
    assert (bill.lines_before, bill.lines_after, bill.before, bill.after) == (2, 3, 200, 250)
    assert (bill.days_gone, bill.amount_gone) == (0, 0)
    (database, other) = bill.nodes
    assert database == MovedNode("database", Decimal(150), Decimal(210))
    assert (other.node[:8], other.before, other.after) == ("unmapped", 50, 40)


def test_days_that_went_are_told_with_their_money(workspace: Workspace) -> None:
    days = [("05", "20"), ("06", "100"), ("20", "50")]
    focus(workspace, [line for day, cost in days for line in charges(day, (cost, "Compute"))])
    (bill,) = focus(workspace, charges("05", ("20", "Compute")), replace=True)
    assert (bill.days_gone, bill.amount_gone) == (2, 150)
    assert (bill.first_gone, bill.last_gone) == (date(2024, 9, 6), date(2024, 9, 20))
    told = bill.to_dict()
    assert (told["before"], told["after"], told["amount_gone"]) == ("170", "20", "150")
    assert (told["first_day_gone"], told["last_day_gone"]) == ("2024-09-06", "2024-09-20")
    assert [each["after"] for each in told["nodes"]] == ["20"]


def test_plain_costs_move_by_the_days_of_a_month_that_were_written_anew(
    workspace: Workspace,
) -> None:
    folder = Path(workspace.folder)
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    lines = ("database,2024-01-02,compute,18.01,USD", "shop,2024-01-02,storage,2,USD")
    (folder / "days.csv").write_text(
        "\n".join((COST_COLUMNS, *lines, "shop,2024-02-01,storage,7,USD")) + "\n"
    )
    moved = workspace.ingest("costs", folder / "days.csv", source="cloud").recorded.moved_costs
    assert [(each.period, each.before, each.after) for each in moved] == [
        ("2024-02-01/2024-02-01", 0, 7),
        ("2024-01-02/2024-01-02", Decimal("21.01"), Decimal("20.01")),
    ]
    assert [each.node for each in moved[1].nodes] == ["database", "shop"]
    assert moved[0].nodes == ()


def test_what_a_withdrawal_gives_back_is_what_the_delivery_took(workspace: Workspace) -> None:
    folder = Path(workspace.folder)
    workspace.ingest("costs", folder / "bill.csv", source="cloud")
    said = {"source": "cloud", "replace": True}
    done = workspace.ingest("costs", folder / "corrected.csv", **said).recorded
    undone = workspace.withdraw(done.ingest_id, "wrong").moved_costs
    taken, given = done.moved_costs[0], undone[0]
    assert (taken.before, taken.after) == (given.after, given.before)
    assert {each.node: (each.before, each.after) for each in taken.nodes} == {
        each.node: (each.after, each.before) for each in given.nodes
    }


def test_a_run_under_another_mapping_tells_which_nodes_moved(workspace: Workspace) -> None:
    focus(workspace, charges("02", ("150", "Compute"), ("50", "Storage")))
    day = date(2024, 9, 2)
    (Path(workspace.folder) / "usage.csv").write_text(
        "node,date,metric,value\nshop,2024-09-02,queries,1\nsearch,2024-09-02,queries,1\n"
    )
    workspace.ingest("usage", Path(workspace.folder) / "usage.csv", source="monitor")
    changed = mapped(workspace)
    derived = changed.run(day, day).derived
    assert derived is not None
    (bill,) = derived.moved_costs
    assert (bill.before, bill.after, bill.lines_before, bill.lines_after) == (200, 200, 2, 2)
    assert {each.node: each.after - each.before for each in bill.nodes} == {
        "database": 150,
        bill.nodes[1].node if bill.nodes[0].node == "database" else bill.nodes[0].node: -150,
    }
    assert changed.run(day, day).derived is None


def test_what_stays_as_it_was_is_not_told(workspace: Workspace) -> None:
    known = charges("02", ("150", "Compute"))
    focus(workspace, known)
    assert focus(workspace, known) == ()
