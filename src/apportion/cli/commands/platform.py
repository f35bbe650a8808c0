"""``apportion usage platform``: what the whole platform sent and charged in a period."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsCsv, AsJson, Limit, first_day, last_day, one_format
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.rating.charges import ChargeViews
    from apportion.report.usage_listing import UsageListing

    Ask = Callable[[ChargeViews, date, date], UsageListing]

ROWS_FOR_PEOPLE = 40

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show what the platform sent and charged in a period.",
)

FirstDay = Annotated[
    date,
    typer.Option(
        "--from", parser=first_day, metavar="DATE", help="First day (2024-01-31), or month."
    ),
]
LastDay = Annotated[
    date, typer.Option("--to", parser=last_day, metavar="DATE", help="Last day, or month.")
]


def _command(ask: "Ask", following: str) -> Callable[..., None]:
    """A command for a question: the same options for all."""

    def command(
        context: typer.Context,
        start: FirstDay,
        end: LastDay,
        limit: Limit = None,
        as_json: AsJson = False,
        as_csv: AsCsv = False,
    ) -> None:
        from apportion.cli.output import put_csv, put_json_rows, say, say_next
        from apportion.cli.reading import read_charges
        from apportion.cli.views import usage as view
        from apportion.report.doubts import require_order
        from apportion.report.usage_listing import flat, head, rows

        one_format(as_json=as_json, as_csv=as_csv)
        require_order(start, end)
        session = session_of(context)
        found = ask(read_charges(session), start, end)
        if as_json:
            put_json_rows(head(found), rows(found))
        elif as_csv:
            put_csv(flat(found))
        else:
            cut = ROWS_FOR_PEOPLE if limit is None else limit or None
            view.show(found, cut, "There is no such usage in this period.")
            if found.rows.num_rows:
                say()
                days = ("--from", str(start), "--to", str(end))
                say_next(session.suggestions.command("usage", "platform", following, *days))

    return command


def _daily(charges: "ChargeViews", start: date, end: date) -> "UsageListing":
    from apportion.report.usage_questions import daily

    return daily(charges, start, end)


def _providers(charges: "ChargeViews", start: date, end: date) -> "UsageListing":
    from apportion.report.usage_questions import providers

    return providers(charges, start, end)


def _accounts(charges: "ChargeViews", start: date, end: date) -> "UsageListing":
    from apportion.report.usage_questions import accounts

    return accounts(charges, start, end)


def _charges(charges: "ChargeViews", start: date, end: date) -> "UsageListing":
    from apportion.report.usage_questions import owed

    return owed(charges, start, end)


for _name, _ask, _following, _help in (
    ("daily", _daily, "providers", "What went out on each day, by channel."),
    ("providers", _providers, "accounts", "What went out on each day by each provider."),
    ("accounts", _accounts, "charges", "What each account sent, by channel."),
    ("charges", _charges, "daily", "What each account owes for days of one financial year."),
):
    app.command(_name, help=_help)(_command(_ask, _following))
