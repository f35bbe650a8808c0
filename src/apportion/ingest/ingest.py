"""The entrance: files of a registered format become rows that are ready for the ledger."""

import dataclasses
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from apportion.findings import MEMORY, Finding, IngestError, Place, UsageError
from apportion.ingest.acceptance import refuse_overwriting
from apportion.ingest.incoming import Context, Format, Incoming, Kind
from apportion.ingest.inspected import LIMITS, Limits
from apportion.ingest.repeats import refuse_repeats
from apportion.model import Model
from apportion.model.spelling import did_you_mean, one_of
from apportion.model.values import BadValueError, as_name, show
from apportion.plugins import FORMATS, registered

COST_COLUMNS = ("effective", "billed", "contracted", "list")

_TOO_LARGE = Finding(
    "amount_overflow",
    "The amounts are too large to be summed.",
    remedy="Check the amounts.",
)


_NOT_UNDERSTOOD = Finding(
    "unreadable_file",
    "The file holds something that this program cannot work with, though it should.",
    remedy="Export it as CSV, where every cell is text, and report this.",
)


def format_named(name: str) -> Format:
    """A registered format. Raises ``UsageError`` (``unknown_format``)."""
    formats = registered(FORMATS)
    if name not in formats:
        remedy = did_you_mean(name, formats) or f"Formats are {one_of(formats)}."
        raise UsageError(
            [Finding("unknown_format", f"No format is named {name!r}.", remedy=remedy)]
        )
    found: Format = formats[name]
    return found


def read_files(
    format_name: str,
    paths: Sequence[Path | str],
    model: Model,
    *,
    source: str | None = None,
    period: tuple[date, date] | None = None,
    cost_column: str | None = None,
    reject_file: Path | str | None = None,
    limits: Limits = LIMITS,
    replace: bool = False,
    append: bool = False,
    delivery: str = "",
    folder: Path | None = None,
) -> Incoming:
    """Read files of one format, prove them and give rows for the ledger.

    ``source`` is who says it, in place of what the files say; ``period`` the first and last day
    that the files speak for; ``cost_column`` which cost of a bill counts, in place of the
    workspace's setting. With ``reject_file`` bad lines are written there and the others taken.
    ``limits`` are what a file may cost to read. ``replace`` says that the files are all there is of
    what they speak for, ``append`` that they add to it. Lines are kept under the id ``delivery`` in
    ``folder``, if it is given.

    Raises ``UsageError`` for arguments, ``IngestError`` with every finding for files.
    """
    chosen = format_named(format_name)
    column = cost_column or model.settings.cost_column
    if column not in COST_COLUMNS:
        message = f"The cost column {column!r} is not known."
        remedy = did_you_mean(column, COST_COLUMNS) or f"It is {one_of(COST_COLUMNS)}."
        raise UsageError([Finding("invalid_argument", message, remedy=remedy)])
    if period is not None and period[0] > period[1]:
        message = f"The period ends on {period[1]}, before it begins on {period[0]}."
        raise UsageError([Finding("invalid_argument", message)])
    _require_meaning(chosen, source, replace=replace, append=append)
    files = [Path(path) for path in paths]
    rejects = Path(reject_file) if reject_file is not None else None
    refuse_overwriting(files, rejects)
    refuse_repeats(files)
    context = Context(
        model, source or None, period, column, rejects, limits, replace, append, delivery, folder
    )
    try:
        incoming = chosen.read(files, context)
    except IngestError as error:
        raise IngestError(_placed(error.findings, files)) from None
    except duckdb.OutOfRangeException as error:
        raise IngestError(_placed([_TOO_LARGE], files)) from error
    except duckdb.IOException as error:
        # Whatever is wrong with a file was told by who read it; this is the disk for its lines.
        reason = str(error).split(": ")[-1].split("\n")[0]
        message = f"The lines could not be put down while they are read: {reason}."
        remedy = "Nothing was recorded. Check space and permissions, then retry."
        raise IngestError(
            _placed([Finding("storage_failed", message, remedy=remedy)], files)
        ) from (error)
    except (duckdb.Error, pa.ArrowException) as error:
        # A fault of the program. Whoever reads the log sees the cause; whoever sent the file sees
        # which file it was, and a way on.
        raise IngestError(_placed([_NOT_UNDERSTOOD], files)) from error
    report = dataclasses.replace(
        incoming.report,
        format=chosen.name,
        sources=tuple(sorted({each.source for each in incoming.replaces})),
        source_is_a_guess=bool(incoming.guessed),
    )
    return dataclasses.replace(incoming, report=report)


def _require_meaning(chosen: Format, source: str | None, *, replace: bool, append: bool) -> None:
    """Refuse what would be taken and mean nothing, or be a name that cannot be read."""
    if source:
        try:
            as_name(source)
        except BadValueError as error:
            message = f"The source {show(source)} cannot be used: {error.expected}."
            raise UsageError([Finding("invalid_argument", message, remedy=error.remedy)]) from error
    if chosen.kind is Kind.BILLABLE and source:
        message = f"Billable usage has no source, so {source!r} would decide nothing."
        remedy = (
            "Leave out --source. A row takes the place of the row with the same date, account, "
            "channel, provider, rate_multiplier, international and template, whoever sends it; "
            "all others stay."
        )
        raise UsageError([Finding("invalid_argument", message, remedy=remedy)])
    if chosen.kind is Kind.USAGE and replace:
        message = f"Files of the format {chosen.name!r} replace what their source said by itself."
        remedy = "Leave out --replace, which is for costs, billable usage and events."
        raise UsageError([Finding("invalid_argument", message, remedy=remedy)])
    if chosen.kind is not Kind.COSTS and append:
        message = f"Files of the format {chosen.name!r} do not add to what the ledger has."
        remedy = "Leave out --append, which is for costs."
        raise UsageError([Finding("invalid_argument", message, remedy=remedy)])
    if replace and append:
        message = "The files cannot be all there is of a period and add to it as well."
        raise UsageError([Finding("invalid_argument", message, remedy="Say one of the two.")])


def _placed(findings: Sequence[Finding], files: Sequence[Path]) -> list[Finding]:
    """Findings about sums of lines, which have no line, at least name the files."""
    everywhere = Place(", ".join(str(file) for file in files))
    return [
        dataclasses.replace(finding, where=everywhere) if finding.where == MEMORY else finding
        for finding in findings
    ]
