"""``apportion usage statement``: what an account owes, as a page or file that can be sent."""

from pathlib import Path
from typing import Annotated

import typer

from apportion.cli.arguments import AsCsv, AsJson, one_format
from apportion.cli.session import session_of
from apportion.report.statements.layout import Layout


def statement(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")],
    year: Annotated[
        int,
        typer.Option(
            "--year", metavar="YEAR", help="The financial year, named by the year it begins in."
        ),
    ],
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            metavar="MONTH",
            help="A month by name, or by number: 1 is the first of that year. Default: all.",
        ),
    ] = None,
    layout: Annotated[
        Layout | None,
        typer.Option(
            "--format", metavar="FORMAT", help="html, csv, xlsx or json. Default: as --out ends."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="A file, or a folder in which it is named by account and period. Default: stdout.",
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Write a statement: units, allowance, rates and cost, whose lines sum to its total."""
    from apportion.cli import statements
    from apportion.cli.reading import read_charges
    from apportion.cli.views import statement as view
    from apportion.report.usage_statement import Issued, usage_statement

    one_format(as_json=as_json, as_csv=as_csv)
    short = Layout.JSON if as_json else Layout.CSV if as_csv else None
    if short and layout and short != layout:
        raise typer.BadParameter(f"Give --format or --{short}, not both.")
    chosen = statements.layout_for(layout or short, out)
    session = session_of(context)
    charges = read_charges(session, account)
    asked = int(month) if month is not None and month.isascii() and month.isdigit() else month
    charges.require_rated(account)
    found = usage_statement(charges.connection, charges.model, account, year, asked)
    issued = Issued(charges.model.settings.name, charges.rating.run_id, charges.rating.at)
    written = statements.put(found, issued, chosen, out)
    if written is not None:
        view.show(found, written, session.suggestions)
