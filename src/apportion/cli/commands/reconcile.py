"""``apportion reconcile``: what came in, where it went, what is left and why."""

from decimal import Decimal
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson, Currency, From, RunId, Strict, To
from apportion.cli.session import session_of

app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@app.callback()
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
    if context.invoked_subcommand:
        return
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.progress import PROOF, progress
    from apportion.cli.reading import read_result, title_of
    from apportion.cli.views import reconciliation as view
    from apportion.cli.views.assumptions import show_assumptions
    from apportion.report.assumptions import assumptions
    from apportion.report.doubts import doubts, unproven, without_assumed
    from apportion.report.ledger_doubts import ignored_files
    from apportion.report.links import as_data as links_data
    from apportion.report.reconciliation import statement

    session = session_of(context)
    tell(ignored_files(session.folder()), session.suggestions)
    result = read_result(session, start, end, run, currency, lists_assumptions=True)
    with progress(PROOF):
        proof = result.reconciliation()
    assumed = assumptions(result.warnings.to_pylist(), without_assumed(doubts(result)))
    if as_json:
        links = links_data(session.open().links(result, proof))
        told = {**result.answered_by, "links": links, "assumptions": assumed}
        put_json({**proof.to_dict(), **told})
    else:
        suggestions = session.suggestions.about(start, end, run, currency)
        said = statement(proof, result.model, result.scale)
        view.show_statement(said, title_of(result), session.open().links(result, proof))
        show_assumptions(assumed, suggestions)
        view.show_next(said, suggestions)
    if not proof.holds:
        tell(unproven(result, proof), session.suggestions)
    if not proof.holds or (strict and assumed):
        raise typer.Exit(1)


Stated = Annotated[
    list[str] | None,
    typer.Option(
        "--invoice",
        metavar="NUMBER=TOTAL",
        help="What the issuer says an invoice comes to, to be compared. May be repeated.",
    ),
]


@app.command("bills")
def bills(
    context: typer.Context,
    start: From = None,
    end: To = None,
    invoice: Stated = None,
    as_json: AsJson = False,
) -> None:
    """Bills by invoice: billed and effective cost, and what lies between them.

    Bills are taken whole, those whose billing periods have a day of the dates. Ends with 1 where an
    invoice is not what its issuer says.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import put_json
    from apportion.cli.views import bills as view
    from apportion.report.bills import as_data, bill_findings
    from apportion.report.bills import bills as report

    stated = dict(map(_stated, invoice or ()))
    session = session_of(context)
    workspace = session.open()
    found = report(workspace.store, workspace.model, start, end, stated)
    findings = bill_findings(found, stated)
    if as_json:
        put_json(as_data(found, findings))
    else:
        view.show(found, session.suggestions)
        tell(findings, session.suggestions)
    if findings:
        raise typer.Exit(1)


def _stated(text: str) -> tuple[str, Decimal]:
    number, equals, total = text.rpartition("=")
    try:
        amount = Decimal(total.replace(",", ""))
    except ArithmeticError:
        amount = Decimal("nan")
    if not equals or not number or not amount.is_finite():
        raise typer.BadParameter(f"{text!r} is not NUMBER=TOTAL, such as INV-7=1234.56.")
    return number, amount
