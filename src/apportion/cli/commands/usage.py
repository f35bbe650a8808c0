"""``apportion usage``: what accounts used and owe, and statements that can be sent to them."""

from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsCsv, AsJson, Limit, one_format
from apportion.cli.commands import platform, statement
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.report.usage_listing import UsageListing

ROWS_FOR_PEOPLE = 40

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show what accounts used and owe, and write statements.",
)
app.add_typer(platform.app, name="platform")
app.command("statement")(statement.statement)

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]
Year = Annotated[
    int,
    typer.Option(
        "--year", metavar="YEAR", help="The financial year, named by the year it begins in."
    ),
]


def answer(
    found: "UsageListing", limit: int | None, empty: str, *, as_json: bool, as_csv: bool
) -> bool:
    """Show a listing in one of the formats; gives whether it was shown to people, with rows."""
    from apportion.cli.output import put_csv, put_json_rows
    from apportion.cli.views import usage as view
    from apportion.report.usage_listing import flat, head, rows

    if as_json:
        put_json_rows(head(found), rows(found))
    elif as_csv:
        put_csv(flat(found))
    else:
        view.show(found, ROWS_FOR_PEOPLE if limit is None else limit or None, empty)
        return bool(found.rows.num_rows)
    return False


@app.command("monthly")
def monthly(
    context: typer.Context,
    account: AccountId,
    year: Year,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What an account used and owes in each month of a financial year, and what is left free."""
    from apportion.cli.output import put_json_rows, say_next
    from apportion.cli.reading import read_charges
    from apportion.cli.views import usage as view
    from apportion.report import usage_questions
    from apportion.report.usage_listing import head, rows
    from apportion.report.usage_statement import allowance_data, usage_statement

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    charges = read_charges(session, account)
    found = usage_questions.monthly(charges, account, year)
    allowances = usage_statement(charges.connection, charges.model, account, year).allowances
    if as_json:
        left = [allowance_data(each) for each in allowances]
        put_json_rows({**head(found), "allowances": left}, rows(found))
        return
    empty = "The account used nothing in this year that is billed."
    answer(found, limit, empty, as_json=False, as_csv=as_csv)
    if not as_csv:
        view.show_allowances(allowances)
        asked = (account, "--year", str(year), "--out", "statement.html")
        say_next(session.suggestions.command("usage", "statement", *asked))


@app.command("yearly")
def yearly(
    context: typer.Context,
    account: AccountId,
    year: Year,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What an account used and owes in a financial year, by channel and rate."""
    from apportion.cli.output import say, say_next
    from apportion.cli.reading import read_charges
    from apportion.report import usage_questions

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    charges = read_charges(session, account)
    found = usage_questions.yearly(charges, account, year)
    empty = "The account used nothing in this year."
    if answer(found, limit, empty, as_json=as_json, as_csv=as_csv):
        say()
        say_next(session.suggestions.command("usage", "monthly", account, "--year", str(year)))


@app.command("organisation")
def organisation(
    context: typer.Context,
    organisation_id: Annotated[
        str, typer.Argument(metavar="ORGANISATION", help="The organisation's id.")
    ],
    year: Year,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What each account of an organisation used, has left and owes in a financial year."""
    from apportion.cli.output import say, say_next
    from apportion.cli.reading import read_charges
    from apportion.report import usage_questions

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    charges = read_charges(session)
    found = usage_questions.organisation(charges, organisation_id, year)
    empty = "The organisation has no account that is rated."
    if answer(found, limit, empty, as_json=as_json, as_csv=as_csv):
        dearest = max(found.rows.to_pylist(), key=lambda row: row["cost"])["account"]
        say()
        say_next(session.suggestions.command("usage", "monthly", dearest, "--year", str(year)))


@app.command("changes")
def changes(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="RUN",
            help="A rating's id or its beginning, or that of a run. Default: the one before.",
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Every account, month and figure that moved since an earlier rating, old and new."""
    from apportion.cli.output import put_csv, put_json_rows
    from apportion.cli.reading import read_charges
    from apportion.cli.views import usage_changes as view
    from apportion.report.usage_changes import Changes, flat, head, rows

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    latest = read_charges(session)
    billing = session.open().billing
    since = since or billing.ratings()[:2][-1].run_id
    before = billing.charges(since).rating
    found = Changes(before, latest.rating, billing.changes(since))
    if as_json:
        put_json_rows(head(found), rows(found))
    elif as_csv:
        put_csv(flat(found))
    else:
        view.show(found, ROWS_FOR_PEOPLE if limit is None else limit or None)
