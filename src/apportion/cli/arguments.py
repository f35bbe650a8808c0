"""Dates on the command line, and the options that several commands share."""

from calendar import monthrange
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

_EXPECTED = "expected a day such as 2024-01-31 or a month such as 2024-01"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""The days that a bill or a figure may be of."""


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
        day = _calendar_day(text, last=last)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date: {error}; {_EXPECTED}.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        said = f"{text!r} is out of range; expected a day from {FIRST_DAY} to {LAST_DAY}."
        raise typer.BadParameter(said)
    return day


def _calendar_day(text: str, *, last: bool) -> date:
    if len(text) == 10:
        return date.fromisoformat(text)
    year, month = int(text[:4]), int(text[5:])
    return date(year, month, monthrange(year, month)[1] if last else 1)


def currency_code(text: str) -> str:
    """A currency code, or nothing. Raises ``BadParameter`` for what ISO 4217 does not list."""
    if not text:
        return text
    from apportion.amounts.currencies import CODES

    if text in CODES:
        return text
    meant = f"did you mean {text.upper()!r}?" if text.upper() in CODES else "such as 'USD'."
    raise typer.BadParameter(f"{text!r} is no ISO 4217 currency code; {meant}")


From = Annotated[
    date | None,
    typer.Option(
        "--from",
        parser=first_day,
        metavar="DATE",
        help="First day (2024-01-31), or month (2024-01). Default: the first that runs cover.",
    ),
]
To = Annotated[
    date | None,
    typer.Option(
        "--to",
        parser=last_day,
        metavar="DATE",
        help="Last day, or month. Default: the last that runs cover.",
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
    typer.Option(
        "--currency", parser=currency_code, metavar="CODE", help="Read runs in this currency."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; amounts are decimal texts.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Take every warning for an error: exit status 1.")
]
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
