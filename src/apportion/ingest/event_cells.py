"""What is read of an event, and what can be wrong with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import duckdb
import pyarrow.parquet as pq
from duckdb import ColumnExpression, ConstantExpression, SQLExpression

from apportion.findings import Finding, IngestError, Place
from apportion.ingest import cells
from apportion.ingest.cells import Cell, Check
from apportion.ingest.event_ids import id_cell
from apportion.ingest.first_reading import Layout
from apportion.ingest.incoming import Context
from apportion.ingest.inspected import Column, Holds, SafeFile, Shape
from apportion.ingest.meter_cells import (
    account_cell,
    channel_cell,
    flag,
    optional_text,
    whole,
    whole_cell,
)
from apportion.ingest.zones import FIRST, LAST, Stretch, day_of, stretches
from apportion.model import Model
from apportion.model.billable_usage import LARGEST_MULTIPLIER
from apportion.model.billing import LARGEST_COUNT
from apportion.model.spelling import did_you_mean, one_of

_FORM = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
    "( ?UTC|Z|[+-][0-9]{2}(:?[0-9]{2})?)"
)
_NAMES = frozenset({"account", "channel", "status", "key_type", "provider", "template"})
_YEARS = "between date '1970-01-01' and date '2199-12-31'"


def layout_of(file: SafeFile, context: Context, found: Sequence[Stretch], *, ids: bool) -> Layout:
    """How a file's events are read; with their ids, where lines are looked at one by one."""
    settings = context.model.settings
    account, channel, fragments = (file.find(name) for name in ("account", "channel", "fragments"))
    assert account is not None
    assert channel is not None
    assert fragments is not None
    multiplier = file.find("multiplier") or file.find("rate_multiplier")
    layout = Layout(
        file,
        (
            *((id_cell(file),) if ids else ()),
            _day_cell(file, context, found),
            account_cell(account, context.model),
            channel_cell(channel, context.model),
            _word_cell(file, "status", _statuses(context.model), settings.ignored_statuses),
            _word_cell(file, "key_type", settings.counted_key_types, settings.ignored_key_types),
            optional_text("provider", file),
            whole_cell("rate_multiplier", multiplier, LARGEST_MULTIPLIER, 1),
            flag("international", file.find("international")),
            optional_text("template", file),
        ),
        whole("units", fragments, LARGEST_COUNT, required=False),
        key="channel",
    )
    # Few different names stand on many lines; each is looked at once.
    named = [replace(cell, costly=cell.alias in _NAMES) for cell in layout.cells]
    return replace(layout, cells=tuple(named))


def counted(model: Model) -> str:
    """The condition that an event counts: its status and its key type are ones that do."""
    settings = model.settings
    own = [
        f"when {_quoted(each.id)} then {_is_one_of('status', each.counted_statuses)}"
        for each in model.channels
        if each.counted_statuses
    ]
    status = _is_one_of("status", settings.counted_statuses)
    if own:
        status = f"case channel {' '.join(own)} else {status} end"
    return f"coalesce({status} and {_is_one_of('key_type', settings.counted_key_types)}, false)"


def _is_one_of(name: str, words: Sequence[str]) -> str:
    return f"{name} in ({', '.join(map(_quoted, words)) or 'null'})"


def _statuses(model: Model) -> Sequence[str]:
    """All statuses that count in any channel."""
    of_channels = (word for each in model.channels for word in each.counted_statuses)
    return list(dict.fromkeys([*model.settings.counted_statuses, *of_channels]))


def moment(file: SafeFile) -> str:
    """The microseconds since 1970 of an event, null where it has no moment with a zone."""
    column = _created(file)
    if column.holds is Holds.MOMENT:
        return f"epoch_us({column.id})"
    text = f"trim({column.id})"
    parsed = f"epoch_us(try_cast({text} as timestamptz))"
    return f"case when regexp_full_match({text}, '{_FORM}') then {parsed} end"


def require_zones(files: Sequence[SafeFile]) -> None:
    """Raise ``IngestError`` where a Parquet file's moments have no zone, or are none."""
    findings = []
    for file in files:
        column = _created(file)
        if column.holds is Holds.TEXT:
            continue
        kind = pq.read_schema(file.path).field(column.position).type if _is_parquet(file) else None
        if column.holds is not Holds.MOMENT or getattr(kind, "tz", None) is None:
            findings.append(
                Finding(
                    "invalid_value",
                    f"The column 'created_at' holds {kind}, which does not say in which zone.",
                    Place(file.name),
                    "Export it as a timestamp with a time zone, or as ISO 8601 text with one.",
                )
            )
    if findings:
        raise IngestError(findings)


def offsets(
    lines: Sequence[duckdb.DuckDBPyRelation], files: Sequence[SafeFile], zone: str
) -> list[Stretch]:
    """The zone's offsets from the first event to the last."""
    bounds: list[int] = []
    for relation, file in zip(lines, files, strict=True):
        column = _created(file)
        within = f"min({moment(file)}), max({moment(file)})"
        if column.holds is Holds.MOMENT:
            # The engine knows the first and the last of a column without reading it.
            within = f"epoch_us(min({column.id})), epoch_us(max({column.id}))"
        rows = relation.aggregate(within).fetchall()
        bounds.extend(each for row in rows for each in row if each is not None)
    first, last = (min(bounds), max(bounds)) if bounds else (0, 0)
    return stretches(zone, _moment_of(first), _moment_of(last))


def _moment_of(microseconds: int) -> datetime:
    """A moment from 1970 to 2199; what lies beyond is refused later, with its line."""
    limit = (LAST - FIRST) // timedelta(microseconds=1)
    return FIRST + timedelta(microseconds=min(max(microseconds, 0), limit))


def _is_parquet(file: SafeFile) -> bool:
    return file.shape is Shape.PARQUET


def _created(file: SafeFile) -> Column:
    column = file.find("created_at")
    assert column is not None
    return column


def _day_cell(file: SafeFile, context: Context, found: Sequence[Stretch]) -> Cell:
    column = _created(file)
    raw = SQLExpression(day_of(f"({moment(file)})", list(found)))
    checks = [
        Check(
            "day",
            column,
            "invalid_value",
            "expected a moment from 1970 to 2199 with its zone, such as 2024-01-31T09:30:00Z",
            "Write it as ISO 8601 with Z or an offset such as +01:00.",
            SQLExpression(f"not coalesce(day {_YEARS}, false)"),
        )
    ]
    if context.period is not None:
        first, last = context.period
        inside = ColumnExpression("day").between(
            ConstantExpression(first), ConstantExpression(last)
        )
        checks.append(
            Check(
                "day",
                column,
                "invalid_value",
                f"its day is outside the declared period, {first} to {last}",
                "Leave the line out, or declare a longer period.",
                ~inside,
            )
        )
    return Cell("day", raw, ColumnExpression("day"), tuple(checks), column)


def _word_cell(
    file: SafeFile, alias: str, counted_words: Sequence[str], ignored: Sequence[str]
) -> Cell:
    """A status or key type, which the settings must know, counted or not."""
    column = file.find(alias)
    assert column is not None
    cell = cells.trimmed(cells.text(alias, column))
    known = [*counted_words, *(word for word in ignored if word not in counted_words)]
    listed = ", ".join(_quoted(word) for word in known)
    expected = f"expected {one_of(known)}"
    setting = f"counted_{alias}{'es' if alias == 'status' else 's'}"

    def explain(text: str) -> tuple[str, str]:
        guess = did_you_mean(text, known)
        return expected, guess or f"Add it to `{setting}` or to what is ignored, in apportion.yaml."

    bad = SQLExpression(f"trim(coalesce({alias}, '')) not in ({listed})")
    check = Check(alias, column, "unknown_status", expected, "", bad, explain)
    return Cell(alias, cell.raw, cell.value, (*cell.checks, check), column)


def _quoted(word: str) -> str:
    return str(ConstantExpression(word))
