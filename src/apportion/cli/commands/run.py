"""``apportion run``: let the ledger's costs of a period flow to products."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apportion.cli.arguments import AsJson, Strict, currency_code, first_day, last_day
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.outcomes import RunOutcome

First = Annotated[
    date,
    typer.Option(
        "--from", parser=first_day, metavar="DATE", help="First day (2024-01-31), or month."
    ),
]
Last = Annotated[
    date, typer.Option("--to", parser=last_day, metavar="DATE", help="Last day, or month.")
]
Currency = Annotated[
    str,
    typer.Option(
        "--currency",
        parser=currency_code,
        metavar="CODE",
        help="Convert to this. Default: the workspace's.",
    ),
]
Dimension = Annotated[
    list[str] | None,
    typer.Option(
        "--dimension",
        metavar="NAME",
        help="Only this kind of cost; may be repeated. What is left out is reported.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", min=1, max=256, metavar="N", help="Default: one for each processor."),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Compute even where a run of the very same answers for the period."
    ),
]


def run(
    context: typer.Context,
    start: First,
    end: Last,
    dimension: Dimension = None,
    currency: Currency = "",
    threads: Threads = None,
    again: Again = False,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Attribute the costs of a period, prove the result, and record it.

    Where the run that answers for the period was of the same costs, usage, model, options and
    program, nothing is computed: it would come to the same.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.progress import RUN, progress
    from apportion.cli.reading import run_of_the_same
    from apportion.cli.views import runs as view
    from apportion.report.assumptions import assumptions
    from apportion.report.doubts import doubts, require_order, without_assumed
    from apportion.report.ingested import derived_as_data
    from apportion.report.ledger_doubts import ignored_files
    from apportion.report.runs import as_data as run_data

    require_order(start, end)
    session = session_of(context)
    tell(ignored_files(session.folder()), session.suggestions)
    with progress(RUN) as bar:
        workspace = session.open(bar.step)
        derived = workspace.derive(start, end)
        known = (
            None if again else run_of_the_same(workspace, start, end, dimension or None, currency)
        )
        if known is not None:
            result = workspace.result(run=known.run_id)
            doubted = without_assumed(doubts(result))
            assumed = assumptions(result.warnings.to_pylist(), doubted)
            if strict and assumed:
                # It may assume nothing now: computed anew it is refused, and says why.
                known = None
        if known is None:
            outcome = workspace.run(
                start,
                end,
                dimensions=dimension or None,
                currency=currency,
                threads=threads,
                on_progress=bar,
                strict=strict,
            )
    if not as_json:
        view.show_derived(derived)
    if known is not None and as_json:
        told = {**view.recorded(result), "assumptions": assumed}
        made = {"derived": derived_as_data(derived)}
        put_json({"run": run_data(known), "is_new": False, **told, **made})
    elif known is not None:
        tell(doubted, session.suggestions)
        view.show_known(known, session.suggestions)
    elif as_json:
        put_json({**_as_data(outcome), "derived": derived_as_data(derived)})
    else:
        view.show_outcome(outcome, workspace.model, session.suggestions)


def _as_data(outcome: "RunOutcome") -> dict[str, Any]:
    from apportion.report.findings_data import as_data
    from apportion.report.runs import as_data as run_data

    return {
        "run": run_data(outcome.run),
        "is_new": True,
        "warnings": as_data(outcome.findings),
        "assumptions": outcome.assumptions(),
        "reconciliation": outcome.reconciliation.to_dict(),
    }
