"""A page of rows: some of a long answer, and the place where the next page begins."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Protocol

import duckdb
import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, Expression

from apportion.findings import QUESTION, Finding, UsageError

_FIRST_STRETCH = 4
"""Days that are looked at first for a page; then as many as are still to be filled need."""


PART = 100_000
"""Rows of a long list that are held at once where it is handed on as it is read."""

Rows = tuple[pa.Table, tuple[str, ...]]
"""Some rows, and the place after the last of them, empty where none follows."""


class Asked(Protocol):
    """Which rows are asked for, as in ``listing.Wanted``."""

    @property
    def end(self) -> date:
        """The last day."""

    @property
    def limit(self) -> int | None:
        """How many rows at most."""

    @property
    def after(self) -> tuple[str, ...]:
        """The place after which to go on."""


def page(relation: duckdb.DuckDBPyRelation, key: Sequence[str], wanted: Asked) -> Rows:
    """The rows after a place, in the order of ``key``, and the place after the last of them.

    ``key`` are columns that no two rows share, the date first. A place is the key of the last row
    before it, as texts. Rows lie in order of date in the ledger, so a late page costs as little as
    the first: earlier days are never read, and of later ones only so many as fill the page.

    Raises ``UsageError`` (``invalid_argument``) where the place is none of this key.
    """
    rows, place = relation, _place(key, wanted.after)
    if place:
        rows = rows.filter(_beyond(key, place))
    order = [ColumnExpression(name) for name in key]
    if wanted.limit is None:
        return rows.sort(*order).to_arrow_table(), ()
    # One row more than asked for tells whether a page follows.
    found, missing = [], wanted.limit + 1
    first = place[0] if place else _earliest(rows)
    stretch = _FIRST_STRETCH
    while missing and isinstance(first, date) and first <= wanted.end:
        last = min(first + timedelta(days=stretch - 1), wanted.end)
        inside = rows.filter(_between(key[0], first, last)).sort(*order).limit(missing)
        found.append(inside.to_arrow_table())
        missing -= found[-1].num_rows
        first, stretch = last + timedelta(days=1), stretch * 2
    whole = pa.concat_tables(found) if found else rows.limit(0).to_arrow_table()
    return _cut(whole, key, wanted.limit)


def parts(
    ask: Callable[[date, date, tuple[str, ...]], Rows],
    start: date,
    end: date,
    after: tuple[str, ...] = (),
) -> Iterator[pa.Table]:
    """All rows of a list in the order of its key, the date first, never many of them at once.

    ``ask`` gives a page of the rows of some days, both ends included, after a place. It is asked of
    stretches of days, so that it reads little more than it gives.
    """
    stretch = _FIRST_STRETCH
    while start <= end:
        last = start + timedelta(days=min(stretch - 1, (end - start).days))
        rows, following = ask(start, last, after)
        yield rows
        if following:
            after = following
            reached = date.fromisoformat(following[0])
            start, stretch = reached, max((reached - start).days, 1)
        else:
            start, stretch = last + timedelta(days=1), stretch * 2


def _cut(whole: pa.Table, key: Sequence[str], limit: int) -> Rows:
    rows = whole.slice(0, limit)
    if whole.num_rows <= limit or not rows.num_rows:
        return rows, ()
    last = rows.slice(limit - 1).select(list(key)).to_pylist()[0]
    return rows, tuple(map(str, last.values()))


def _place(key: Sequence[str], after: tuple[str, ...]) -> tuple[date | str, ...]:
    if not after:
        return ()
    if len(after) != len(key) or not all(isinstance(each, str) for each in after):
        raise _no_place(after)
    try:
        return (date.fromisoformat(after[0]), *after[1:])
    except ValueError as error:
        raise _no_place(after) from error


def _beyond(key: Sequence[str], place: Sequence[date | str]) -> Expression:
    """Later in the order of the key: a later date, or the same and a later name, and so on."""
    columns = [ColumnExpression(name) for name in key]
    constants = [ConstantExpression(value) for value in place]
    beyond = columns[-1] > constants[-1]
    for column, constant in reversed(list(zip(columns[:-1], constants[:-1], strict=True))):
        beyond = (column > constant) | ((column == constant) & beyond)
    # Said apart as well, for the date alone decides which parts of a file are read.
    return (columns[0] >= constants[0]) & beyond


def _between(name: str, first: date, last: date) -> Expression:
    day = ColumnExpression(name)
    return (day >= ConstantExpression(first)) & (day <= ConstantExpression(last))


def _earliest(rows: duckdb.DuckDBPyRelation) -> date | None:
    found: date | None = rows.aggregate("min(date)").fetchall()[0][0]
    return found


def small_page(relation: duckdb.DuckDBPyRelation, wanted: Asked) -> Rows:
    """The same for rows that are few and come in their order; a place is how many stand before.

    Raises ``UsageError`` (``invalid_argument``) where the place is no such number.
    """
    skipped = rows_before(wanted.after)
    if wanted.limit is None:
        rows = relation.to_arrow_table()
        return rows.slice(skipped), ()
    whole = relation.limit(wanted.limit + 1, offset=skipped).to_arrow_table()
    rows = whole.slice(0, wanted.limit)
    follows = whole.num_rows > wanted.limit > 0
    return rows, (str(skipped + wanted.limit),) if follows else ()


def table_page(rows: pa.Table, limit: int | None, after: tuple[str, ...]) -> Rows:
    """The same for rows that are all there already."""
    skipped = rows_before(after)
    following = skipped + (rows.num_rows if limit is None else limit)
    follows = following < rows.num_rows
    return rows.slice(skipped, limit), (str(following),) if follows else ()


_LONGEST = 12


def rows_before(after: tuple[str, ...]) -> int:
    """How many rows stand before a place of ``small_page``.

    Raises ``UsageError`` (``invalid_argument``) where it is no such place.
    """
    if not after:
        return 0
    if (
        len(after) == 1
        and isinstance(after[0], str)
        and after[0].isascii()
        and after[0].isdigit()
        and len(after[0]) <= _LONGEST
    ):
        return int(after[0])
    raise _no_place(after)


def _no_place(after: tuple[str, ...]) -> UsageError:
    message = f"{', '.join(map(repr, after))} is no place in this list."
    remedy = "Begin at the first page, and take each next place from the page before."
    return UsageError([Finding("invalid_argument", message, QUESTION, remedy)])
