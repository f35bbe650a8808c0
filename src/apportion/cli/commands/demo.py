"""``apportion demo``: an example company, from its bills to what its products cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsJson

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from apportion.demo import DemoCompany
    from apportion.recorded_result import RecordedResult
    from apportion.workspace import Workspace

FOLDER = Path("demo-workspace")


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder, or one that this command made.")
    ] = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Show what every product of an example company costs.

    It writes a year of bills and usage into a new workspace, brings them into its ledger, lets the
    cost flow and reconciles it. The same folder may be given again.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import note, put_json
    from apportion.cli.views import demo as view
    from apportion.demo import write_company
    from apportion.workspace import Workspace

    _require_ours(folder)
    note("Writing a year of an example company's bills and usage ...")
    company = write_company(folder)
    workspace = Workspace(folder)
    note("Bringing them into its ledger ...")
    reports = [
        workspace.ingest(each.format, *each.paths, source=each.source).report
        for each in company.deliveries
    ]
    result = _result(workspace, company)
    proof = result.reconciliation()
    if as_json:
        put_json({"folder": str(folder), "reconciliation": proof.to_dict()})
    else:
        view.show(folder, reports, result, proof)
    if not proof.holds:
        tell(proof.findings())
        raise typer.Exit(1)


def _result(workspace: "Workspace", company: "DemoCompany") -> "RecordedResult":
    """The results of the company's year; computed unless a run has read the very same."""
    from apportion.cli.output import note
    from apportion.cli.progress import progress
    from apportion.ledger.record_ingest import pinned_versions

    pins = pinned_versions(workspace.store)
    state = (company.start, company.end, workspace.model.digest, pins["costs"], pins["usage"])
    for each in workspace.runs():
        read = (each.start_date, each.end_date, each.model_digest)
        if (*read, each.costs_version, each.usage_version) == state and each.dimensions is None:
            return workspace.result(run=each.run_id)
    note(f"Attributing {company.start} to {company.end}, day by day ...")
    with progress("Attributing") as bar:
        outcome = workspace.run(company.start, company.end, on_progress=bar)
    return workspace.result(run=outcome.run.run_id)


def _require_ours(folder: Path) -> None:
    """Raise ``UsageError`` where the folder holds anything that would be lost."""
    from apportion.findings import Finding, Place, UsageError

    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    where = Place(str(folder))
    remedy = "Name a new folder: apportion demo DIR"
    if not (folder / "apportion.yaml").is_file():
        message = "There is something else here than a demo."
        raise UsageError([Finding("not_empty", message, where, remedy)])
    changed = _changed(folder)
    if changed:
        message = f"What you changed would be lost: {', '.join(changed)}."
        raise UsageError([Finding("not_empty", message, where, remedy)])


def _changed(folder: Path) -> list[str]:
    """The files of the demo's model that somebody has made their own."""
    from apportion.demo import model_of

    found: list[str] = []

    def look(origin: "Traversable", target: Path) -> None:
        for entry in sorted(origin.iterdir(), key=lambda entry: entry.name):
            path = target / entry.name
            if entry.is_dir():
                look(entry, path)
            elif path.is_file() and path.read_bytes() != entry.read_bytes():
                found.append(str(path.relative_to(folder)))

    look(model_of("company"), folder)
    return found
