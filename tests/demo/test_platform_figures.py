"""The platform's two years, from its inbox to its margin, judged as a finance person would."""

import os
import shlex
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from apportion.cli.views.platform import PlatformYear, commands
from apportion.demo import DemoCompany, write_notifications
from apportion.demo.notifications.events import ACCOUNTS
from apportion.outcomes import IngestOutcome, RunOutcome
from apportion.report.margin import Margin
from apportion.workspace import Workspace


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    """A platform of its own, because a ledger is written into its folder."""
    return write_notifications(tmp_path_factory.mktemp("figures") / "heliograph")


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
def margins(workspace: Workspace, ran: RunOutcome) -> list[Margin]:
    """Of both financial years."""
    assert ran
    return [
        workspace.billing.margin(date(year, 4, 1), date(year + 1, 3, 31)) for year in (2023, 2024)
    ]


def test_every_line_of_the_inbox_is_taken(ingested: list[IngestOutcome]) -> None:
    for outcome in ingested:
        assert outcome.report.rejected == 0
        assert outcome.report.lines_read > 0
    assert {each.node for each in ingested[0].report.unmapped} == {"unmapped:AWS"}
    assert not any(outcome.report.unmapped for outcome in ingested[1:])


def test_events_are_counted_into_the_day_by_london_clocks(
    ingested: list[IngestOutcome], ran: RunOutcome, workspace: Workspace
) -> None:
    assert ingested[-1].report.format == "events"
    counted = (
        workspace.charges()
        .connect()
        .sql("""
        SELECT date, account, channel, provider, rate_multiplier, international, template,
               billable_units, notifications_sent, year
        FROM charges WHERE date >= '2025-03-31' ORDER BY ALL
    """)
        .fetchall()
    )
    last = [row[1:-1] for row in counted if row[0] == date(2025, 3, 31) and row[1] in ACCOUNTS]
    first = [row[1:-1] for row in counted if row[0] == date(2025, 4, 1)]
    assert {row[-1] for row in counted if row[0] == date(2025, 4, 1)} == {2025}
    assert first == last
    assert len(first) > 10


def test_everything_is_accounted_for(ran: RunOutcome) -> None:
    assert [each.code for each in ran.findings] == ["unmapped_cost"]
    assert ran.reconciliation.conservation_delta == 0
    assert ran.reconciliation.violation_count == 0
    assert 99 < ran.reconciliation.coverage_percent < 100
    assert set(ran.reconciliation.unallocated_by_reason) == {"unmapped"}


def test_the_platform_nearly_pays_for_itself(margins: list[Margin]) -> None:
    for year in margins:
        assert Decimal(4_000_000) < year.total.charges < Decimal(6_000_000)
        assert abs(year.total.margin) < year.total.charges / 50
        assert year.accounts_without_product == ("mercia-rotas", "platform-status")
        assert year.products_without_account == ("send-files",)


def test_texts_pay_and_emails_do_not(margins: list[Margin]) -> None:
    for year in margins:
        left = {line.id: line.margin for line in year.lines}
        assert min(left[product] for product in ("appointments", "sign-in-codes")) > 0
        assert max(left[product] for product in ("bulletins", "tax-notices", "alerts")) < 0
        assert 3 <= sum(amount > 0 for product, amount in left.items() if product) <= 6
        for line in year.lines:
            if line.id and line.margin > 0:
                assert line.unit_cost < line.rate


def test_statements_sum_to_what_is_charged(workspace: Workspace, margins: list[Margin]) -> None:
    for line in margins[1].lines:
        owed = [workspace.billing.statement(account, 2024).total for account in line.accounts]
        assert sum(owed, Decimal(0)) == line.charges


def test_what_the_demo_says_to_try_can_be_tried(
    workspace: Workspace, margins: list[Margin]
) -> None:
    statement = workspace.billing.statement("advice-line", 2024)
    year = PlatformYear(Path(workspace.folder), workspace.model, margins[1], statement, 0)
    for command in commands(year):
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            cwd=workspace.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout
