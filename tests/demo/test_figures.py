"""The example company's year, from its inbox to its figures, judged as a finance person would."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from apportion.demo import DemoCompany, write_company
from apportion.outcomes import IngestOutcome, RunOutcome
from apportion.reconcile.reconciliation import Reconciliation
from apportion.report.allocations import allocations
from apportion.report.costs_by_label import costs_by_label
from apportion.report.costs_by_type import costs_by_type
from apportion.report.hierarchy import hierarchy, trends
from apportion.report.infrastructure import infrastructure
from apportion.report.listing import Wanted
from apportion.report.node import node
from apportion.report.sanity import sanity
from apportion.templates import write_workspace
from apportion.workspace import Workspace


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    """A company of its own, because a ledger is written into its folder."""
    return write_company(tmp_path_factory.mktemp("figures") / "fernway")


@pytest.fixture(scope="module")
def workspace(company: DemoCompany) -> Workspace:
    return Workspace(company.folder)


@pytest.fixture(scope="module")
def ingested(workspace: Workspace, company: DemoCompany) -> list[IngestOutcome]:
    return [
        workspace.ingest(each.format, *each.paths, source=each.source)
        for each in company.deliveries
    ]


@pytest.fixture(scope="module")
def ran(workspace: Workspace, company: DemoCompany, ingested: list[IngestOutcome]) -> RunOutcome:
    assert ingested
    return workspace.run(company.start, company.end)


@pytest.fixture(scope="module")
def proof(ran: RunOutcome) -> Reconciliation:
    return ran.reconciliation


def test_all_questions_answer_the_same(
    workspace: Workspace, company: DemoCompany, proof: Reconciliation
) -> None:
    """Whatever sums all cost comes to the proof's figures, to the last digit."""
    result = workspace.result(company.start, company.end)
    connection, wanted = result.connect(), Wanted(result.start, result.end)
    asked = connection, result.model, wanted
    came_in = proof.raw_infrastructure_cost + proof.product_direct_cost
    forest = hierarchy(*asked, result.currency, result.scale, proof)
    assert forest.total_cost == forest.summary.allocated_product_cost
    assert forest.summary.allocated_product_cost == proof.allocated_product_cost
    assert sanity(*asked, forest, result.scale, proof) == ()
    given = infrastructure(*asked, result.currency, result.scale, proof)
    assert (given.direct_cost, given.retained) == (
        proof.raw_infrastructure_cost,
        proof.unallocated_cost,
    )
    assert [each.id for each in given.nodes] == [each.id for each in proof.infrastructure_nodes]
    for listing in (
        costs_by_type(*asked, result.currency),
        costs_by_label(*asked, "team", result.currency),
        allocations(*asked, result.currency),
    ):
        assert listing.totals["direct"] == listing.totals["retained"] == came_in
    kept = [day.retained_cost for days in trends(*asked).values() for day in days]
    assert sum(kept) == proof.allocated_product_cost
    rail = node(connection, result.model, wanted, "rail", result.currency, result.scale)
    assert rail.figures.retained_cost == proof.product_costs["rail"]
    assert sum(each.amount for each in rail.contributions_in) == rail.figures.indirect_cost
    assert sum(edge.amount for edge in rail.edges_in) == rail.figures.indirect_cost


def test_every_line_of_the_inbox_is_taken(ingested: list[IngestOutcome]) -> None:
    for outcome in ingested:
        assert outcome.report.rejected == 0
        assert outcome.report.accepted == outcome.report.lines_read > 0
        assert all(Decimal(total.difference) == 0 for total in outcome.report.totals)


def test_only_what_has_no_tag_is_unmapped(ingested: list[IngestOutcome]) -> None:
    unmapped = {each.node for each in ingested[0].report.unmapped}
    assert unmapped == {"unmapped:AWS", "unmapped:Microsoft"}
    assert not any(outcome.report.unmapped for outcome in ingested[1:])


def test_everything_is_accounted_for(proof: Reconciliation) -> None:
    assert proof.conservation_delta == 0
    assert proof.violation_count == 0
    assert Decimal(5_000_000) < proof.raw_infrastructure_cost < Decimal(6_000_000)
    assert 200_000 < proof.product_direct_cost < 400_000


def test_most_of_it_reaches_products_and_the_rest_says_why(proof: Reconciliation) -> None:
    assert 90 < proof.coverage_percent < 97
    assert set(proof.unallocated_by_reason) == {
        "cap",
        "no edges",
        "no usage, kept",
        "shares below 100 %",
        "unmapped",
    }
    whole = proof.unallocated_cost
    assert all(whole / 50 < each < whole * 2 / 3 for each in proof.unallocated_by_reason.values())


def test_the_run_warns_of_sundays_without_training_and_of_silent_receivers(ran: RunOutcome) -> None:
    found = [(each.code, each.details["source"], each.details["days"]) for each in ran.findings]
    assert sorted(found) == [
        ("receiver_without_usage", "kubernetes-prod", 366),
        ("unmapped_cost", "unmapped:AWS", 366),
        ("unmapped_cost", "unmapped:Microsoft", 366),
        ("zero_usage", "ml-platform", 52),
    ]


def test_dimensions_are_six(workspace: Workspace, ran: RunOutcome) -> None:
    result = workspace.result(run=ran.run.run_id)
    rows = result.connect().sql("SELECT DISTINCT dimension FROM allocations ORDER BY 1").fetchall()
    assert [row[0] for row in rows] == [
        "Compute",
        "Databases",
        "Licences",
        "Networking",
        "Observability",
        "Storage",
    ]


def test_no_product_is_absurd(proof: Reconciliation) -> None:
    final = {each.id: each.holistic_cost for each in proof.final_cost_centres}
    assert set(final) == {
        "business-travel",
        "coach",
        "extras",
        "ferry",
        "operator-insights",
        "partner-distribution",
        "rail",
        "trip-assistant",
    }
    whole = sum(final.values())
    assert all(whole / 100 < cost < whole * 2 / 3 for cost in final.values())
    assert max(final, key=lambda node: final[node]) == "rail"
    partial = {each.id: each.residual for each in proof.partial_cost_centres}
    assert set(partial) == {"customer-accounts", "live-times", "loyalty", "seat-maps"}
    assert all(10_000 < residual < 100_000 for residual in partial.values())


def test_months_tell_the_story_of_the_year(workspace: Workspace, ran: RunOutcome) -> None:
    rows = (
        workspace.result(run=ran.run.run_id)
        .connect()
        .sql(
            "SELECT node, month(date), sum(retained) FROM allocations WHERE retained <> 0 "
            "GROUP BY ALL HAVING sum(retained) <> 0"
        )
        .fetchall()
    )
    by_month = {(node, month): amount for node, month, amount in rows}
    assert all(amount > 0 for amount in by_month.values()), "no node costs less than nothing"
    assert by_month["business-travel", 7] * 2 < by_month["business-travel", 6]
    assert ("partner-distribution", 6) not in by_month
    assert by_month["partner-distribution", 7] > 20_000
    assert by_month["extras", 10] * 3 < by_month["extras", 6]
    assert min(month for node, month in by_month if node == "trip-assistant") == 6
    assert by_month["ferry", 8] > by_month["ferry", 2] * Decimal("1.5")
    whole = [sum(a for (_, month), a in by_month.items() if month == m) for m in range(1, 13)]
    assert max(whole) < min(whole) * Decimal("1.25")


def test_the_initial_workspace_runs_as_it_is(tmp_path: Path) -> None:
    write_workspace(tmp_path, "Acme")
    workspace = Workspace(tmp_path)
    costs = workspace.ingest("costs", tmp_path / "data" / "costs.csv")
    usage = workspace.ingest("usage", tmp_path / "data" / "usage.csv")
    assert costs.report.rejected == usage.report.rejected == 0
    outcome = workspace.run(date(2024, 1, 1), date(2024, 1, 31))
    assert outcome.findings == ()
    assert outcome.reconciliation.conservation_delta == 0
    assert outcome.reconciliation.coverage_percent == 100
    assert {each.id for each in outcome.reconciliation.final_cost_centres} == {"reports", "shop"}
    assert {each.id for each in outcome.reconciliation.partial_cost_centres} == {"search"}
