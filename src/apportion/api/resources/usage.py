"""What accounts used and owe, by month, year, organisation and day, and what moved since."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from apportion.api.answering import (
    answer_table,
    name_next,
    page_after,
    place_of,
    rows_wanted,
    wanted_format,
)
from apportion.api.asking import AskedRows, PathName, Year
from apportion.api.described import (
    AMOUNT,
    COUNT,
    TEXT,
    array_schema,
    described_rows,
    object_schema,
)
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer
from apportion.api.rated import (
    YEAR_HEAD,
    AccountPath,
    RatingId,
    answer_usage,
    described_usage,
)
from apportion.api.reading import read_charges, workspace_of
from apportion.report import usage_questions
from apportion.report.paging import table_page
from apportion.report.usage_changes import Changes, difference_texts, head
from apportion.report.usage_listing import MONTHLY, ORGANISATION, YEARLY
from apportion.report.usage_statement import allowance_data, usage_statement

router = APIRouter(prefix="/usage", tags=["usage"])

_ACCOUNT_HEAD = {"account": TEXT, **YEAR_HEAD}
_ALLOWANCES = array_schema(
    object_schema(
        {
            "notification_type": TEXT,
            "unit": TEXT,
            "allowance": COUNT,
            "origin": TEXT,
            "free_allowance_used": COUNT,
            "remaining_allowance": COUNT,
        }
    )
)


@router.get(
    "/accounts/{account:path}/monthly",
    response_class=Response,
    responses=described_usage(_ACCOUNT_HEAD, MONTHLY, {"allowances": _ALLOWANCES}),
)
def get_monthly(
    request: Request, account: AccountPath, year: Year, rows: AskedRows, run: RatingId = ""
) -> Response:
    """What an account used and owes in each month of a financial year, and what is left free."""
    rated = charges, _ = read_charges(request, run, account)
    found = usage_questions.monthly(charges, account, year)
    of_year = usage_statement(charges.connection, charges.model, account, year)
    left = [allowance_data(each) for each in of_year.allowances]
    return answer_usage(request, found, rated, rows, {"allowances": left})


@router.get(
    "/accounts/{account:path}/yearly",
    response_class=Response,
    responses=described_usage(_ACCOUNT_HEAD, YEARLY),
)
def get_yearly(
    request: Request, account: AccountPath, year: Year, rows: AskedRows, run: RatingId = ""
) -> Response:
    """What an account used and owes in a financial year, by channel and rate."""
    rated = charges, _ = read_charges(request, run, account)
    return answer_usage(request, usage_questions.yearly(charges, account, year), rated, rows)


@router.get(
    "/organisations/{organisation:path}",
    response_class=Response,
    responses=described_usage({"organisation": TEXT, **YEAR_HEAD}, ORGANISATION),
)
def get_organisation(
    request: Request, organisation: PathName, year: Year, rows: AskedRows, run: RatingId = ""
) -> Response:
    """What each account of an organisation used, has left and owes in a financial year."""
    rated = charges, _ = read_charges(request, run)
    found = usage_questions.organisation(charges, organisation, year)
    return answer_usage(request, found, rated, rows)


_CHANGED = object_schema(
    {
        "account": TEXT,
        "year": COUNT,
        "month": TEXT,
        "notification_type": TEXT,
        "figure": TEXT,
        "old": TEXT,
        "new": TEXT,
        "difference": {"anyOf": [AMOUNT, {"type": "null"}]},
    }
)
_CHANGES = {
    "since": TEXT,
    "until": TEXT,
    "currency": TEXT,
    "total_rows": COUNT,
    "accounts": COUNT,
    "cost_difference": AMOUNT,
    "next": {"type": ["string", "null"]},
}


@router.get("/changes", response_class=Response, responses=described_rows(_CHANGES, _CHANGED))
def get_changes(request: Request, rows: AskedRows, since: RatingId = "") -> Response:
    """Every account, month and figure that moved since an earlier rating, old and new.

    Without `since` that is the one before the latest.
    """
    chosen = wanted_format(request, rows.format)
    latest, doubts = read_charges(request)
    earlier = workspace_of(request).billing.ratings()[:2][-1].run_id
    before, _ = read_charges(request, since or earlier)
    found = Changes(before.rating, latest.rating, latest.since(before))
    question = (request.url.path, before.rating.run_id, latest.rating.run_id)
    place = place_of(question, rows.cursor)
    cut, after = table_page(found.rows, rows_wanted(rows, chosen), place)
    following = page_after(question, after) if after else None
    # Units are whole numbers to those who read texts, cost has all its decimals.
    shown = difference_texts(cut) if chosen is FORMATS["json"] else cut
    answer = Answer(shown, {**head(found), "next": following}, {"currency": latest.rating.currency})
    return name_next(request, following, answer_table(answer, chosen, doubts))
