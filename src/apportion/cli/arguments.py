"""Dates on the command line, and the options that several commands share."""

from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

_EXPECTED = "expected a day such as 2024-01-31 or a month such as 2024-01"


def first_day(text: str) -> date:
    """A day, or the first day of a month."""
    return _day(text, last=False)


def last_day(text: str) -> date:
    """A day, or the last day of a month."""
    return _day(text, last=True)


def _day(text: str, *, last: bool) -> date:
    """ISO dates alone: 01/02/2024 is one day in London and another in New York."""
    if not text.isascii() or len(text) not in (7, 10) or text[4] != "-":
        raise typer.BadParameter(f"{text!r} is no date; {_EXPECTED}.")
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        year, month = int(text[:4]), int(text[5:])
        return date(year, month, monthrange(year, month)[1] if last else 1)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date: {error}; {_EXPECTED}.") from None


From = Annotated[
    date | None,
    typer.Option(
        "--from",
        parser=first_day,
        metavar="DATE",
        help="First day (2024-01-31), or month (2024-01). Default: as the latest run.",
    ),
]
To = Annotated[
    date | None,
    typer.Option(
        "--to",
        parser=last_day,
        metavar="DATE",
        help="Last day, or month. Default: as the latest run.",
    ),
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="ID",
        help="Read this run. Default: for each day the latest run that covers it.",
    ),
]
Currency = Annotated[
    str,
    typer.Option("--currency", metavar="CODE", help="Read runs in this currency."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; amounts are decimal texts.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, safe to open in a spreadsheet.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=0,
        metavar="N",
        help="Show at most N rows, 0 for all. Default: 40, and all with --json and --csv.",
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")]


def one_format(*, as_json: bool, as_csv: bool) -> None:
    """Refuse two formats at once."""
    if as_json and as_csv:
        raise typer.BadParameter("Give --json or --csv, not both.")
