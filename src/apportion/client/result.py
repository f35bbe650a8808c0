"""The results of a period as a server has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from apportion.client.arrow import table
from apportion.client.connection import Connection
from apportion.client.problems import findings_of
from apportion.client.reconciliation import Reconciliation
from apportion.findings import Finding

ALLOCATIONS = (
    "node",
    "date",
    "dimension",
    "currency",
    "direct",
    "indirect",
    "holistic",
    "given",
    "retained",
)
CONTRIBUTIONS = ("source", "receiver", "date", "dimension", "currency", "share", "amount")
_TIME = (("date", "ascending"), ("dimension", "ascending"))


@dataclass(frozen=True)
class Result:
    """The days of a period, each answered by one completed run.

    ``runs`` are the ids of those runs; where it is one, tables fetched later are of that run too.
    ``findings`` is what is doubtful about them. Tables are fetched when first asked for.
    """

    connection: Connection
    start: date
    end: date
    currency: str
    runs: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def _asked(self) -> dict[str, Any]:
        return {
            "start_date": self.start,
            "end_date": self.end,
            "currency": self.currency,
            "run": self.runs[0] if len(self.runs) == 1 else None,
        }

    @cached_property
    def allocations(self) -> pa.Table:
        """Per node, date and dimension: direct, indirect, holistic, given, retained."""
        found = table(self.connection, "/allocations", self._asked, ALLOCATIONS)
        return found.sort_by([*_TIME, ("node", "ascending")])

    @cached_property
    def contributions(self) -> pa.Table:
        """Per edge, date and dimension: the share (to be read) and the amount (which counts)."""
        return table(self.connection, "/contributions", self._asked, CONTRIBUTIONS)

    @cached_property
    def warnings(self) -> pa.Table:
        """What the runs assumed, counted: code, message, source, receiver, metric, days, policy."""
        return table(self.connection, "/warnings", self._asked)

    def reconciliation(self) -> Reconciliation:
        """The proof that the server makes anew of its rows."""
        told = self.connection.json("GET", "/debug/reconciliation", self._asked)
        return Reconciliation.of(told)


def result(
    connection: Connection, start: date | None, end: date | None, run: str, currency: str
) -> Result:
    """What answers for a period now. Raises ``LedgerError``, ``UsageError``."""
    asked = {"start_date": start, "end_date": end, "run": run, "currency": currency, "limit": 1}
    told = connection.json("GET", "/allocations", asked)
    runs: Sequence[str] = told["runs"]
    return Result(
        connection,
        date.fromisoformat(told["start_date"]),
        date.fromisoformat(told["end_date"]),
        told["currency"],
        tuple(runs),
        tuple(findings_of(told["warnings"])),
    )
