"""The periods of a charge: when it arose, and the bill it stands on.

When it arose is one day for most, start and end for those that span several.

A charge that lies within one day belongs to it whatever its hours, so hours are forgotten before
lines are grouped where the file holds moments, and after it where it holds texts. That makes
groups few.
"""

from dataclasses import replace

from duckdb import ColumnExpression, ConstantExpression, Expression, SQLExpression

from apportion.derive.spread import LONGEST
from apportion.ingest import cells
from apportion.ingest.cells import Cell, Check
from apportion.ingest.inspected import Column, Holds

_SPANS = "({end} > cast({start} as date) + interval 1 day or {end} < {start})"


def period_cells(start: Column, end: Column | None) -> tuple[Cell, ...]:
    """Cells ``day``, ``start`` and ``end_``; the last two are null for a charge of one day.

    Without an end a charge belongs to the day on which it starts. Days are those of UTC.
    """
    typed = (Holds.DAY, Holds.MOMENT)
    if start.holds in typed and (end is None or end.holds in typed):
        return _of_moments(start, end)
    return _of_texts(start, end)


def _of_moments(start: Column, end: Column | None) -> tuple[Cell, ...]:
    first = f"cast({start.id} as timestamp)"
    last = f"cast({end.id} as timestamp)" if end else "cast(null as timestamp)"
    spans = _SPANS.format(start=first, end=last)
    day, began, ended = (
        SQLExpression(f"cast({first} as date)"),
        SQLExpression(f"case when {spans} then {first} end"),
        SQLExpression(f"case when {spans} then {last} end"),
    )
    as_day = cells.day("day", Column(start.name, start.position, Holds.DAY))
    return (
        Cell("day", day, as_day.value, as_day.checks, start),
        Cell("start", began, SQLExpression("start"), (), start),
        Cell("end_", ended, SQLExpression("end_"), _checks("start", "end_", end), end),
    )


def _of_texts(start: Column, end: Column | None) -> tuple[Cell, ...]:
    begins = cells.moment("start", start, required=True)
    nothing = cells.constant("end_", None)
    ends = cells.moment("end_", end, required=False) if end else nothing
    first = f"({begins.value.fragment()})"
    last = f"cast(({ends.value.fragment()}) as timestamp)"
    spans = _SPANS.format(start=first, end=last)
    checks = (*ends.checks, *_checks(first, last, end))
    return (
        Cell("day", ConstantExpression(None), SQLExpression(f"cast({first} as date)")),
        Cell("start", begins.raw, _when(spans, first), begins.checks, start),
        Cell("end_", ends.raw, _when(spans, last), checks, end),
    )


def _when(condition: str, value: str) -> Expression:
    return SQLExpression(f"case when {condition} then {value} end")


def _checks(start: str, end: str, column: Column | None) -> tuple[Check, ...]:
    if column is None:
        return ()
    length = f"epoch_us({end}) - epoch_us({start})"
    return (
        Check(
            "end_",
            column,
            "invalid_value",
            "the charge ends before it starts",
            "Correct the charge period.",
            SQLExpression(f"coalesce({end} < {start}, false)"),
        ),
        Check(
            "end_",
            column,
            "invalid_value",
            "the charge lasts longer than 30 years",
            "Correct the charge period.",
            SQLExpression(f"coalesce({length} > {LONGEST}, false)"),
        ),
    )


def billing_cells(start: Column | None, end: Column | None) -> tuple[Cell, ...]:
    """Cells ``billed_from`` and ``billed_to``, null where the bill does not say."""
    begins, ends = _billed("billed_from", start), _billed("billed_to", end)
    if end is None:
        return begins, ends
    order = f"({ends.value.fragment()}) <= ({begins.value.fragment()})"
    check = Check(
        "billed_to",
        end,
        "invalid_value",
        "the billing period does not end after it begins",
        "Correct the billing period; its end is the first moment after it.",
        SQLExpression(f"coalesce({order}, false)"),
    )
    return begins, replace(ends, checks=(*ends.checks, check))


def _billed(alias: str, column: Column | None) -> Cell:
    if column is None:
        nothing = ConstantExpression(None).cast("timestamp")
        return Cell(alias, nothing, ColumnExpression(alias))
    return cells.moment(alias, column, required=False)
