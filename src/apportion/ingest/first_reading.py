"""The first reading: lines grouped by what decides where they belong, amounts summed exactly.

Lines of one file that agree in every raw cell are one group, so that whatever follows (parsing,
mapping, spreading) works on groups, which are few, and not on lines, which are many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import (
    ColumnExpression,
    DuckDBPyRelation,
    Expression,
    FunctionExpression,
    SQLExpression,
)

from apportion.ingest.cells import Cell, Check, Number, any_of
from apportion.ingest.inspected import Column, Holds, SafeFile

AMOUNT = "amount"
LINES = "lines"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a format reads one file.

    ``cells`` are the same aliases in the same order for every file of an ingest. ``key`` is the
    alias by which totals are proved: the currency, or the metric. ``sign`` keeps negative
    numbers in groups of their own; ``largest`` asks for the largest number of each group.
    ``unit`` is what a line is called where the file has no lines. ``beside`` are columns that cells
    read besides their own.
    """

    file: SafeFile
    cells: tuple[Cell, ...]
    number: Number
    key: str
    default_key: str = ""
    sign: bool = False
    largest: bool = False
    unit: str = ""
    beside: tuple[Column, ...] = ()

    @property
    def read(self) -> tuple[Column, ...]:
        """The file's columns that are read, in its order."""
        own = (cell.column for cell in (*self.cells, self.number.cell))
        columns = {column for column in (*own, *self.beside) if column is not None}
        return tuple(sorted(columns, key=lambda column: column.position))

    def cell(self, alias: str) -> Cell:
        """The cell of that alias."""
        return next(cell for cell in self.cells if cell.alias == alias)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Everything that can be wrong with a line, in the order of the cells."""
        return tuple(check for cell in (*self.cells, self.number.cell) for check in cell.checks)


def raw_cells(
    lines: DuckDBPyRelation, layout: Layout, keep: Sequence[str] = ()
) -> DuckDBPyRelation:
    """Lines with the layout's raw cells under their aliases, and the columns in ``keep``."""
    cells = (*layout.cells, layout.number.cell)
    return lines.select(
        *[ColumnExpression(name) for name in keep], *[cell.raw.alias(cell.alias) for cell in cells]
    )


def groups(lines: DuckDBPyRelation, layout: Layout) -> DuckDBPyRelation:
    """Group the lines of a file by their raw cells.

    Gives these under their aliases, ``amount`` (the exact sum), ``lines``, ``blanks`` (lines
    without a number), ``words`` (those of them with a word for nothing), ``finer`` (lines with
    digits that are rounded away), ``wrong`` (lines whose number cannot be accepted) and, where the
    layout asks for it, ``largest``.
    """
    number = layout.number
    raw = raw_cells(lines, layout)
    keys = [ColumnExpression(cell.alias) for cell in layout.cells]
    wrong_number = any_of(check.bad for check in number.cell.checks)
    measured = raw.select(
        *keys,
        number.cell.value.alias(AMOUNT),
        number.blank.alias("blank"),
        _worded(layout).alias("worded"),
        _finer(layout).alias("finer"),
        wrong_number.alias("wrong"),
    )
    if layout.sign:
        measured = measured.select("*", SQLExpression("coalesce(amount < 0, false)").alias("below"))
        keys.append(ColumnExpression("below"))
    return measured.aggregate(
        [
            *keys,
            SQLExpression("coalesce(sum(amount), 0)").alias(AMOUNT),
            SQLExpression("count(*)").alias(LINES),
            SQLExpression("count_if(blank)").alias("blanks"),
            SQLExpression("count_if(worded)").alias("words"),
            SQLExpression("count_if(finer)").alias("finer"),
            SQLExpression("count_if(wrong)").alias("wrong"),
            *([SQLExpression("max(amount)").alias("largest")] if layout.largest else []),
        ],
        ", ".join(key.get_name() for key in keys),
    )


def _worded(layout: Layout) -> Expression:
    """Whether the number's cell holds a word for nothing, and not merely nothing."""
    number = layout.number
    if number.cell.column is None or number.cell.column.holds is not Holds.TEXT:
        return SQLExpression("false")
    alias = number.cell.alias
    return number.blank & SQLExpression(f"coalesce(trim({alias}) <> '', false)")


def _finer(layout: Layout) -> Expression:
    """Whether a number has digits beyond the decimals that are read. Only texts can have them."""
    number = layout.number
    if number.cell.column is None or number.cell.column.holds is not Holds.TEXT:
        return SQLExpression("false")
    text, most = number.cell.alias, number.decimals
    # Few numbers are as long, so the expression that takes time is rarely asked.
    digits = f"regexp_matches({text}, '[.][0-9]{{{most}}}[0-9]*[1-9]')"
    plain = f"length({text}) > {most + 1} and {digits}"
    finest = "try_cast({} as decimal(38,37))"
    value = finest.format(f"({number.cell.value.fragment()})")
    small = f"contains(lower({text}), 'e-') and {finest.format(f'trim({text})')} <> {value}"
    return SQLExpression(f"coalesce(({plain}) or ({small}), false)")


def values(grouped: DuckDBPyRelation, layout: Layout) -> DuckDBPyRelation:
    """Read the cells of groups, which are looked at more than once and so must be a table.

    Gives the value of each cell under its alias, ``amount``, ``lines``, ``blanks``, ``bad`` (lines
    of the group that cannot be accepted) and, where the layout asks for it, ``largest``.
    """
    wrong = [any_of(check.bad for check in cell.checks) for cell in layout.cells if not cell.costly]
    read = {cell.alias: cell.value for cell in layout.cells}
    joined = grouped
    for cell in layout.cells:
        if cell.costly:
            joined = joined.join(_distinct(grouped, cell), _same(cell))
            wrong.append(ColumnExpression(f"bad_{cell.alias}"))
            read[cell.alias] = ColumnExpression(f"value_{cell.alias}")
    bad = FunctionExpression(
        "if", any_of(wrong), ColumnExpression(LINES), ColumnExpression("wrong")
    )
    return joined.select(
        *[value.alias(alias) for alias, value in read.items()],
        ColumnExpression(AMOUNT),
        ColumnExpression(LINES),
        ColumnExpression("blanks"),
        bad.alias("bad"),
        *([ColumnExpression("largest")] if layout.largest else []),
    )


def _distinct(grouped: DuckDBPyRelation, cell: Cell) -> DuckDBPyRelation:
    """The distinct raw cells, each with its value and whether something is wrong with it."""
    raw = ColumnExpression(cell.alias)
    return (
        grouped.select(raw)
        .distinct()
        .select(
            raw.alias(f"raw_{cell.alias}"),
            cell.value.alias(f"value_{cell.alias}"),
            any_of(check.bad for check in cell.checks).alias(f"bad_{cell.alias}"),
        )
        .set_alias(f"distinct_{cell.alias}")
    )


def _same(cell: Cell) -> Expression:
    return SQLExpression(f"{cell.alias} is not distinct from raw_{cell.alias}")
