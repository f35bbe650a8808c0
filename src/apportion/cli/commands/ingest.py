"""``apportion ingest``: bring bills and usage into the ledger."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from apportion.cli.arguments import AsJson, first_day, last_day
from apportion.cli.session import session_of

Month = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="MONTH",
        help="The files are all there is of this month (2024-01), so they replace what the source "
        "said of it before. Short for --from and --to.",
    ),
]
FirstDay = Annotated[
    date | None,
    typer.Option("--from", parser=first_day, metavar="DATE", help="First day the files speak for."),
]
LastDay = Annotated[
    date | None,
    typer.Option("--to", parser=last_day, metavar="DATE", help="Last day they speak for."),
]
CostColumn = Annotated[
    str | None,
    typer.Option(
        "--cost-column",
        metavar="NAME",
        help="effective, billed, contracted or list. Default: the workspace's.",
    ),
]
RejectFile = Annotated[
    Path | None,
    typer.Option(
        "--reject-file", metavar="PATH", help="Take the good lines, and write the bad ones here."
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="The files are all there is of what they speak for, so what they lack goes. For "
        "costs, bills, billable usage and events.",
    ),
]
Append = Annotated[
    bool,
    typer.Option(
        "--append",
        help="Costs and bills: the files add to what the ledger has, even where they speak of the "
        "same days.",
    ),
]


def _formats(incomplete: str) -> list[str]:
    from apportion.plugins import FORMATS, registered

    return [name for name in registered(FORMATS) if name.startswith(incomplete)]


def ingest(
    context: typer.Context,
    format_name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="What the files are: costs, usage, focus, dynatrace ...",
            autocompletion=_formats,
            show_default=False,
        ),
    ],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="One or more files, taken together.")
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help="Who says it; what one source says of a day or a bill is compared with what it "
            "said before. Default: by the file. Billable usage and events have none.",
        ),
    ] = None,
    period: Month = None,
    start: FirstDay = None,
    end: LastDay = None,
    cost_column: CostColumn = None,
    reject_file: RejectFile = None,
    replace: Replace = False,
    append: Append = False,
    as_json: AsJson = False,
) -> None:
    """Bring files into the ledger; a file with a bad line is refused whole.

    Ingesting the same content again changes nothing. Costs and bills that have nothing in common
    with what their source said are added, those that mention all of it take its place, and any
    others are refused with figures until --replace or --append says what is meant.
    """
    from apportion.cli.output import put_json
    from apportion.cli.progress import INGEST, progress
    from apportion.cli.views import ingests as view
    from apportion.report.ingested import as_data

    days = _days(period, start, end)
    session = session_of(context)
    with progress(INGEST) as bar:
        outcome = session.open(bar.step).ingest(
            format_name,
            *files,
            source=source,
            period=days,
            cost_column=cost_column,
            reject_file=reject_file,
            replace=replace,
            append=append,
        )
    if as_json:
        put_json(as_data(outcome.report, outcome.recorded, outcome.days))
    else:
        view.show(outcome, reject_file, session.suggestions)


def _days(period: str | None, start: date | None, end: date | None) -> tuple[date, date] | None:
    if period is not None and (start or end):
        raise typer.BadParameter("Give --period, or --from and --to.")
    if period is not None:
        start, end = first_day(period), last_day(period)
    if (start is None) != (end is None):
        raise typer.BadParameter("Give both --from and --to, or neither.")
    if start is None or end is None:
        return None
    from apportion.report.doubts import require_order

    require_order(start, end)
    return start, end
