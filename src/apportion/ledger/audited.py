"""What an audit of a ledger checked, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from apportion.findings import Finding

Progress = Callable[[int, int], None]
"""Told how many bytes were read, and how many there are."""


@dataclass(frozen=True, slots=True)
class AuditedTable:
    """What of a table was read: files, bytes and rows."""

    name: str
    files: int
    bytes: int
    rows: int


@dataclass(slots=True)
class Audit:
    """What was checked, and what is not as it was recorded.

    ``lines`` and ``money`` (by currency) are of the lines that were held against the sums of their
    deliveries; ``costs`` (by currency) is of the rows that were made anew of lines and are the
    same. ``changes`` counts those of costs and usage whose rows have their digest, and
    ``changes_in_part`` those of which some rows have been replaced since, so that their digest says
    nothing. ``not_compared`` are reasons why costs were not made anew, each with a count of
    sources.
    """

    tables: list[AuditedTable] = field(default_factory=list)
    deliveries: int = 0
    lines: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)
    costs: dict[str, Decimal] = field(default_factory=dict)
    changes: int = 0
    changes_in_part: int = 0
    not_compared: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything that was checked is as it was recorded."""
        return not self.findings
