"""``apportion upgrade``: move a ledger over that an older program wrote."""

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of


def upgrade(context: typer.Context, as_json: AsJson = False) -> None:
    """Move a ledger over that an older program wrote, so that bills can be ingested again.

    Each row of costs becomes a line of a delivery. No figure changes. The lines of the bills
    themselves were never kept and cannot be recovered. Older programs read the ledger after that,
    but no longer write to it.
    """
    from apportion.cli.output import put_json
    from apportion.cli.progress import UPGRADE, progress
    from apportion.cli.views import upgrade as view
    from apportion.report.upgraded import as_data

    session = session_of(context)
    with progress(UPGRADE) as bar:
        upgraded = session.open(bar.step).upgrade()
    if as_json:
        put_json(as_data(upgraded))
    else:
        view.show(upgraded, session.suggestions)
