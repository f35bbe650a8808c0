"""What files of billable usage speak for: their days, and days on which nothing was sent."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from apportion.findings import Finding
from apportion.ingest.incoming import Context
from apportion.tables import every_day


def days_of(rows: pa.Table) -> list[date]:
    """The days that rows are of, in order."""
    found: list[date] = sorted(pc.unique(rows["date"]).to_pylist())
    return found


def spoken_days(days: Iterable[date], period: tuple[date, date] | None) -> tuple[date, ...]:
    """The days that a file speaks for: those of the declared period, or those it names."""
    if period is None:
        return tuple(days)
    return tuple(every_day(*period))


def may_be_empty(context: Context) -> bool:
    """Whether files without lines say that nothing was sent: of a period, and meant to replace."""
    return context.replace and context.period is not None and context.reject_file is None


def with_way_out(finding: Finding) -> Finding:
    """What a file without lines is told, with how to say that nothing was sent."""
    if finding.code != "check_saw_no_rows":
        return finding
    way = " If nothing was sent on some days, say so with --from, --to and --replace."
    return replace(finding, remedy=finding.remedy + way)
