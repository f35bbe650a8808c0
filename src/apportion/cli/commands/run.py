"""``apportion run``: let the ledger's costs of a period flow to products."""

from datetime import date
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson, Strict, currency_code, first_day, last_day
from apportion.cli.session import session_of


def run(
    context: typer.Context,
    start: Annotated[
        date,
        typer.Option(
            "--from", parser=first_day, metavar="DATE", help="First day (2024-01-31), or month."
        ),
    ],
    end: Annotated[
        date, typer.Option("--to", parser=last_day, metavar="DATE", help="Last day, or month.")
    ],
    dimension: Annotated[
        list[str] | None,
        typer.Option(
            "--dimension",
            metavar="NAME",
            help="Only this kind of cost; may be repeated. What is left out is reported.",
        ),
    ] = None,
    currency: Annotated[
        str,
        typer.Option(
            "--currency",
            parser=currency_code,
            metavar="CODE",
            help="Convert to this. Default: the workspace's.",
        ),
    ] = "",
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads", min=1, max=256, metavar="N", help="Default: one for each processor."
        ),
    ] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Attribute the costs of a period, prove the result, and record it."""
    from apportion.cli.output import put_json
    from apportion.cli.progress import progress
    from apportion.cli.views import runs as view
    from apportion.report.doubts import require_order
    from apportion.report.findings_data import as_data
    from apportion.report.runs import as_data as run_data

    require_order(start, end)
    session = session_of(context)
    workspace = session.open()
    with progress("Attributing") as bar:
        outcome = workspace.run(
            start,
            end,
            dimensions=dimension or None,
            currency=currency,
            threads=threads,
            on_progress=bar,
            strict=strict,
        )
    if as_json:
        put_json(
            {
                "run": run_data(outcome.run),
                "warnings": as_data(outcome.findings),
                "assumptions": outcome.assumptions(),
                "reconciliation": outcome.reconciliation.to_dict(),
            }
        )
    else:
        view.show_outcome(outcome, workspace.model, session.suggestions)
