"""The query parameters that many questions share, each with its type, bounds and meaning."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from apportion.amounts.currencies import CODES

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""The days that a bill or a figure may be of."""

LONGEST_NAME = 500
MOST_NAMES = 200
MOST_ROWS = 100_000
ROWS = 1_000
"""Rows of a page, where no limit is asked for."""


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _iso(text: Any) -> Any:
    if isinstance(text, str) and not _DAY.fullmatch(text):
        raise ValueError("expected a day such as 2024-01-31")
    return text


def _in_range(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"expected a day from {FIRST_DAY} to {LAST_DAY}")
    return day


_DAY_SCHEMA = {
    "type": "string",
    "format": "date",
    "pattern": "^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}$",
}
Day = Annotated[date, BeforeValidator(_iso), AfterValidator(_in_range), WithJsonSchema(_DAY_SCHEMA)]


def _listed(code: str) -> str:
    if code and code not in CODES:
        raise ValueError("expected an ISO 4217 code such as USD")
    return code


CurrencyCode = Annotated[
    str, AfterValidator(_listed), WithJsonSchema({"type": "string", "enum": ["", *sorted(CODES)]})
]
RunName = Annotated[str, Query(pattern="^[0-9A-Za-z-]{0,64}$")]
Name = Annotated[str, Query(max_length=LONGEST_NAME)]
PathName = Annotated[str, Path(max_length=LONGEST_NAME)]
Year = Annotated[int, Query(ge=1970, le=2199, description="The year that it begins in.")]

StartDate = Annotated[
    Day | None, Query(description="First day. Default: of the run named, or of all runs together.")
]
EndDate = Annotated[Day | None, Query(description="Last day, included. Default: likewise.")]
Currency = Annotated[
    CurrencyCode, Query(description="Results in this currency. Default: that of the latest run.")
]
RunId = Annotated[
    RunName,
    Query(
        description="Read this run, by its id or the beginning of it. "
        "Default: for each day the latest run that covers it."
    ),
]
Names = Annotated[
    list[Name] | None, Query(max_length=MOST_NAMES, description="Only these; may be repeated.")
]
Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=MOST_ROWS,
        description=f"Rows of a page. Default: {ROWS:,} in JSON, all in other formats.",
    ),
]
Cursor = Annotated[
    str,
    Query(
        pattern="^[A-Za-z0-9_=-]{0,2000}$",
        description="Where the page begins: `next` of the page before.",
    ),
]


@dataclass(frozen=True, slots=True)
class Period:
    """What results are asked of. No dates mean those of the run; an empty run means the latest."""

    start_date: date | None
    end_date: date | None
    currency: str
    run: str


async def _period(
    start_date: StartDate = None,
    end_date: EndDate = None,
    currency: Currency = "",
    run: RunId = "",
) -> Period:
    return Period(start_date, end_date, currency, run)


AskedPeriod = Annotated[Period, Depends(_period)]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which nodes and dimensions an answer is about; none means all."""

    nodes: tuple[str, ...]
    dimensions: tuple[str, ...]


async def _filter(nodes: Names = None, dimensions: Names = None) -> Filter:
    return Filter(tuple(nodes or ()), tuple(dimensions or ()))


async def _dimensions(dimensions: Names = None) -> tuple[str, ...]:
    return tuple(dimensions or ())


AskedDimensions = Annotated[tuple[str, ...], Depends(_dimensions)]
AskedFilter = Annotated[Filter, Depends(_filter)]


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of a long answer are asked for, and in which format."""

    limit: int | None
    cursor: str
    format: str


FormatName = Annotated[
    str,
    Query(
        alias="format",
        pattern="^(|json|csv|arrow|parquet)$",
        description="The format, for clients that cannot set the header Accept.",
    ),
]


async def _rows(limit: Limit = None, cursor: Cursor = "", format_name: FormatName = "") -> Rows:
    return Rows(limit, cursor, format_name)


AskedRows = Annotated[Rows, Depends(_rows)]
