"""``apportion show``: the figures of a period, as tables, JSON or CSV."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apportion.cli.arguments import (
    AsCsv,
    AsJson,
    Currency,
    From,
    Limit,
    RunId,
    To,
    one_format,
)
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.report.listing import Listing

    Ask = Callable[..., Listing]

ROWS_FOR_PEOPLE = 40

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show what products cost, and the figures behind it.",
)

Nodes = Annotated[
    list[str] | None,
    typer.Option(
        "--node",
        metavar="ID",
        help="Only this node; of edges, contributions and shares those from or to it. "
        "May be repeated.",
    ),
]
Dimensions = Annotated[
    list[str] | None,
    typer.Option("--dimension", metavar="NAME", help="Only this kind of cost. May be repeated."),
]


@app.command("products")
def products(
    context: typer.Context,
    start: From = None,
    end: To = None,
    node: Nodes = None,
    dimension: Dimensions = None,
    run: RunId = None,
    currency: Currency = "",
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What each product costs: in full, what it passed on, what it keeps, and with its parts.

    In JSON and CSV `holistic` is the full cost, `given` what the product passed on to others,
    `own` what it keeps and `subtree` that with all its parts; `depth` counts from 0 at the top of
    the hierarchy. A product that is part of several stands below each of them: from the second
    time on `again` is true, and a sum must leave that line out.
    """
    from apportion.cli.output import put_csv, put_json
    from apportion.cli.reading import read_result, title_of
    from apportion.cli.views import products as view
    from apportion.report.listing import Wanted, require_known
    from apportion.report.products import as_data, flat
    from apportion.report.products import products as report

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    result = read_result(session, start, end, run, currency)
    days = result.start, result.end
    wanted = Wanted(*days, tuple(node or ()), tuple(dimension or ()), limit or None)
    connection = result.connect()
    require_known(connection, result.model, wanted)
    found = report(connection, result.model, wanted, result.currency, result.scale)
    if as_json:
        put_json({**as_data(found), **result.answered_by})
    elif as_csv:
        put_csv(flat(found))
    else:
        suggestions = session.suggestions.about(start, end, run, currency, dimension)
        view.show(found, title_of(result), suggestions, wanted.nodes)


Grouping = StrEnum("Grouping", ["PRODUCT", "ACCOUNT", "ORGANISATION"])


@app.command("margin")
def margin(
    context: typer.Context,
    start: From = None,
    end: To = None,
    by: Annotated[
        Grouping, typer.Option("--by", metavar="WHAT", help="product, account or organisation.")
    ] = Grouping.PRODUCT,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What each product brings in beside what it costs, in all and by unit."""
    from apportion.cli.output import put_csv, put_json
    from apportion.cli.reading import read_charges, read_result
    from apportion.cli.views import margin as view
    from apportion.report.margin import as_data, flat

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    session.open().billing.require_accounts()
    charges = read_charges(session)
    cost = read_result(session, start, end, None, charges.rating.currency)
    found = session.open().billing.margin(cost.start, cost.end, str(by))
    if as_json:
        put_json({**as_data(found), "runs": cost.answered_by["runs"]})
    elif as_csv:
        put_csv(flat(found))
    else:
        view.show(found, charges.model.settings.name, session.suggestions)


def _listing(ask: "Ask") -> Callable[..., None]:
    """A command for a listing: the same options for all."""

    def command(
        context: typer.Context,
        start: From = None,
        end: To = None,
        node: Nodes = None,
        dimension: Dimensions = None,
        run: RunId = None,
        currency: Currency = "",
        limit: Limit = None,
        as_json: AsJson = False,
        as_csv: AsCsv = False,
    ) -> None:
        from apportion.cli.output import put_csv, put_json_rows
        from apportion.cli.reading import read_result, title_of
        from apportion.cli.views import listing as view
        from apportion.report.listing import Wanted, require_known
        from apportion.report.listing_data import flat, head, rows
        from apportion.report.listing_parts import in_parts

        one_format(as_json=as_json, as_csv=as_csv)
        result = read_result(session_of(context), start, end, run, currency)
        usual = None if as_json or as_csv else ROWS_FOR_PEOPLE
        cut = usual if limit is None else limit or None
        wanted = Wanted(result.start, result.end, tuple(node or ()), tuple(dimension or ()), cut)
        connection = result.connect()
        require_known(connection, result.model, wanted)

        def answer(wanted: Wanted) -> "Listing":
            return ask(connection, result.model, wanted, result.currency)

        if as_json or as_csv:
            found, tables = in_parts(answer, wanted)
            if as_csv:
                put_csv(flat(found, tables))
            else:
                put_json_rows({**head(found), **result.answered_by}, rows(tables))
        else:
            names = {each.id: each.name or each.id for each in result.model.nodes}
            asked = names.get(wanted.nodes[0], wanted.nodes[0]) if wanted.nodes else ""
            view.show(answer(wanted), title_of(result), asked)

    return command


def _nodes(*question: Any) -> "Listing":
    from apportion.report.nodes import nodes

    return nodes(*question)


def _edges(*question: Any) -> "Listing":
    from apportion.report.edges import edges

    return edges(*question)


def _allocations(*question: Any) -> "Listing":
    from apportion.report.allocations import allocations

    return allocations(*question)


def _contributions(*question: Any) -> "Listing":
    from apportion.report.contributions import contributions

    return contributions(*question)


def _shares(*question: Any) -> "Listing":
    from apportion.report.shares import shares

    return shares(*question)


for _name, _ask, _help in (
    ("nodes", _nodes, "What each node had, received, gave on and kept."),
    ("edges", _edges, "What each edge carried in the period, and by which strategy."),
    ("allocations", _allocations, "What each node had and kept, by day and dimension."),
    ("contributions", _contributions, "What each edge carried, by day and dimension."),
    ("shares", _shares, "Which share each receiver got of its sources, and on which days."),
):
    app.command(_name, help=_help)(_listing(_ask))
