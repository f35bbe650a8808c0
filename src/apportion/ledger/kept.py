"""The lines of a delivery, ready to be kept: data files, the bills they stand on, their sums."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa

from apportion.ledger.bill_lines import COSTS


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of lines that is not in the ledger yet: its part of the table, size and digest."""

    path: Path
    issuer: str
    month: str
    rows: int

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        with self.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """The lines of a delivery, ready for the ledger.

    ``bills`` has a row a bill, or a source of plain costs: ``bill``, ``source``, ``issuers``,
    ``account``, ``period`` (empty for plain costs), ``is_bill``, ``is_named``. ``parts`` has a row
    a bill, day and currency: these, ``lines``, ``digest`` and a sum of each cost column.
    """

    files: tuple[DataFile, ...]
    bills: pa.Table
    parts: pa.Table

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(self.parts["lines"].to_pylist())

    def totals(self) -> dict[str, dict[str, str | None]]:
        """The sum of each cost column by currency, as text; null where no line has one."""
        sums = self.parts.group_by("currency").aggregate([(name, "sum") for name in COSTS])
        return {
            row["currency"]: {name: _text(row[f"{name}_sum"]) for name in COSTS}
            for row in sums.sort_by("currency").to_pylist()
        }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that came in: its name, bytes, digest and lines.

    ``totals`` are by currency what two readings of the file found in ``cost_column``.
    """

    name: str
    size: int
    sha256: str
    lines: int
    cost_column: str
    totals: Mapping[str, str]


def file_fact(path: Path, lines: int, cost_column: str, totals: Mapping[str, str]) -> FileFact:
    """What is known of a file that came in, of which so many lines were taken."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return FileFact(path.name, path.stat().st_size, digest, lines, cost_column, totals)
