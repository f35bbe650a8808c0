"""The lines of files as the ledger keeps them: typed, whole, each with its file and number (`D1`).

They are written to Parquet files in the private folder. What is derived is derived from these
files, so that nothing is lost between what is kept and what counts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
from duckdb import (
    ConstantExpression,
    ConversionException,
    DuckDBPyConnection,
    DuckDBPyRelation,
    InvalidInputException,
)

from apportion.ingest import cells
from apportion.ingest.careful import CarefulLines
from apportion.ingest.connection import open_lines, open_numbered_rows
from apportion.ingest.decimals import AMOUNT_DECIMALS, exact, is_no_word, is_nothing
from apportion.ingest.first_reading import Layout, raw_cells
from apportion.ingest.identity import ISSUER_COLUMNS, Bill, as_list
from apportion.ingest.inspected import Column, Holds, SafeFile, Shape
from apportion.ledger.bill_lines import (
    BILL_LINES,
    CONTENT,
    COST_COLUMNS,
    COSTS,
    MOMENTS,
    NUMBERS,
    SPELLINGS,
    WORDS,
)
from apportion.ledger.kept import DataFile

_HAS_DIGIT = re.compile("[0-9]").search
_TEXTS = "map(varchar, varchar)"
_MONEY = f"decimal(38,{AMOUNT_DECIMALS})"
_BILL_KEYS = (*ISSUER_COLUMNS, "PublisherName", "BillingAccountId")
_OWN = ("issuer", "month", "delivery", "bill")
_LINE = tuple(name for name in BILL_LINES.schema.names if name not in _OWN)


@dataclass(frozen=True, slots=True)
class Lines:
    """The accepted lines of one file, with the columns ``line`` and the file's own by id."""

    file: SafeFile
    name: str
    rows: DuckDBPyRelation


def numbered_lines(
    connection: DuckDBPyConnection,
    layouts: Sequence[Layout],
    careful: Sequence[CarefulLines | None],
    longest: int,
) -> list[Lines]:
    """The accepted lines of files, numbered as in the file."""
    names = [Path(layout.file.name).name for layout in layouts]
    found = []
    for layout, name, checked in zip(layouts, names, careful, strict=True):
        file = layout.file
        if checked is not None:
            rows = checked.good
        elif file.shape is Shape.PARQUET:
            rows = open_numbered_rows(connection, file, layout.read)
        else:
            # The header is the first record.
            rows = open_lines(connection, file, longest).select("*, row_number() over () + 1 line")
        found.append(Lines(file, name if names.count(name) == 1 else file.name, rows))
    return found


@dataclass(frozen=True, slots=True)
class LineQueries:
    """Two queries for the same lines of one file.

    ``quick`` fails where a cell is not of the type of its column; ``whole`` keeps the text of such
    a cell among the others, and takes several times as long to plan and to compute.
    """

    quick: str
    whole: Callable[[], str]


def focus_lines(lines: Lines, index: int, default: str) -> LineQueries:
    """The lines of a bill with all columns that are kept but those of its delivery."""
    lines.rows.create_view(f"rows_{index}")
    quick = _focus_query(lines, index, default, is_quick=True)
    return LineQueries(quick, partial(_focus_query, lines, index, default, is_quick=False))


def _focus_query(lines: Lines, index: int, default: str, *, is_quick: bool) -> str:
    file = lines.file
    columns = {name: file.find(name) for name in (*COST_COLUMNS, *MOMENTS, *NUMBERS, *WORDS)}
    columns |= {
        name: file.find(other)
        for name, other in SPELLINGS.items()
        if name in columns and columns[name] is None
    }
    typed = {name: _typed(name, column) for name, column in columns.items()}
    if columns["BillingCurrency"] is not None:
        said = typed["BillingCurrency"]
        typed["BillingCurrency"] = f"upper(trim(coalesce({said}, {_text(default)})))"
    typed["Tags"], joined = _tags(file, index, is_quick=is_quick)
    read = {column for column in columns.values() if column is not None}
    doubtful = {
        name: column
        for name, column in {**columns, "Tags": file.find("Tags")}.items()
        if column is not None and name not in WORDS and column.holds is Holds.TEXT
    }
    if is_quick:
        typed |= {
            name: _surely(typed[name], column.id, column)
            for name, column in doubtful.items()
            if name != "Tags"
        }
        doubtful = {}
    others = [each for each in file.columns if each not in read and each.name != "Tags"]
    values = [
        "null::varchar as node",
        "null::varchar as dimension",
        *(f'{value} as "{name}"' for name, value in typed.items()),
    ]
    return _numbered(lines, index, values, joined, others, doubtful)


def _surely(value: str, raw: str, column: Column) -> str:
    """A value that must be there unless the cell says nothing."""
    nothing = is_nothing(raw, column.nulls)
    wrong = "error('not of its type')"
    if column.name == "Tags" or any(_HAS_DIGIT(word) for word in column.nulls):
        return f"case when {nothing} then null else coalesce({value}, {wrong}) end"
    # No word for nothing is a value, so the words are looked for only where there is none.
    return f"coalesce({value}, case when not {nothing} then {wrong} end)"


def cost_lines(lines: Lines, layout: Layout, index: int, known: Sequence[Column]) -> LineQueries:
    """The same for plain costs, whose ``known`` columns are kept nowhere else."""
    ids = [column.id for column in lines.file.columns]
    raw_cells(lines.rows, layout, ("line", *ids)).create_view(f"rows_{index}")
    read = {cell.alias: cell.value.fragment() for cell in layout.cells}
    amount = layout.number.cell.value.fragment()
    nothing = {
        **dict.fromkeys((*COST_COLUMNS, *NUMBERS), f"null::{_MONEY}"),
        **dict.fromkeys(WORDS, "null::varchar"),
        **dict.fromkeys(MOMENTS, "null::timestamptz"),
        "Tags": f"null::{_TEXTS}",
    }
    others = [each for each in lines.file.columns if each not in known]
    values = nothing | {
        "node": read["node"],
        "dimension": read["dimension"],
        "BillingCurrency": read["currency"],
        "ChargePeriodStart": f"cast({read['day']} as timestamptz)",
        "BilledCost": amount,
        "EffectiveCost": amount,
        "source": read["source"],
    }
    told = [f'{value} as "{name}"' for name, value in values.items()]
    query = _numbered(lines, index, told, "", others, {})
    return LineQueries(query, lambda: query)


def _numbered(
    lines: Lines,
    index: int,
    values: Sequence[str],
    joined: str,
    others: Sequence[Column],
    doubtful: Mapping[str, Column],
) -> str:
    """A query for ``values``, name and number of each line, and its other cells.

    What is read is told before what could not be, which is known by it.
    """
    raw = dict.fromkeys(each.id for each in (*others, *doubtful.values()))
    return _OF_FILE.format(
        name=_text(lines.name),
        values=", ".join(values),
        raw="".join(f", rows_{index}.{each}" for each in raw),
        # Files that stand beside each other need the same columns.
        without=f"exclude ({', '.join(raw)})" if raw else "",
        rows=f"rows_{index}",
        joined=joined,
        other=_other(others, doubtful),
    )


_OF_FILE = """
    select * {without}, {other} as other from (
        select {name}::varchar as file, line::bigint as line, {values} {raw} from {rows} {joined}
    )
"""


def _text(value: object) -> str:
    """A text as a constant of a query."""
    return str(ConstantExpression(str(value)))


def _typed(name: str, column: Column | None) -> str:
    if column is None:
        kind = "varchar" if name in WORDS else "timestamptz" if name in MOMENTS else _MONEY
        return f"null::{kind}"
    if name in WORDS:
        text = cells.text_of(column).fragment()
        # Few texts are short enough to be a word for nothing.
        longest = max(map(len, column.nulls)) + 16
        is_said = f"strlen({text}) > {longest} or {is_no_word(text, column.nulls)}"
        return f"case when {is_said} then {text} end"
    if name in MOMENTS:
        moment = cells.moment(column.id, column, required=False).value.fragment()
        if column.holds is Holds.TEXT:
            moment = _MOMENT.format(cell=column.id, moment=moment)
        return f"cast({moment} as timestamptz)"
    if column.holds in (Holds.TEXT, Holds.NUMBER, Holds.DOUBLE, Holds.FLOAT):
        return exact(column.id, column.holds, AMOUNT_DECIMALS).fragment()
    return f"null::{_MONEY}"


# Lines were accepted, so a text that ends in one of these is a moment in UTC to the second.
_MOMENT = """
    case when strlen({cell}) > 18 and substr({cell}, 17, 1) = ':'
              and substr({cell}, 20) in ('Z', '', '+00')
         then try_cast(left({cell}, 19) as timestamp) else {moment} end
"""


def _tags(file: SafeFile, index: int, *, is_quick: bool) -> tuple[str, str]:
    """The tags of a line, and what has to be joined for them.

    Texts are read once each, since many lines have the same.
    """
    column = file.find("Tags")
    if column is None:
        return f"null::{_TEXTS}", ""
    cell = cells.tags("raw_tags", column)
    raw = cell.raw.fragment()
    tags = _sorted(cell.value.fragment())
    if is_quick and column.holds is Holds.TEXT:
        tags = _surely(tags, "raw_tags", column)
    return "read_tags.tags", _READ_TAGS.format(raw=raw, tags=tags, rows=f"rows_{index}")


_READ_TAGS = """
    left join (
        select raw_tags, {tags} as tags from (select distinct {raw} as raw_tags from {rows})
    ) as read_tags on {raw} = read_tags.raw_tags
"""


def _sorted(tags: str) -> str:
    entries = f"list_filter(map_entries({tags}), lambda e: e.value is not null)"
    return f"map_from_entries(list_sort({entries}))"


def _other(others: Sequence[Column], doubtful: Mapping[str, Column]) -> str:
    """A map of the cells that no column holds, and of those that are not of their column's type."""
    entries = [_entry(each.name, cells.text_of(each).fragment()) for each in others]
    unread = {
        name: f'("{name}" is null and not {is_nothing(column.id, column.nulls)})'
        for name, column in doubtful.items()
    }
    kept = _map_of(entries) if entries else f"null::{_TEXTS}"
    if not unread:
        return kept
    texts = [
        _entry(name, f"case when {unread[name]} then {column.id} end")
        for name, column in doubtful.items()
    ]
    told = _map_of([*entries, *texts])
    return f"case when {' or '.join(unread.values())} then {told} else {kept} end"


def _entry(name: str, value: str) -> str:
    return f"{{'key': {_text(name)}, 'value': {value}}}"


def _map_of(entries: Sequence[str]) -> str:
    told = f"list_filter([{', '.join(entries)}], lambda e: e.value is not null and e.value <> '')"
    return f"nullif(map_from_entries({told}), map([]::varchar[], []::varchar[]))"


def source_table(connection: DuckDBPyConnection, sources: pa.Table, named: str | None) -> pa.Table:
    """The same for plain costs, of which each source is one.

    ``sources`` has ``source``, in an order that does not change.
    """
    count = sources.num_rows
    numbers = pa.array(range(count), pa.int64())
    nothing = pa.repeat(pa.scalar(""), count)
    told = sources.append_column("bill", numbers)
    connection.register("combinations", told.append_column("issuer", pa.repeat("costs", count)))
    return pa.table(
        {
            "bill": numbers,
            "source": sources["source"],
            "issuers": pa.repeat(pa.scalar("[]"), count),
            "account": nothing,
            "period": nothing,
            "is_bill": pa.repeat(pa.scalar(False), count),  # noqa: FBT003
            "is_named": pa.repeat(pa.scalar(named is not None), count),
        }
    )


def bill_table(
    connection: DuckDBPyConnection, combinations: pa.Table, bills: Sequence[Bill]
) -> pa.Table:
    """Make known to queries which combination is which bill; give the bills."""
    for name, values in (
        ("bill", pa.array([bill.number for bill in bills], pa.int64())),
        ("issuer", pa.array([bill.issuer for bill in bills], pa.string())),
        ("billing_month", pa.array([f"{bill.first:%Y-%m}" for bill in bills], pa.string())),
    ):
        combinations = combinations.append_column(name, values)
    connection.register("combinations", combinations)
    each = sorted({bill.number: bill for bill in bills}.items())
    return pa.table(
        {
            "bill": pa.array([number for number, _ in each], pa.int64()),
            "source": pa.array([bill.source for _, bill in each], pa.string()),
            "issuers": pa.array([as_list(bill.issuers) for _, bill in each], pa.string()),
            "account": pa.array([bill.account for _, bill in each], pa.string()),
            "period": pa.array([bill.period for _, bill in each], pa.string()),
            "is_bill": pa.repeat(pa.scalar(True), len(each)),  # noqa: FBT003
            "is_named": pa.array([bill.is_named for _, bill in each], pa.bool_()),
        }
    )


_BILL_OF_LINE = (
    "join combinations on "
    + " and ".join(f'c."{name}" is not distinct from combinations."{name}"' for name in _BILL_KEYS)
    + """
    and c."BillingPeriodStart"::timestamp is not distinct from combinations.billed_from
    and c."BillingPeriodEnd"::timestamp is not distinct from combinations.billed_to
    and case when c."BillingPeriodStart" is null
        then date_trunc('month', c."ChargePeriodStart"::timestamp)::date end
        is not distinct from combinations.month
"""
)
SOURCE_OF_LINE = "join combinations on c.source = combinations.source"


def bill_of_line(combinations: pa.Table) -> str:
    """How a line is joined with its bill: where there is one alone, every line stands on it."""
    return "cross join combinations" if combinations.num_rows == 1 else _BILL_OF_LINE


def write_lines(
    connection: DuckDBPyConnection,
    queries: Sequence[LineQueries],
    joined: str,
    month: str,
    delivery: str,
    folder: Path,
    places: Sequence[tuple[str, str]],
) -> tuple[DataFile, ...]:
    """Write lines, each with the bill it stands on, in files by issuer and month.

    ``places`` are all issuers and months there are. The view ``kept`` has the lines then, with all
    columns.
    """
    out = folder / "lines"
    told = {
        "delivery": _text(delivery),
        "names": ", ".join(f'c."{name}"' for name in _LINE),
        "joined": joined,
        **_target(out, month, places),
    }
    try:
        whole = " union all ".join(query.quick for query in queries)
        connection.execute(_WRITE.format(whole=whole, **told))
    except (InvalidInputException, ConversionException):
        whole = " union all ".join(query.whole() for query in queries)
        connection.execute(_WRITE.format(whole=whole, **told))
    paths = sorted(out.glob("issuer=*/month=*/*.parquet"))
    connection.execute(_WRITTEN.format(paths=", ".join(map(_text, paths))))
    return tuple(
        DataFile(
            path,
            path.parent.parent.name.removeprefix("issuer="),
            path.parent.name.removeprefix("month="),
            _rows(connection, path),
        )
        for path in paths
    )


_WRITE = """
    copy (
        select {place} {delivery}::varchar as delivery, combinations.bill, {names}
        from ({whole}) as c {joined}
    ) to {out}
    (format parquet, compression zstd, compression_level 1 {divided})
"""
_PLACE = "combinations.issuer, {month} as month,"
_DIVIDED = ", partition_by (issuer, month), overwrite_or_ignore"


def _target(out: Path, month: str, places: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Where lines are written. To divide them takes as long as to write them, and much memory."""
    if len(places) != 1:
        return {"place": _PLACE.format(month=month), "divided": _DIVIDED, "out": _text(out)}
    issuer, only = places[0]
    folder = out / f"issuer={quote(issuer, safe='')}" / f"month={only}"
    folder.mkdir(parents=True)
    return {"place": "", "divided": "", "out": _text(folder / "data_0.parquet")}


_WRITTEN = """
    create view kept as from read_parquet([{paths}], hive_partitioning = true,
        hive_types = {{'issuer': varchar, 'month': varchar}})
"""


def _rows(connection: DuckDBPyConnection, path: Path) -> int:
    counted = connection.execute("select num_rows from parquet_file_metadata(?)", [str(path)])
    return int(counted.fetchall()[0][0])


_PARTS = """
    select bill, cast("ChargePeriodStart" as timestamp)::date as day, "BillingCurrency" as currency,
           count(*)::bigint as lines, sum(hash({said})::hugeint)::varchar as digest, {sums}
    from kept group by all order by all
"""


def parts_of(connection: DuckDBPyConnection) -> pa.Table:
    """Lines, digest and sums of each bill, day and currency of the lines that were written."""
    said = ", ".join(f'"{name}"' for name in CONTENT)
    sums = ", ".join(f'sum("{column}")::{_MONEY} as {name}' for name, column in COSTS.items())
    return connection.sql(_PARTS.format(said=said, sums=sums)).to_arrow_table()
