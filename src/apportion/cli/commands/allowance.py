"""``apportion allowance``: what is free for an account, shown and set."""

from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsCsv, AsJson, one_format
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.model import Model

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show and set what is free for an account in a financial year.",
)

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]
Year = Annotated[
    int,
    typer.Option(
        "--year", metavar="YEAR", help="The financial year, named by the year it begins in."
    ),
]
ChannelId = Annotated[
    str | None,
    typer.Option("--channel", metavar="ID", help="Default: each channel that is billed."),
]


@app.command("show")
def show(
    context: typer.Context,
    account: AccountId,
    year: Year,
    channel: ChannelId = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What is free for an account in a financial year, and whether that is a default."""
    from apportion.cli.output import put_csv, put_json
    from apportion.cli.views import allowance as view
    from apportion.rating.views.asking import billed_channels
    from apportion.report.allowances import as_data, flat

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    billing = session.open().billing
    model = billing.model
    channels = [channel] if channel is not None else billed_channels(model)
    found = [billing.allowance(account, each, year) for each in channels]
    if as_json:
        put_json(as_data(model, account, year, found))
    elif as_csv:
        put_csv(flat(model, found))
    else:
        view.show(model, account, year, found, session.suggestions)


@app.command("set")
def set_allowance(
    context: typer.Context,
    account: AccountId,
    units: Annotated[int, typer.Argument(metavar="UNITS", help="How many units are free.")],
    year: Year,
    channel: Annotated[
        str | None,
        typer.Option("--channel", metavar="ID", help="Needed where several channels are billed."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do not carry it over to the year after.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Set what is free for an account in a financial year.

    For a past year it changes that year alone; for this or a later one also the later years that
    have an allowance of their own.
    """
    from apportion.cli.output import put_csv, put_json
    from apportion.cli.views import allowance as view
    from apportion.report.allowances import changed_as_data, changed_flat

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    billing = session.open().billing
    model = billing.model
    meant = _one_channel(model) if channel is None else channel
    before = billing.allowance(account, meant, year)
    changed = billing.set_allowance(account, meant, year, units, custom=not once)
    if as_json:
        put_json(changed_as_data(model, before, changed))
    elif as_csv:
        put_csv(changed_flat(model, changed))
    else:
        has_usage = billing.has_usage()
        view.show_changed(model, before, changed, session.suggestions, has_usage=has_usage)


def _one_channel(model: "Model") -> str:
    from apportion.model.spelling import one_of
    from apportion.rating.views.asking import billed_channels

    channels = billed_channels(model)
    if len(channels) != 1:
        known = f": {one_of(channels)}" if channels else "; none is billed"
        raise typer.BadParameter(f"Say which with --channel{known}.", param_hint="'--channel'")
    return channels[0]
