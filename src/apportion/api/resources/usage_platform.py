"""What the whole platform sent and charged in a period, and the rated rows behind it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from apportion.api.answering import (
    answer_table,
    name_next,
    page_after,
    place_of,
    rows_wanted,
    wanted_format,
)
from apportion.api.asking import AskedRows, Day, Names, Rows
from apportion.api.described import (
    AMOUNT,
    COUNT,
    DAY,
    TEXT,
    array_schema,
    described_rows,
    object_schema,
    table_schema,
)
from apportion.api.formats.format import Answer
from apportion.api.rated import FirstDay, LastDay, RatingId, answer_usage, described_usage
from apportion.api.reading import read_charges
from apportion.ledger.record_rating import Rating
from apportion.rating.charges import RATED, ChargeViews
from apportion.rating.views.asking import require_account, require_channel
from apportion.report import usage_questions
from apportion.report.doubts import require_order
from apportion.report.usage_listing import ACCOUNTS, CHARGES, DAILY, PROVIDERS, UsageListing
from apportion.report.usage_rows import RowsWanted, all_rated_rows, rated_rows, totals

router = APIRouter(prefix="/usage", tags=["usage"])

_PERIOD = {"start_date": DAY, "end_date": DAY}


def _answer(
    request: Request,
    ask: Callable[[ChargeViews, date, date], UsageListing],
    period: tuple[date, date],
    rows: Rows,
    run: str,
) -> Response:
    require_order(*period)
    rated = charges, _ = read_charges(request, run)
    return answer_usage(request, ask(charges, *period), rated, rows)


@router.get("/platform/daily", response_class=Response, responses=described_usage(_PERIOD, DAILY))
def get_daily(
    request: Request,
    start_date: FirstDay,
    end_date: LastDay,
    rows: AskedRows,
    run: RatingId = "",
) -> Response:
    """What went out on each day, by channel."""
    return _answer(request, usage_questions.daily, (start_date, end_date), rows, run)


@router.get(
    "/platform/providers", response_class=Response, responses=described_usage(_PERIOD, PROVIDERS)
)
def get_providers(
    request: Request,
    start_date: FirstDay,
    end_date: LastDay,
    rows: AskedRows,
    run: RatingId = "",
) -> Response:
    """What went out on each day by each provider, with its cost before any allowance."""
    return _answer(request, usage_questions.providers, (start_date, end_date), rows, run)


@router.get(
    "/platform/accounts", response_class=Response, responses=described_usage(_PERIOD, ACCOUNTS)
)
def get_accounts(
    request: Request,
    start_date: FirstDay,
    end_date: LastDay,
    rows: AskedRows,
    run: RatingId = "",
) -> Response:
    """What each account sent, by channel."""
    return _answer(request, usage_questions.accounts, (start_date, end_date), rows, run)


@router.get(
    "/platform/charges", response_class=Response, responses=described_usage(_PERIOD, CHARGES)
)
def get_charges(
    request: Request,
    start_date: FirstDay,
    end_date: LastDay,
    rows: AskedRows,
    run: RatingId = "",
) -> Response:
    """What each account owes for days of one financial year, with contacts and references."""
    return _answer(request, usage_questions.owed, (start_date, end_date), rows, run)


_SUMMED = (
    "notifications_sent",
    "billable_units",
    "chargeable_units",
    "free_allowance_used",
    "charged_units",
)
_TOTAL = object_schema({"notification_type": TEXT, **dict.fromkeys(_SUMMED, COUNT), "cost": AMOUNT})
_ROWS = {
    **_PERIOD,
    "currency": TEXT,
    "total_rows": COUNT,
    "totals": array_schema(_TOTAL),
    "total_cost": AMOUNT,
    "rating": TEXT,
    "next": {"type": ["string", "null"]},
}


@router.get("/rows", response_class=Response, responses=described_rows(_ROWS, table_schema(RATED)))
def get_rows(
    request: Request,
    rows: AskedRows,
    accounts: Names = None,
    channels: Names = None,
    start_date: Annotated[Day | None, Query(description="First day. Default: of all.")] = None,
    end_date: Annotated[Day | None, Query(description="Last day. Default: of all.")] = None,
    run: RatingId = "",
) -> Response:
    """The rated rows themselves: each with its rate, what of it was free, what it cost and why."""
    require_order(start_date, end_date)
    charges, doubts = read_charges(request, run)
    for account in accounts or ():
        require_account(charges.model, account)
    for channel in channels or ():
        require_channel(charges.model, channel)
    chosen = wanted_format(request, rows.format)
    days = _days(charges.rating, start_date, end_date)
    wanted = RowsWanted(*days, tuple(accounts or ()), tuple(channels or ()))
    question = (request.url.path, charges.rating.run_id, wanted)
    limit, place = rows_wanted(rows, chosen), place_of(question, rows.cursor)
    about = {"currency": charges.rating.currency}
    if limit is None:
        # The formats of whole tables are written as the rows are read.
        reader = all_rated_rows(charges.connection, replace(wanted, after=place))
        return answer_table(Answer(reader, {}, about), chosen, doubts)
    found, after = rated_rows(charges.connection, replace(wanted, limit=limit, after=place))
    following = page_after(question, after) if after else None
    whole = totals(charges.connection, wanted)
    said = {
        "start_date": start_date or wanted.start,
        "end_date": end_date or wanted.end,
        **about,
        "total_rows": whole.rows,
        "totals": whole.channels,
        "total_cost": whole.cost,
        "rating": charges.rating.run_id,
        "next": following,
    }
    return name_next(request, following, answer_table(Answer(found, said, about), chosen, doubts))


def _days(rating: Rating, start: date | None, end: date | None) -> tuple[date, date]:
    """The days that are asked for and rated: there is nothing to look at on others."""
    first, last = rating.start_date, rating.end_date
    if first is None or last is None:
        # Nothing was rated; any days will do.
        first = last = rating.at.date()
    return max(start or first, first), min(end or last, last)
