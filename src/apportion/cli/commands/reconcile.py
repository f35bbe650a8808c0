"""``apportion reconcile``: what came in, where it went, what is left and why."""

import typer

from apportion.cli.arguments import AsJson, Currency, From, RunId, To
from apportion.cli.session import session_of


def reconcile(
    context: typer.Context,
    start: From = None,
    end: To = None,
    currency: Currency = "",
    run: RunId = None,
    as_json: AsJson = False,
) -> None:
    """Prove a period's results anew, and show where all the money is."""
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.progress import PROOF, progress
    from apportion.cli.reading import read_result
    from apportion.cli.views import reconciliation as view
    from apportion.report.doubts import unproven
    from apportion.report.reconciliation import statement

    session = session_of(context)
    result = read_result(session, start, end, run, currency)
    with progress(PROOF):
        proof = result.reconciliation()
    if as_json:
        runs = [each.run_id for each in result.runs]
        put_json({**proof.to_dict(), "runs": runs, "gaps": result.gaps})
    else:
        suggestions = session.suggestions.about(start, end, run, currency)
        view.show(statement(proof, result.model, result.scale), suggestions)
    if not proof.holds:
        tell(unproven(result, proof), session.suggestions)
        raise typer.Exit(1)
