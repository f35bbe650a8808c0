"""``apportion validate``: everything that is wrong or doubtful about the model."""

from enum import StrEnum
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson, Strict
from apportion.cli.session import session_of


class Format(StrEnum):
    """For whom the findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def validate(
    context: typer.Context,
    strict: Strict = False,
    as_json: AsJson = False,
    format_name: Annotated[
        Format,
        typer.Option("--format", help="text, json, annotations of GitHub, or SARIF for reviews."),
    ] = Format.TEXT,
) -> None:
    """Check the model, also beside the ledger; list errors and warnings with place and remedy."""
    from apportion import __version__
    from apportion.cli.messages import counted, tell
    from apportion.cli.output import put_json, say, say_as_typed
    from apportion.cli.words import several
    from apportion.findings import only_errors
    from apportion.report.annotations import github, sarif
    from apportion.report.findings_data import as_data

    workspace = session_of(context).open()
    findings = workspace.validate()
    size: dict[str, int] = {}
    read_from = ""
    errors = len(only_errors(findings))
    if not errors:
        model = workspace.model
        size = {"nodes": len(model.nodes), "edges": len(model.edges)}
        read_from = model.settings.model_folder
    if as_json or format_name is Format.JSON:
        counts = {"errors": errors, "warnings": len(findings) - errors}
        put_json(
            {
                "valid": errors == 0,
                **counts,
                **size,
                "folder": read_from,
                "findings": as_data(findings),
            }
        )
    elif format_name is Format.SARIF:
        put_json(sarif(findings, __version__))
    elif format_name is Format.GITHUB:
        for line in github(findings):
            say_as_typed(line)
    else:
        tell(findings, session_of(context).suggestions)
        if not errors:
            said = f", with {counted(findings)}" if findings else ""
            size_said = f"{several(size['nodes'], 'node')}, {several(size['edges'], 'edge')}"
            say(f"The model in {read_from}/ is valid{said}: {size_said}.")
            if workspace.has_unheld_metrics():
                say(
                    "There is no usage in the ledger here, so names of metrics were not compared "
                    "with it."
                )
    if errors or (strict and findings):
        raise typer.Exit(1)
