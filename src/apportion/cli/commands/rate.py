"""``apportion rate``: let the ledger's usage become charges."""

import typer

from apportion.cli.arguments import AsCsv, AsJson, one_format
from apportion.cli.session import session_of


def rate(context: typer.Context, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Rate all billable usage anew: units times rate, after what is free, proved and recorded.

    Where usage, rates and allowances are those of the latest rating, nothing is done. An account
    that cannot be rated is told with its row, the others are rated, and the status is 1.
    """
    from apportion.cli.progress import RATE, progress
    from apportion.cli.views import ratings as view
    from apportion.findings import only_errors

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    with progress(RATE) as bar:
        workspace = session.open(bar.step)
        workspace.billing.require_accounts()
        before = workspace.billing.ratings()[:1] if workspace.billing.has_usage() else []
        outcome = workspace.rate()
    if as_json:
        view.put_json_outcome(outcome)
    elif as_csv:
        view.put_csv(outcome)
    else:
        charges = workspace.charges(outcome.rating.run_id)
        units = charges.units() if outcome.is_new else (0, 0)
        view.show(outcome, units, before[0].run_id if before else "", session.suggestions)
    if only_errors(outcome.findings):
        raise typer.Exit(1)
