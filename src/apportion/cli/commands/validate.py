"""``apportion validate``: everything that is wrong or doubtful about the model."""

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of


def validate(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the model; list every error and warning, each with its place and remedy."""
    from apportion.cli.messages import counted, tell
    from apportion.cli.output import put_json, say
    from apportion.cli.words import several
    from apportion.findings import ModelError, only_errors
    from apportion.model import load_model
    from apportion.report.findings_data import as_data

    size: dict[str, int] = {}
    try:
        model = load_model(session_of(context).folder())
        findings = model.warnings
        size = {"nodes": len(model.nodes), "edges": len(model.edges)}
    except ModelError as error:
        findings = error.findings
    errors = len(only_errors(findings))
    if as_json:
        counts = {"errors": errors, "warnings": len(findings) - errors}
        put_json({"valid": errors == 0, **counts, **size, "findings": as_data(findings)})
    else:
        tell(findings, session_of(context).suggestions)
        if not errors:
            said = f", with {counted(findings)}" if findings else ""
            size_said = f"{several(size['nodes'], 'node')}, {several(size['edges'], 'edge')}"
            say(f"The model is valid{said}: {size_said}.")
    if errors:
        raise typer.Exit(1)
