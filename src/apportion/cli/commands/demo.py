"""``apportion demo``: two examples, from their bills to what products cost and accounts owe."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsJson

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from apportion.cli.views.platform import PlatformYear
    from apportion.demo import DemoCompany
    from apportion.ingest.incoming import IngestReport
    from apportion.recorded_result import RecordedResult
    from apportion.workspace import Workspace

FOLDER = Path("demo-workspace")
PLATFORM = "notifications"
"""The second example's folder inside the first one's."""

STATED_ACCOUNT, STATED_YEAR = "advice-line", 2024
"""Whose year is shown: an allowance carried over, used up in the month in which the rate rose."""


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder, or one that this command made.")
    ] = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show what every product of an example company costs.

    It writes a year of bills and usage into a new workspace, brings them into its ledger, lets the
    cost flow and reconciles it. The same folder may be given again.

    A second workspace, in the folder "notifications" of the first, is a platform that bills its
    accounts: what it charged stands beside what it cost.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import note, put_json
    from apportion.cli.views import demo as view
    from apportion.cli.views import platform as platform_view
    from apportion.demo import write_company
    from apportion.report.doubts import unproven
    from apportion.workspace import Workspace

    _require_ours("company", folder)
    _require_ours("notifications", folder / PLATFORM)
    note("Writing a year of an example company's bills and usage ...")
    company = write_company(folder)
    workspace = Workspace(folder)
    note("Bringing them into its ledger ...")
    reports = _ingested(workspace, company)
    result = _result(workspace, company)
    proof = result.reconciliation()
    year = _platform_year(folder / PLATFORM)
    if as_json:
        put_json(
            {
                "folder": str(folder),
                "reconciliation": proof.to_dict(),
                PLATFORM: platform_view.as_data(year),
            }
        )
    else:
        view.show(folder, reports, result, proof)
        platform_view.show(year)
    if not proof.holds:
        tell(unproven(result, proof))
        raise typer.Exit(1)


def _platform_year(folder: Path) -> "PlatformYear":
    """The second example: written, brought into its ledger, rated, attributed and asked."""
    from apportion.cli.output import note
    from apportion.cli.views.platform import PlatformYear
    from apportion.demo import write_notifications
    from apportion.rating.calendar import financial_year
    from apportion.workspace import Workspace

    note("Writing two years of a notification platform's bills and usage ...")
    company = write_notifications(folder)
    workspace = Workspace(folder)
    note("Bringing them into a ledger of its own ...")
    _ingested(workspace, company)
    _result(workspace, company)
    calendar = financial_year(workspace.model.settings)
    return PlatformYear(
        folder,
        workspace.model,
        workspace.billing.margin(calendar.first(STATED_YEAR), calendar.last(STATED_YEAR)),
        workspace.billing.statement(STATED_ACCOUNT, STATED_YEAR),
        workspace.charges().rating.rows,
    )


def _ingested(workspace: "Workspace", company: "DemoCompany") -> "list[IngestReport]":
    """The reports of all deliveries, told one by one."""
    from apportion.cli.progress import progress

    reports = []
    with progress({"": "Bringing deliveries into the ledger"}) as bar:
        for done, each in enumerate(company.deliveries):
            bar(done, len(company.deliveries))
            outcome = workspace.ingest(each.format, *each.paths, source=each.source)
            reports.append(outcome.report)
    return reports


def _result(workspace: "Workspace", company: "DemoCompany") -> "RecordedResult":
    """The results of the company's year; computed unless a run has read the very same."""
    from apportion.cli.output import note
    from apportion.cli.progress import RUN, progress
    from apportion.cli.reading import run_of_the_same

    known = run_of_the_same(workspace, company.start, company.end)
    if known is not None:
        return workspace.result(run=known.run_id)
    note(f"Attributing {company.start} to {company.end}, day by day ...")
    with progress(RUN) as bar:
        watched = replace(workspace, on_step=bar.step)
        outcome = watched.run(company.start, company.end, on_progress=bar)
    return workspace.result(run=outcome.run.run_id)


def _require_ours(example: str, folder: Path) -> None:
    """Raise ``UsageError`` where an example's folder holds anything that would be lost."""
    from apportion.findings import Finding, Place, UsageError

    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    where = Place(str(folder))
    remedy = "Name a new folder: apportion demo DIR"
    if not (folder / "apportion.yaml").is_file():
        message = "There is something else here than a demo."
        raise UsageError([Finding("not_empty", message, where, remedy)])
    changed = _changed(example, folder)
    if changed:
        message = f"What you changed would be lost: {', '.join(changed)}."
        raise UsageError([Finding("not_empty", message, where, remedy)])


def _changed(example: str, folder: Path) -> list[str]:
    """The files of an example's model that somebody has made their own."""
    from apportion.demo import model_of

    found: list[str] = []

    def look(origin: "Traversable", target: Path) -> None:
        for entry in sorted(origin.iterdir(), key=lambda entry: entry.name):
            path = target / entry.name
            if entry.is_dir():
                look(entry, path)
            elif path.is_file() and path.read_bytes() != entry.read_bytes():
                found.append(str(path.relative_to(folder)))

    look(model_of(example), folder)
    return found
