"""A listing of any length, handed on in parts as it is read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pyarrow as pa

from apportion.report import paging
from apportion.report.listing import Listing, Wanted
from apportion.report.paging import Rows

Ask = Callable[[Wanted], Listing]


def in_parts(ask: Ask, wanted: Wanted) -> tuple[Listing, Iterator[pa.Table]]:
    """A listing with its totals, and all rows that are wanted, a table after another.

    Without a limit its own ``rows`` are the first of them only. What is asked on after a part
    may raise whatever ``ask`` raises, when the first parts have been handed on.
    """
    if wanted.limit is not None:
        found = ask(wanted)
        return found, iter([found.rows])
    found = ask(replace(wanted, limit=paging.PART))
    return replace(found, following=()), _parts(ask, wanted, found)


def _parts(ask: Ask, wanted: Wanted, found: Listing) -> Iterator[pa.Table]:
    yield found.rows
    place = found.following
    if len(place) == 1:
        # The place is a number: such rows are computed all at once.
        yield ask(replace(wanted, after=place)).rows
    elif place:

        def page(start: date, end: date, after: tuple[str, ...]) -> Rows:
            asked = replace(wanted, start=start, end=end, limit=paging.PART, after=after)
            part = ask(asked)
            return part.rows, part.following

        yield from paging.parts(page, date.fromisoformat(place[0]), wanted.end, place)
