"""What a format is: its media type, and how rows are written in it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows that answer a question, as a table or, where they are many, as they are read.

    ``head`` is what JSON says before the rows: what was asked, totals, doubts, the next page.
    ``constants`` are columns that flat formats add, the same in each row: the currency and, of rows
    without a date, the period.
    """

    rows: pa.Table | pa.RecordBatchReader
    head: Mapping[str, Any]
    constants: Mapping[str, Any] = field(default_factory=dict)

    def tables(self) -> Iterator[pa.Table]:
        """The rows, a part at a time. Those that are read can be read once."""
        if isinstance(self.rows, pa.Table):
            yield self.rows
        else:
            yield from (pa.Table.from_batches([batch]) for batch in self.rows)

    def flat(self) -> Iterator[pa.Table]:
        """The rows with the constants beside them; the first part is empty and has the columns."""
        yield self._beside(self.rows.schema.empty_table())
        yield from map(self._beside, self.tables())

    def _beside(self, table: pa.Table) -> pa.Table:
        for name, value in self.constants.items():
            if name not in table.column_names:
                table = table.append_column(name, pa.repeat(pa.scalar(value), table.num_rows))
        return table


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write rows: its media type, and a function that gives the parts of the text."""

    media_type: str
    write: Callable[[Answer], Iterator[bytes]]
