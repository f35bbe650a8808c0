"""``apportion sql``: a question of one's own, in SQL."""

from typing import Annotated, Any

import typer

from apportion.cli.arguments import AsCsv, AsJson, one_format
from apportion.cli.session import session_of

ROWS_FOR_PEOPLE = 40


def sql(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="One query of DuckDB's SQL.", show_default=False),
    ] = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Ask in SQL, of views that hold what counts now; without a query, say which there are.

    Nothing that a query does changes the ledger.
    """
    from apportion.cli.output import put, put_csv, put_json, say
    from apportion.cli.tables import Head, table
    from apportion.report.sql_views import VIEWS, answer

    one_format(as_json=as_json, as_csv=as_csv)
    if not query.strip():
        for name, said in VIEWS.items():
            say(f"{name}: {said}.", hang="  ")
        return
    names, rows = answer(session_of(context).open().sql(), query)
    if as_json:
        put_json([dict(zip(names, row, strict=True)) for row in rows])
    elif as_csv:
        put_csv((names, rows))
    else:
        heads = [Head(name, number=_is_number(rows, place)) for place, name in enumerate(names)]
        put(table(heads, [[_shown(cell) for cell in row] for row in rows[:ROWS_FOR_PEOPLE]]))
        if len(rows) > ROWS_FOR_PEOPLE:
            say(f"... and {len(rows) - ROWS_FOR_PEOPLE:,} more; --csv and --json have all.")


def _is_number(rows: list[tuple[Any, ...]], place: int) -> bool:
    from decimal import Decimal

    cells = [row[place] for row in rows[:ROWS_FOR_PEOPLE] if row[place] is not None]
    return bool(cells) and all(
        isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) for cell in cells
    )


def _shown(cell: Any) -> str:
    from decimal import Decimal

    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        text = f"{cell:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
