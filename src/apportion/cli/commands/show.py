"""``apportion show``: the figures of a period, as tables, JSON or CSV."""

from collections.abc import Callable
from datetime import date
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
    first_day,
    last_day,
    one_format,
)
from apportion.cli.session import session_of

if TYPE_CHECKING:
    from apportion.report.listing import Listing

    Ask = Callable[..., Listing]

ROWS_FOR_PEOPLE = 40
LINES_FOR_PEOPLE = 20

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


@app.command("lines")
def lines(
    context: typer.Context,
    node: Annotated[str, typer.Option("--node", metavar="ID", help="The node whose cost it is.")],
    start: Annotated[
        date | None,
        typer.Option(
            "--from",
            parser=first_day,
            metavar="DATE",
            help="First day, or month. Default: the first on which the node has cost.",
        ),
    ] = None,
    end: Annotated[
        date | None,
        typer.Option(
            "--to",
            parser=last_day,
            metavar="DATE",
            help="Last day, or month. Default: the last on which it has.",
        ),
    ] = None,
    dimension: Dimensions = None,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            min=0,
            metavar="K",
            help="Show the K largest lines and the sum of the others, 0 for all. "
            "Default: 20, and all with --json and --csv.",
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """The lines of bills behind a node's direct cost, proved to sum to it.

    It is the cost that the ledger has now, whatever a run has read. In JSON and CSV `cost` is the
    whole line's, and `cost_within` what of it falls on the days asked for; a line has all columns
    of its bill that any line shown has something in. The exit status is 1 where the sums differ by
    more than the rounding of bills.
    """
    from apportion.cli.messages import tell
    from apportion.cli.output import put_csv, put_json_rows
    from apportion.cli.views import lines as view
    from apportion.report.node_lines import flat, head, rows

    one_format(as_json=as_json, as_csv=as_csv)
    session = session_of(context)
    workspace = session.open()
    usual = None if as_json or as_csv else LINES_FOR_PEOPLE
    cut = usual if top is None else top or None
    found = workspace.lines(node, start, end, dimension, cut)
    tell(found.findings, session.suggestions)
    if as_json:
        put_json_rows(head(found), rows(found.table))
    elif as_csv:
        put_csv(flat(found.table))
    else:
        view.show(found, workspace.model)
    if not found.holds:
        raise typer.Exit(1)


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


By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAMES",
        help="What to tell lines apart by, with commas: service, account, resource, sku, region, "
        "category, provider, a column of the bill, or tag.NAME.",
    ),
]


@app.command("unmapped")
def unmapped(
    context: typer.Context,
    by: By = "service,account",
    start: From = None,
    end: To = None,
    as_json: AsJson = False,
) -> None:
    """Cost of bills that no mapping rule takes, by what its lines say, the dearest first.

    It is of charges that begin on the days, by the rules of now, whatever a run has used.
    """
    from apportion.cli.output import put_json
    from apportion.cli.views import mapping as view
    from apportion.report.mapping_data import unmapped_as_data

    session = session_of(context)
    names = [name.strip() for name in by.split(",") if name.strip()]
    found = session.open().unmapped(names, start, end)
    if as_json:
        put_json(unmapped_as_data(found))
    else:
        view.show_unmapped(found, session.suggestions)


@app.command("tags")
def tags(
    context: typer.Context,
    tag: Annotated[str, typer.Option("--tag", metavar="NAME", help="The values of this tag.")] = "",
    start: From = None,
    end: To = None,
    as_json: AsJson = False,
) -> None:
    """How much cost of bills carries each tag, or each value of one."""
    from apportion.cli.output import put_json
    from apportion.cli.views import mapping as view
    from apportion.report.mapping_data import tags_as_data
    from apportion.report.tags import tags as report

    session = session_of(context)
    workspace = session.open()
    found = report(workspace.store, workspace.model, tag, start, end)
    if as_json:
        put_json(tags_as_data(found))
    else:
        view.show_tags(found, tag)
