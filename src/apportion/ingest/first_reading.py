"""The first reading: lines grouped by what decides where they belong, amounts summed exactly.

Lines of one file that agree in every raw cell are one group, so that whatever follows (parsing,
mapping, spreading) works on groups, which are few, and not on lines, which are many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import ColumnExpression, DuckDBPyRelation, FunctionExpression, SQLExpression

from apportion.ingest.cells import Cell, Check, Number, any_of
from apportion.ingest.inspected import Column, SafeFile

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
    nulls: tuple[str, ...] = ("",)
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
    """Group the lines of a file.

    Gives the value of each cell under its alias, ``amount`` (the exact sum), ``lines``,
    ``blanks`` (lines without a number), ``bad`` (lines of the group that cannot be accepted) and,
    where the layout asks for it, ``largest``.
    """
    number = layout.number
    raw = raw_cells(lines, layout)
    keys = [ColumnExpression(cell.alias) for cell in layout.cells]
    wrong_number = any_of(check.bad for check in number.cell.checks)
    measured = raw.select(
        *keys,
        number.cell.value.alias(AMOUNT),
        number.blank.alias("blank"),
        wrong_number.alias("wrong"),
    )
    if layout.sign:
        measured = measured.select("*", SQLExpression("coalesce(amount < 0, false)").alias("below"))
        keys.append(ColumnExpression("below"))
    grouped = measured.aggregate(
        [
            *keys,
            SQLExpression("coalesce(sum(amount), 0)").alias(AMOUNT),
            SQLExpression("count(*)").alias(LINES),
            SQLExpression("count_if(blank)").alias("blanks"),
            SQLExpression("count_if(wrong)").alias("wrong"),
            *([SQLExpression("max(amount)").alias("largest")] if layout.largest else []),
        ],
        ", ".join(key.get_name() for key in keys),
    )
    wrong_key = any_of(check.bad for cell in layout.cells for check in cell.checks)
    bad = FunctionExpression("if", wrong_key, ColumnExpression(LINES), ColumnExpression("wrong"))
    return grouped.select(
        *[cell.value.alias(cell.alias) for cell in layout.cells],
        ColumnExpression(AMOUNT),
        ColumnExpression(LINES),
        ColumnExpression("blanks"),
        bad.alias("bad"),
        *([ColumnExpression("largest")] if layout.largest else []),
    )
