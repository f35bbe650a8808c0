"""``apportion validate``: everything that is wrong or doubtful about the model."""

import typer

from apportion.cli.arguments import AsJson, Strict
from apportion.cli.session import session_of


def validate(context: typer.Context, strict: Strict = False, as_json: AsJson = False) -> None:
    """Check the model, also beside the ledger; list errors and warnings with place and remedy."""
    from apportion.cli.messages import counted, tell
    from apportion.cli.output import put_json, say
    from apportion.cli.words import several
    from apportion.findings import only_errors
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
    if as_json:
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
    else:
        tell(findings, session_of(context).suggestions)
        if not errors:
            said = f", with {counted(findings)}" if findings else ""
            size_said = f"{several(size['nodes'], 'node')}, {several(size['edges'], 'edge')}"
            say(f"The model in {read_from}/ is valid{said}: {size_said}.")
    if errors or (strict and findings):
        raise typer.Exit(1)
