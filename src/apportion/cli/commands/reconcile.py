"""``apportion reconcile``: what came in, where it went, what is left and why."""

import typer

from apportion.cli.arguments import AsJson, Currency, From, RunId, Strict, To
from apportion.cli.session import session_of


def reconcile(
    context: typer.Context,
    start: From = None,
    end: To = None,
    currency: Currency = "",
    run: RunId = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Prove a period's results anew; show where all the money is, and what was assumed."""
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.progress import PROOF, progress
    from apportion.cli.reading import read_result, title_of
    from apportion.cli.views import reconciliation as view
    from apportion.cli.views.assumptions import show_assumptions
    from apportion.report.assumptions import assumptions
    from apportion.report.doubts import doubts, unproven, without_assumed
    from apportion.report.ledger_doubts import ignored_files
    from apportion.report.reconciliation import statement

    session = session_of(context)
    tell(ignored_files(session.folder()), session.suggestions)
    result = read_result(session, start, end, run, currency, lists_assumptions=True)
    with progress(PROOF):
        proof = result.reconciliation()
    assumed = assumptions(result.warnings.to_pylist(), without_assumed(doubts(result)))
    if as_json:
        put_json({**proof.to_dict(), **result.answered_by, "assumptions": assumed})
    else:
        suggestions = session.suggestions.about(start, end, run, currency)
        said = statement(proof, result.model, result.scale)
        view.show_statement(said, title_of(result))
        show_assumptions(assumed, suggestions)
        view.show_next(said, suggestions)
    if not proof.holds:
        tell(unproven(result, proof), session.suggestions)
    if not proof.holds or (strict and assumed):
        raise typer.Exit(1)
