"""``apportion deliveries``: what came in, and taking it back."""

from typing import TYPE_CHECKING, Annotated

import typer

from apportion.cli.arguments import AsJson
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.ledger.record_ingest import Recorded

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List or show what was ingested, take it back, or bring it back.",
)

DeliveryId = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The delivery, or the beginning of its id.",
        show_default=False,
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the ledger.")
]


@app.command("list")
def list_deliveries(context: typer.Context, as_json: AsJson = False) -> None:
    """List the deliveries of costs, the latest first, and whether each counts."""
    from apportion.cli.output import put_json
    from apportion.cli.views import deliveries as view
    from apportion.ledger.inventory import ingests_without_lines
    from apportion.report.deliveries import as_data

    session = session_of(context)
    workspace = session.open()
    found = workspace.deliveries()
    unlisted = ingests_without_lines(workspace.store)
    if as_json:
        listed = [as_data(each) for each in found]
        put_json({"deliveries": listed, "ingests_without_lines": unlisted})
    else:
        view.show_list(found, unlisted, session.suggestions)


@app.command("show")
def show_delivery(context: typer.Context, delivery: DeliveryId, as_json: AsJson = False) -> None:
    """Show one delivery: its files, what counts of it, and what was done with it."""
    from apportion.cli.output import put_json
    from apportion.cli.views import deliveries as view
    from apportion.report.deliveries import in_full_as_data

    session = session_of(context)
    found = session.open().delivery(delivery)
    if as_json:
        put_json(in_full_as_data(found))
    else:
        view.show_delivery(found, session.suggestions)


@app.command("withdraw")
def withdraw_delivery(
    context: typer.Context, delivery: DeliveryId, reason: Reason, as_json: AsJson = False
) -> None:
    """Let a delivery count no more; what it had superseded counts again.

    Its lines stay in the ledger, and it can be restored.
    """
    from apportion.ledger.inventory import find_delivery

    workspace = session_of(context).open()
    found = find_delivery(workspace.store, delivery).delivery
    recorded = workspace.withdraw(found, reason)
    _tell(context, "withdrawal", found, reason, recorded, as_json=as_json)


@app.command("restore")
def restore_delivery(
    context: typer.Context,
    delivery: DeliveryId,
    reason: Reason,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="The delivery is all there is of what it speaks for."),
    ] = False,
    append: Annotated[
        bool, typer.Option("--append", help="The delivery adds to what the ledger has.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a delivery count again that was withdrawn, as if it came now."""
    from apportion.ledger.inventory import find_delivery

    if replace and append:
        raise typer.BadParameter("Give --replace or --append, not both.")
    workspace = session_of(context).open()
    found = find_delivery(workspace.store, delivery).delivery
    recorded = workspace.restore(found, reason, replace=replace, append=append)
    _tell(context, "restoration", found, reason, recorded, as_json=as_json)


def _tell(
    context: typer.Context,
    kind: str,
    delivery: str,
    reason: str,
    recorded: "Recorded",
    *,
    as_json: bool,
) -> None:
    from apportion.cli.output import put_json
    from apportion.cli.views import deliveries as view
    from apportion.report.deliveries import changed_as_data, outdated

    session = session_of(context)
    left = outdated(session.open().runs(), recorded.days)
    if as_json:
        put_json(changed_as_data(kind, delivery, reason, recorded, left))
    else:
        view.show_changed(kind, delivery, recorded, left, session.suggestions)
