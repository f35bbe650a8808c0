"""What an ingest hands to the ledger: rows, what they replace, and the proof that nothing is lost.

Amounts in reports are decimal text, exact, without trailing zeros.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa

from apportion.derive.cost_rows import PRECISION
from apportion.findings import Finding
from apportion.ingest.inspected import Limits
from apportion.ledger.kept import Kept
from apportion.ledger.record_ingest import Replaced
from apportion.model import Model

USAGE_DECIMALS = 9
"""Decimals kept of a usage value."""


class Kind(StrEnum):
    """What a format brings: costs, usage that decides shares, or usage that is billed."""

    COSTS = "costs"
    USAGE = "usage"
    BILLABLE = "billable"


USAGE_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("period", pa.string()),
        ("node", pa.string()),
        ("date", pa.date32()),
        ("metric", pa.string()),
        ("labels", pa.string()),
        ("value", pa.decimal128(PRECISION, USAGE_DECIMALS)),
        ("unit", pa.string()),
    ]
)
"""Rows of usage. ``labels`` is JSON text with sorted keys, ``{}`` where there are none."""


@dataclass(frozen=True, slots=True)
class Total:
    """One currency: what the file holds, what the rows hold, and rows minus file."""

    currency: str
    file: str
    rows: str
    difference: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: how many lines were read, accepted, rejected by reason, and its totals.

    ``totals`` is by currency, or by metric for usage, of the accepted lines.
    """

    file: str
    lines_read: int
    accepted: int
    rejected: int
    rejections: Mapping[str, int]
    totals: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MappedAmount:
    """What one rule took, or, where ``rule`` is empty, what no rule took, in one currency."""

    rule: str
    node: str
    currency: str
    amount: str
    lines: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What happened, to be shown after an ingest.

    ``totals`` is by currency over all files and empty for usage. ``notes`` are sentences about
    choices that were made; ``findings`` are warnings. ``sources`` are who says it;
    ``source_is_a_guess`` where only the name of a file tells.
    """

    format: str
    kind: Kind
    files: tuple[FileReport, ...]
    totals: tuple[Total, ...] = ()
    mapped: tuple[MappedAmount, ...] = ()
    unmapped: tuple[MappedAmount, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    sources: tuple[str, ...] = ()
    source_is_a_guess: bool = False

    @property
    def lines_read(self) -> int:
        """Lines of all files."""
        return sum(each.lines_read for each in self.files)

    @property
    def accepted(self) -> int:
        """Lines of all files that became rows."""
        return sum(each.accepted for each in self.files)

    @property
    def rejected(self) -> int:
        """Lines of all files that did not."""
        return sum(each.rejected for each in self.files)

    def to_dict(self) -> dict[str, Any]:
        """The report for programs; amounts are decimal text."""
        return {
            "format": self.format,
            "kind": str(self.kind),
            "source": ", ".join(self.sources),
            "source_is_a_guess": self.source_is_a_guess,
            "lines_read": self.lines_read,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "files": [asdict(each) for each in self.files],
            "totals": [asdict(each) for each in self.totals],
            "mapped": [asdict(each) for each in self.mapped],
            "unmapped": [asdict(each) for each in self.unmapped],
            "notes": list(self.notes),
            "warnings": [
                {"code": each.code, "message": each.message, "remedy": each.remedy}
                for each in self.findings
            ],
        }


@dataclass(frozen=True, slots=True)
class Incoming:
    """Rows that are ready for the ledger, in canonical order, and what they replace.

    ``guessed`` are those sources that only the name of a file tells. Billable usage replaces not
    ``replaces`` but the rows with its keys; ``days`` are those that it speaks for, and with
    ``whole_days`` it is all there is of them. ``uncounted`` are keys of events that do not count,
    where the files hold events. ``kept`` are the lines of costs.
    """

    kind: Kind
    rows: pa.Table
    replaces: tuple[Replaced, ...]
    report: IngestReport
    guessed: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    whole_days: bool = False
    uncounted: pa.Table | None = None
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a format needs to know beside its files.

    ``period`` is the declared first and last day, ``source`` the declared name of who says it,
    ``cost_column`` one of ``effective``, ``billed``, ``contracted``, ``list``. With a
    ``reject_file``, lines that are wrong go there and the others are taken. ``replace`` says that
    the files are all there is of what they speak for, ``append`` that they add to it. ``delivery``
    is the id under which lines are kept, ``folder`` where they are put until the ledger has them.
    """

    model: Model
    source: str | None = None
    period: tuple[date, date] | None = None
    cost_column: str = "effective"
    reject_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    replace: bool = False
    append: bool = False
    delivery: str = ""
    folder: Path | None = None

    @property
    def nulls(self) -> tuple[str, ...]:
        """What a cell says that says nothing: blank, or one of the workspace's words for that."""
        return ("", *(word.strip().lower() for word in self.model.settings.null_words))


Read = Callable[[Sequence[Path], Context], Incoming]


@dataclass(frozen=True, slots=True)
class Format:
    """A registered way to read files: its name, what it brings, a sentence, and the reader."""

    name: str
    kind: Kind
    summary: str
    read: Read
