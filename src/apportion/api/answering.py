"""Answers in the format that was asked for, cut into pages where they are long."""

import base64
import hashlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import chain, islice
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from apportion.api.asking import ROWS, Rows
from apportion.api.formats import FORMATS
from apportion.api.formats.format import Answer, Format
from apportion.api.problems import ProblemError
from apportion.api.wording import told
from apportion.findings import Finding, UsageError
from apportion.report.json_text import plain

_PART_BYTES = 256 * 1024

DOUBTS_HEADER = "Apportion-Warnings"
"""Names the codes of what is doubtful about an answer, for formats that have no place for it."""


def wanted_format(request: Request, asked: str = "") -> Format:
    """The format that a client accepts, the first it likes best; JSON where it does not say.

    Raises ``ProblemError`` (406).
    """
    if asked:
        return FORMATS[asked]
    known = {each.media_type: each for each in FORMATS.values()}
    return known[wanted_media(request, tuple(known))]


def wanted_media(request: Request, known: Sequence[str]) -> str:
    """The media type of these that a client likes best; the first where it does not say.

    Raises ``ProblemError`` (406).
    """
    accepted = request.headers.get("accept", "*/*")
    best: tuple[float, str] = 0.0, ""
    for part in accepted.split(","):
        media, *parameters = (each.strip() for each in part.split(";"))
        quality = _quality(parameters)
        found = next((each for each in known if _matches(media.lower(), each)), "")
        if found and quality > best[0]:
            best = quality, found
    if not best[1]:
        said = f"There is this in: {', '.join(known)}."
        raise ProblemError(HTTPStatus.NOT_ACCEPTABLE, said)
    return best[1]


def _quality(parameters: Sequence[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _matches(media: str, known: str) -> bool:
    return media in (known, "*/*", f"{known.partition('/')[0]}/*")


def rows_wanted(asked: Rows, chosen: Format) -> int | None:
    """How many rows an answer may have: a page in JSON, all in the formats of whole tables."""
    if asked.limit is not None:
        return asked.limit
    return ROWS if chosen is FORMATS["json"] else None


def answer_table(answer: Answer, chosen: Format, doubts: Sequence[Finding]) -> Response:
    """Rows in a format. ``doubts`` stand in the JSON, and by their codes in a header."""
    answer = Answer(answer.rows, {**answer.head, **_doubtful(doubts)}, answer.constants)
    parts = _parts(chosen.write(answer))
    begin = list(islice(parts, 2))
    headers, media_type = doubts_header(doubts), chosen.media_type
    if len(begin) < 2:
        return Response(b"".join(begin), headers=headers, media_type=media_type)
    return _Streamed(begin, parts, headers, media_type)


class _Streamed(StreamingResponse):
    """Parts that are made as they are sent, and no more once nobody takes them.

    What is open behind them is let go of at once: whoever broke off leaves it in a circle of
    references, in which a database with its threads and memory would wait to be collected.
    """

    def __init__(
        self,
        begin: Sequence[bytes],
        parts: Generator[bytes, None, None],
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__(chain(begin, parts), headers=headers, media_type=media_type)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._parts.close()


def _doubtful(doubts: Sequence[Finding]) -> dict[str, Any]:
    """The first of what is doubtful, and how much there is."""
    return {"warnings": told(doubts), "warnings_total": len(doubts)}


def doubts_header(doubts: Sequence[Finding]) -> dict[str, str]:
    """The header that names what is doubtful, where anything is."""
    codes = sorted({each.code for each in doubts})
    return {DOUBTS_HEADER: ", ".join(codes)} if codes else {}


def _parts(pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Pieces joined to parts: for each part of a stream a thread has to be waited for."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PART_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def answer_data(data: Mapping[str, Any], doubts: Sequence[Finding] = ()) -> Response:
    """One object as JSON: amounts are decimal texts, days ISO 8601."""
    said = {**data, **_doubtful(doubts)}
    return Response(json.dumps(said, default=plain) + "\n", media_type="application/json")


def name_next(request: Request, following: str | None, answer: Response) -> Response:
    """Let an answer name the address of the next page, where one follows."""
    if following:
        query = request.url.include_query_params(cursor=following).query
        answer.headers["Link"] = f'<{quote(request.scope["path"])}?{query}>; rel="next"'
    return answer


def page_after(question: Sequence[object], place: object) -> str:
    """A cursor: a place in the answer to a question, to be given back as it is."""
    held = json.dumps([_mark(question), place], default=str)
    return base64.urlsafe_b64encode(held.encode()).decode()


def place_of(question: Sequence[object], cursor: str) -> tuple[str, ...]:
    """The place that a cursor means, empty for the beginning.

    Raises ``UsageError`` where it is of another question, or the answer has changed since.
    """
    if not cursor:
        return ()
    try:
        mark, place = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError([_bad_cursor("This is no cursor.")]) from error
    if mark != _mark(question):
        said = "The cursor is of another question, or newer results have come since."
        raise UsageError([_bad_cursor(said)])
    if not isinstance(place, list) or not all(isinstance(each, str) for each in place):
        raise UsageError([_bad_cursor("This is no cursor.")])
    return tuple(place)


def _mark(question: Sequence[object]) -> str:
    return hashlib.blake2b(repr(question).encode(), digest_size=12).hexdigest()


def _bad_cursor(said: str) -> Finding:
    remedy = "Begin again without one; name a run to read pages of results that never change."
    return Finding("invalid_argument", said, remedy=remedy)
