"""The billing paths that notification services know: their words, and numbers as JSON numbers.

They stand at the root, beside the API and not in it (`B17`): whoever asks a notification service
what a service of it used can ask here instead.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import WithJsonSchema
from starlette.responses import JSONResponse, Response

from apportion.api.answering import doubts_header
from apportion.api.described import COUNT, TEXT, Schema, array_schema, object_schema
from apportion.api.once import IdempotencyKey, body_digest, once
from apportion.api.parameters import wrong_parameters
from apportion.api.problems import documented, status_of
from apportion.api.rated import AccountPath
from apportion.api.reading import billing_model, read_charges, workspace_of
from apportion.api.working import working_of
from apportion.billing import Billing
from apportion.findings import ApportionError, Finding, LedgerError, UsageError
from apportion.jobs.putting import RepeatedKeyError, with_keys_once
from apportion.rating.charges import ChargeViews
from apportion.rating.views.asking import require_account, require_year
from apportion.report import usage_questions
from apportion.report.usage_listing import UsageListing

router = APIRouter(prefix="/service/{service_id:path}/billing", tags=["notification service"])

TEXT_MESSAGES = "sms"
"""The channel whose allowance the paths call the free fragment limit."""

NO_YEAR = "No valid year provided"
ORIGIN_HEADER = "Apportion-Allowance-Origin"
_DIGITS = re.compile("[0-9]{1,4}")

AskedYear = Annotated[
    str,
    WithJsonSchema({"type": "integer", "minimum": 1900, "maximum": 9000}),
    Query(description="The financial year, named by the year it begins in."),
]


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def _answered(answer: Callable[[], Response]) -> Response:
    """What is answered, or what was wrong in the words that clients of these paths expect."""
    try:
        return answer()
    except (_RefusedError, UsageError, LedgerError) as error:
        return _refused(error)


def _refused(error: _RefusedError | UsageError | LedgerError) -> Response:
    if isinstance(error, _RefusedError):
        return _error(error.status, error.message)
    status = status_of(error)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        raise error
    status = status if status is HTTPStatus.NOT_FOUND else HTTPStatus.BAD_REQUEST
    return _error(status, error.findings[0].message)


def _error(status: HTTPStatus, message: str) -> Response:
    return JSONResponse({"result": "error", "message": message}, int(status))


def _year_or_this(billing: Billing, text: str) -> int:
    """The year that is asked for; where none is named, the one that it is (`B17`)."""
    return _year(text) if text else billing.this_year()


def _year(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, NO_YEAR)
    try:
        return require_year(int(text))
    except ApportionError as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, NO_YEAR) from error


def _require_known(request: Request) -> None:
    """Refuse an unknown parameter as these paths refuse; their clients read no problem details."""
    for each in wrong_parameters(request):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, f"{each.message} {each.remedy}")


_ERROR = object_schema({"result": TEXT, "message": TEXT})


def _described(status: int, schema: Schema, *problems: int) -> dict[int | str, dict[str, Any]]:
    error = {"content": {"application/json": {"schema": _ERROR}}}
    # An address that is no path at all is answered as everywhere.
    nowhere = {"content": {**error["content"], **documented(404)[404]["content"]}}
    return {
        status: {
            "description": "The answer.",
            "content": {"application/json": {"schema": schema}},
        },
        400: {"description": "The question or the limit is none.", **error},
        404: {"description": "There is no such service.", **nowhere},
        **documented(*problems),
    }


_NUMBER = {"type": "number"}
_YEARLY = {
    "notification_type": TEXT,
    "rate": _NUMBER,
    "notifications_sent": COUNT,
    "chargeable_units": COUNT,
    "free_allowance_used": COUNT,
    "charged_units": COUNT,
    "cost": _NUMBER,
}
AskedYearOrThis = Annotated[
    str,
    WithJsonSchema({"type": "integer", "minimum": 1900, "maximum": 9000}),
    Query(description="The financial year. Default: the present one."),
]
_LIMIT = object_schema({"free_sms_fragment_limit": COUNT, "financial_year_start": COUNT})


@router.get(
    "/monthly-usage",
    response_class=Response,
    responses=_described(200, array_schema(object_schema({"month": TEXT, **_YEARLY})), 304),
)
def get_monthly_usage(request: Request, service_id: AccountPath, year: AskedYear = "") -> Response:
    """What a service used in each month of a financial year, what is not billed left out."""
    return _usage(request, usage_questions.monthly, service_id, year)


@router.get(
    "/yearly-usage-summary",
    response_class=Response,
    responses=_described(200, array_schema(object_schema(_YEARLY)), 304),
)
def get_yearly_usage(request: Request, service_id: AccountPath, year: AskedYear = "") -> Response:
    """What a service used in a financial year, by channel and rate, e-mail too."""
    return _usage(request, usage_questions.yearly, service_id, year)


def _usage(
    request: Request,
    ask: Callable[[ChargeViews, str, int], UsageListing],
    service_id: str,
    year: str,
) -> Response:
    def answer() -> Response:
        asked = _year(year)
        _require_known(request)
        try:
            charges, doubts = read_charges(request, account=service_id)
        except LedgerError as error:
            if [each.code for each in error.findings] != ["no_run"]:
                raise
            # Nothing was rated yet: an account that is there has no rows, and a header says why.
            require_account(billing_model(request), service_id)
            return _numbers((), error.findings)
        return _numbers(ask(charges, service_id, asked).rows.to_pylist(), doubts)

    return _answered(answer)


def _numbers(rows: Iterable[Mapping[str, Any]], doubts: Sequence[Finding]) -> Response:
    texts = (
        ", ".join(f"{json.dumps(name)}: {_number(value)}" for name, value in row.items())
        for row in rows
    )
    body = "[" + ",\n".join(f"{{{text}}}" for text in texts) + "]\n"
    return Response(body, headers=doubts_header(doubts), media_type="application/json")


def _number(value: Any) -> str:
    """A JSON value; a decimal is a number with all its digits and no zeros at its end.

    >>> _number(Decimal("0.019700000")), _number(Decimal("100.000000000"))
    ('0.0197', '100')
    """
    if not isinstance(value, Decimal):
        return json.dumps(value)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@router.get(
    "/free-sms-fragment-limit",
    response_class=Response,
    responses=_described(200, _LIMIT, 304),
)
def get_free_sms_fragment_limit(
    request: Request, service_id: AccountPath, financial_year_start: AskedYearOrThis = ""
) -> Response:
    """How many fragments are free for a service in a financial year; a header says from where.

    Without a year it is the present one.
    """

    def answer() -> Response:
        _require_known(request)
        billing = workspace_of(request).billing
        year = _year_or_this(billing, financial_year_start)
        require_account(billing_model(request), service_id)
        found = billing.allowance(service_id, TEXT_MESSAGES, year)
        said = {"free_sms_fragment_limit": found.units, "financial_year_start": year}
        return JSONResponse(said, headers={ORIGIN_HEADER: str(found.origin)})

    return _answered(answer)


_ASKED = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "free_sms_fragment_limit": {"type": "integer", "minimum": 0},
                        "financial_year_start": {"type": ["integer", "null"]},
                    },
                    "required": ["free_sms_fragment_limit"],
                }
            }
        },
    }
}


@router.post(
    "/free-sms-fragment-limit",
    response_class=Response,
    status_code=201,
    responses=_described(201, _LIMIT, 409, 415),
    openapi_extra=_ASKED,
)
async def set_free_sms_fragment_limit(
    request: Request,
    service_id: AccountPath,
    key: IdempotencyKey,
    financial_year_start: AskedYearOrThis = "",
) -> Response:
    """Set how many fragments are free; for this or a later year, for later years too (`B16`).

    The year may stand in the body instead; without one it is the present one.
    """
    billing = workspace_of(request).billing
    working = working_of(request)
    try:
        limit, text = _limit(request, await request.body(), financial_year_start)
        year = _year_or_this(billing, text)
        setting = partial(_set, billing, service_id, limit, year)

        async def work() -> Response:
            return await working.look(setting)

        return await once(request, key, await body_digest(request), work)
    except (_RefusedError, UsageError, LedgerError) as error:
        return _refused(error)


def _set(billing: Billing, account: str, limit: int, year: int) -> Response:
    billing.set_allowance(account, TEXT_MESSAGES, year, limit)
    said = {"free_sms_fragment_limit": limit, "financial_year_start": year}
    return JSONResponse(said, int(HTTPStatus.CREATED))


def _limit(request: Request, body: bytes, year: str) -> tuple[int, str]:
    """The limit and the year that a request asks for, empty where it names none."""
    _require_known(request)
    media, _, _ = request.headers.get("content-type", "").partition(";")
    # A page of another site can send a form without being asked, but no JSON.
    if media.strip().lower() != "application/json":
        raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body has to be JSON")
    try:
        said = json.loads(body, object_pairs_hook=with_keys_once)
    except RepeatedKeyError as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "The body is no JSON") from error
    if not isinstance(said, dict) or "free_sms_fragment_limit" not in said:
        message = "free_sms_fragment_limit is a required property"
        raise _RefusedError(HTTPStatus.BAD_REQUEST, message)
    limit, in_body = said["free_sms_fragment_limit"], said.get("financial_year_start")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        message = "free_sms_fragment_limit is not a whole number from 0 on"
        raise _RefusedError(HTTPStatus.BAD_REQUEST, message)
    if in_body is not None and (isinstance(in_body, bool) or not isinstance(in_body, int)):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, NO_YEAR)
    if year and in_body is not None and str(in_body) != year:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, NO_YEAR)
    return limit, year or ("" if in_body is None else str(in_body))
