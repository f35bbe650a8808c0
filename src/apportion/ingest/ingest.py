"""The entrance: files of a registered format become rows that are ready for the ledger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from apportion.findings import Finding, UsageError
from apportion.ingest.acceptance import refuse_overwriting
from apportion.ingest.incoming import Context, Format, Incoming
from apportion.model import Model
from apportion.model.spelling import did_you_mean, one_of
from apportion.plugins import FORMATS, registered

COST_COLUMNS = ("effective", "billed", "contracted", "list")


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
) -> Incoming:
    """Read files of one format, prove them and give rows for the ledger.

    ``source`` is who says it, in place of what the files say; ``period`` the first and last day
    that the files speak for; ``cost_column`` which cost of a bill counts, in place of the
    workspace's setting. With ``reject_file`` bad lines are written there and the others taken.

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
    files = [Path(path) for path in paths]
    rejects = Path(reject_file) if reject_file is not None else None
    refuse_overwriting(files, rejects)
    context = Context(model, source or None, period, column, rejects)
    incoming = chosen.read(files, context)
    return replace(incoming, report=replace(incoming.report, format=chosen.name))
