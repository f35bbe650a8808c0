"""``apportion runs``: the runs that are recorded."""

from typing import Annotated

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List, show or remove completed runs."
)


@app.command("list")
def list_runs(context: typer.Context, as_json: AsJson = False) -> None:
    """List the completed runs, the latest first."""
    from apportion.cli.output import put_json
    from apportion.cli.views import runs as view
    from apportion.report.runs import listed_as_data, superseded

    session = session_of(context)
    runs = session.open().runs()
    if as_json:
        put_json({"runs": listed_as_data(runs)})
    else:
        view.show_list(runs, {each.run_id for each in superseded(runs)}, session.suggestions)


@app.command("show")
def show_run(
    context: typer.Context,
    run_id: Annotated[
        str | None,
        typer.Argument(
            metavar="ID",
            help="The run, or the beginning of its id. Default: the latest.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one run: what it read, what it assumed, and how long it took."""
    from apportion.cli.output import put_json
    from apportion.cli.views import runs as view
    from apportion.ledger.runs import find_run, recorded_warnings
    from apportion.report.runs import as_data

    workspace = session_of(context).open()
    runs = [find_run(workspace.store, run_id)] if run_id else workspace.runs()
    # A ledger without a run has no result either, and says so.
    run = runs[0] if runs else workspace.result().runs[0]
    warnings = recorded_warnings(workspace.store, [run]).to_pylist()
    if as_json:
        put_json({"run": as_data(run), "warnings": warnings})
    else:
        view.show_run(run, warnings)


@app.command("prune")
def prune_runs(
    context: typer.Context,
    run_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="The runs to remove.", show_default=False),
    ] = None,
    unused: Annotated[
        bool,
        typer.Option("--superseded", help="Remove the runs that later ones cover wholly."),
    ] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove runs and their rows for good. What was ingested stays."""
    from apportion.cli.output import put_json, say
    from apportion.cli.views import runs as view
    from apportion.report.runs import as_data, named, superseded

    if bool(run_ids) == unused:
        raise typer.BadParameter("Name the runs to remove, or give --superseded.")
    workspace = session_of(context).open()
    runs = workspace.runs()
    found = superseded(runs) if unused else named(workspace.store, run_ids or [])
    if not dry and found:
        workspace.prune_runs([each.run_id for each in found])
    if as_json:
        put_json({"removed": [as_data(each) for each in found], "dry_run": dry})
        return
    for each in found:
        said = "Would remove" if dry else "Removed"
        only = "" if each.dimensions is None else f", {view.dimensions_of(each)} only"
        period = f"{each.start_date} to {each.end_date} in {each.currency}"
        say(f"{said} {each.run_id}, {period}{only}.")
    if not found:
        say("There is nothing to remove: every run answers for some day.")
