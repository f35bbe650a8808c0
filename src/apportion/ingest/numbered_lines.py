"""Where in files something stands that is refused: their lines once more, with their numbers.

Only files that are refused are read so, since telling the lines takes as long as reading does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import ColumnExpression, ConstantExpression, SQLExpression

from apportion.findings import Place
from apportion.ingest.careful import read_carefully
from apportion.ingest.first_reading import Layout, raw_cells
from apportion.ingest.inspected import RefusedError

LINES = "numbered_lines"


def number_lines(
    connection: duckdb.DuckDBPyConnection,
    layouts: Sequence[Layout],
    folder: Path,
    longest: int,
    more: Sequence[str] = (),
) -> bool:
    """Make a table of the good lines: ``file``, ``line``, each cell's value, ``amount``, ``blank``.

    ``more`` is for each file an expression over its columns, which becomes ``more``. Says whether
    the lines could be told.
    """
    parts = []
    for index, layout in enumerate(layouts):
        try:
            careful = read_carefully(connection, layout, folder, index, longest)
        except (RefusedError, duckdb.Error):
            return False
        extra = SQLExpression(more[index] if more else "null").alias("more")
        raw = raw_cells(careful.good.select("*", extra), layout, ("line", "more"))
        part = raw.select(
            ConstantExpression(index).cast("bigint").alias("file"),
            ColumnExpression("line").cast("bigint").alias("line"),
            ColumnExpression("more"),
            *(cell.value.alias(cell.alias) for cell in layout.cells),
            layout.number.cell.value.alias("amount"),
            layout.number.blank.alias("blank"),
        )
        parts.append(part)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part)
    connection.execute(f"drop table if exists {LINES}")
    whole.create(LINES)
    return True


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines: where the first of them stand, and how many there are."""

    places: tuple[Place, ...]
    count: int

    def __str__(self) -> str:
        """Name the lines, with their files where they are in several.

        >>> str(Lines((Place("a.csv", 2), Place("a.csv", 5)), 4))
        'lines 2, 5 and 2 more'
        >>> str(Lines((Place("a.csv", 2), Place("b.csv", 5)), 2))
        'a.csv:2 and b.csv:5'
        """
        one_file = len({place.file for place in self.places}) == 1
        named = [str(place.line) if one_file else str(place) for place in self.places]
        if self.count > len(named):
            named.append(f"{self.count - len(named):,} more")
        listed = " and ".join([", ".join(named[:-1]), named[-1]])
        return f"lines {listed}" if one_file else listed
