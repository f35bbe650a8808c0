"""``apportion audit``: read the whole ledger and hold it against its records."""

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of


def audit(context: typer.Context, as_json: AsJson = False) -> None:
    """Read the whole ledger; find files, lines and rows that are not as they were recorded.

    Every file is read from end to end: lines against their files' SHA-256 and their deliveries'
    sums, costs against what their lines give, rows of costs and usage against the digests of the
    changes that brought them. The status is 1 where anything is damaged.
    """
    from apportion.cli.output import put_json
    from apportion.cli.progress import AUDIT, progress
    from apportion.cli.views import audit as view
    from apportion.report.audited import as_data

    session = session_of(context)
    with progress(AUDIT) as bar:
        found = session.open().audit(bar)
    if as_json:
        put_json(as_data(found))
    else:
        view.show(found, session.suggestions)
    if not found.holds:
        raise typer.Exit(1)
